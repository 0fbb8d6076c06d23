import { copyInWords } from "../../dom/clipboard.ts";
import { button, h, show, text } from "../../dom/dom.ts";
import { say } from "../../view/view.ts";
import type { Details } from "../gallery_messages.ts";
import type { GalleryView } from "../gallery_store.ts";
import { mountPanelChoice } from "../panel_choice.ts";

/** What is known of a run: its prompt, its facts and values, tags, note and recipe. All of it comes as text. */
export function mountInfo(
  view: GalleryView,
  current: () => Details | null,
  place: () => number,
  open: (id: string) => void,
) {
  const { store, signal } = view;
  const prompt = h("p", "prompt");
  const error = h("p", "bad words");
  const facts = h("dl", "facts");
  const values = h("dl", "facts");
  const tags = h("p", "tags");
  const note = h("p", "note-text");
  const notice = h("p", "said");
  const copy = (what: "prompt" | "recipe") => async () => {
    const words = current()?.[what];
    if (words) say(view, notice, await copyInWords(words));
  };
  const python = async () => {
    const id = current()?.id;
    if (!id) return;
    const reply = await store.questions.ask({ type: "code", id });
    say(view, notice, reply.error ?? (await copyInWords(reply.text)), Boolean(reply.error));
  };
  const copies = h(
    "p",
    "copies",
    button("Copy prompt", "link", copy("prompt"), signal),
    button("Copy recipe", "link", copy("recipe"), signal),
    button("Copy as Python", "link", () => void python(), signal),
  );
  const target = () => {
    const id = current()?.id;
    return id ? { id, place: place() } : null;
  };
  const choice = mountPanelChoice(view, target, (words, bad) => say(view, notice, words, bad));
  const element = h("aside", { class: "info", "aria-label": "About this run", tabindex: 0 });
  const family = h("div", "family");
  element.append(prompt, error, copies, choice.element, notice, tags, note, facts, values, family);
  const relatives = (title: string, runs: Details["parents"]) => {
    if (runs.length === 0) return [];
    const items = runs.map(({ id, label }) =>
      h("li", "", id ? button(label, "link", () => open(id), signal) : label),
    );
    return [h("p", "soft", title), h("ul", "", ...items)];
  };
  let drawn: Details | null = null;
  const rows = (list: HTMLElement, pairs: [string, string][]) =>
    list.replaceChildren(...pairs.flatMap(([name, value]) => [h("dt", "", name), h("dd", "", value)]));
  return {
    element,
    draw: () => {
      const run = current();
      show(copies, run !== null);
      const card = run && (store.cardOf(run.id) ?? run);
      text(tags, card?.tags.join(", ") ?? "");
      text(note, card?.note ?? "");
      show(tags, tags.textContent !== "");
      show(note, note.textContent !== "");
      if (run === drawn) return;
      drawn = run;
      text(notice, "");
      if (run) void choice.look();
      text(prompt, run ? run.prompt || "Without a prompt" : "Loading");
      text(error, run?.error ?? "");
      show(error, error.textContent !== "");
      rows(facts, run?.facts ?? []);
      rows(values, run?.values ?? []);
      const [parents, children] = [run?.parents ?? [], run?.children ?? []];
      family.replaceChildren(...relatives("Made from", parents), ...relatives("Used in", children));
    },
  };
}
