import { fieldFor } from "../controls/recipe_note.ts";
import { copyPicture, copyText } from "../dom/clipboard.ts";
import { attr, button, h, icon, show, text } from "../dom/dom.ts";
import { setStar } from "../view/run_list.ts";
import { saveOutput } from "../view/save_output.ts";
import { mountSearch } from "../view/search.ts";
import { say, type View } from "../view/view.ts";
import type { Viewer } from "../viewer/viewer.ts";
import { pretty } from "./document.ts";
import type { Shelf } from "./output_order.ts";
import { rerun } from "./run_again.ts";

const NOT_COPIED = "The browser does not allow copying here: download it instead.";

/** What can be done with the result that is chosen, and with its run. */
export function mountTools(view: View, shelf: Shelf, viewer: Viewer): HTMLElement {
  const { store, signal } = view;
  const feedback = h("span", "said");
  const tool = (label: string, act: () => Promise<string> | string | undefined) =>
    button(label, "quiet", async () => say(view, feedback, (await act()) ?? ""), signal);

  const save = tool("Download", () => (shelf.output ? saveOutput(store, shelf.output) : ""));
  const copy = tool("Copy", () => copyShown(view, shelf));
  const recipe = tool("Copy recipe", () => copyRecipe(view, shelf));
  const settings = tool("Use settings", async () => {
    const { name, id } = shelf.output ?? { name: "", id: "" };
    const { error } = await store.questions.ask({ type: "recipe", id, take: true });
    return error ?? `The settings are those of ${name}`;
  });
  const compare = tool("Compare", () => {
    const pair = pairOf(view, shelf);
    if (pair) viewer.compare(...pair);
    return "";
  });
  const use = tool("Use as input", () => {
    const { output } = shelf;
    const field = fieldFor(view, output && { type: output.content_type });
    if (!output || !field) return "";
    store.values.useOutput(field, output);
    return `${output.name} is now the ${field.label.toLowerCase()}`;
  });
  const search = mountSearch(
    view,
    () => set(false),
    () => shelf.output?.id ?? null,
  );
  const drawer = h("div", { class: "drawer", hidden: true }, search.element);
  const send = button("Send to", "quiet", () => set(drawer.hidden !== false), signal);
  send.title = "Go on with this picture on another model, with what fits of these values";
  const set = (open: boolean) => {
    show(drawer, open, send);
    attr(send, "aria-expanded", open);
    if (open) search.open();
  };
  attr(send, "aria-expanded", false);
  const same = tool("Same seed", () => rerun(store, store.run?.seed ?? null));
  const next = tool("Next seed", () => rerun(store, store.run?.next_seed ?? null));
  same.title = "Run again with what the controls say and this run's seed";
  next.title = "Run again with what the controls say and the seed after this run's";
  const star = icon("star", "Star this run", () => run(), signal);
  const run = () => store.run && setStar(view, store.run.number, !store.run.starred);

  const row = h("div", { class: "tools", role: "group", "aria-label": "With this result" });
  row.append(star, save, copy, recipe, settings, compare, use, send, same, next);
  const element = h("div", "", row, feedback, drawer);
  let about = "";
  view.paint(["run", "status", "pictures", "form"], () => {
    const { output, current } = shelf;
    const picture = current?.kind === "picture";
    show(
      element,
      current !== undefined && shelf.visible && !shelf.stale && (!store.active || shelf.board !== null),
    );
    if (element.hidden) return;
    show(save, output !== undefined);
    show(copy, picture || current?.kind === "text" || current?.kind === "answer");
    for (const one of [recipe, settings, send]) show(one, picture);
    show(compare, pairOf(view, shelf) !== undefined);
    show(use, fieldFor(view, output && { type: output.content_type }) !== undefined);
    show(same, seeded(view));
    show(next, seeded(view) && store.run?.next_seed != null);
    attr(star, "aria-pressed", store.run?.starred ?? false);
    const key = `${store.run?.number} ${output?.id}`;
    if (key !== about) text(feedback, ""); // it was about another one
    about = key;
  });
  return element;
}

const seeded = ({ store }: View) =>
  store.run?.seed != null && store.values.parameters.some((p) => p.role === "seed");

async function copyShown({ store }: View, shelf: Shelf): Promise<string> {
  const { output, current } = shelf;
  if (current?.kind !== "picture") {
    const words = output ? pretty(output) : (store.run?.text?.answer ?? "");
    return (await copyText(words)) ? "Copied" : "The browser does not allow copying here: select the text.";
  }
  const original = await store.originals.get(output?.id ?? "");
  if (typeof original === "string") return original;
  return (await copyPicture(original)) ? "Copied" : NOT_COPIED;
}

async function copyRecipe({ store }: View, shelf: Shelf): Promise<string> {
  if (!shelf.output) return "";
  const { error, text: recipe } = await store.questions.ask({
    type: "recipe",
    id: shelf.output.id,
    take: false,
  });
  if (!recipe) return error ?? "";
  return (await copyText(recipe)) ? "Recipe copied" : "The browser does not allow copying here.";
}

/** The chosen picture beside the next one, else beside the last one of an earlier run. */
function pairOf({ store }: View, shelf: Shelf): [string, string] | undefined {
  const id = shelf.current?.kind === "picture" ? shelf.output?.id : undefined;
  const all = store.gallery.pictures.filter((one) => store.pictures.get("thumb", one.output.id));
  const at = all.findIndex((one) => one.output.id === id);
  const own = all[at];
  if (!own || all.length < 2) return undefined;
  const beside = all[at + 1]?.run === own.run ? all[at + 1] : (all[at - 1] ?? all[at + 1]);
  if (!beside) return undefined;
  // The older one on the left.
  const pair: [string, string] = [beside.output.id, own.output.id];
  return beside === all[at + 1] ? [pair[1], pair[0]] : pair;
}
