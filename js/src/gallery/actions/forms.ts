import { button, h, icon, on, text } from "../../dom/dom.ts";
import { count } from "../../dom/format.ts";
import { onKey } from "../../dom/keys.ts";
import type { Card } from "../gallery_messages.ts";
import type { GalleryView } from "../gallery_store.ts";
import { mountPanelChoice } from "../panel_choice.ts";

/** What opens beneath the selected runs, and the button that opens it. */
export interface Form {
  opener: HTMLElement;
  element: HTMLElement;
  open(): void;
  draw(): void;
}

export type Tell = (words: string, bad?: boolean) => void;
type Cards = () => Card[];

const TWICE = 400; // ms: a double click is no second thought

function onEnter(field: HTMLElement, act: () => void, signal: AbortSignal): void {
  const keys = (event: KeyboardEvent) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation();
    act();
  };
  onKey(field, keys, signal);
}

export function mountTags(view: GalleryView, cards: Cards, tell: Tell): Form {
  const { store, signal } = view;
  const list = h("div", { class: "tag-list", role: "group", "aria-label": "Tags of the selected runs" });
  const options = h("datalist", { id: "wiro-tags" });
  const words = "Add tags, separated by commas";
  const field = h("input", { type: "text", "aria-label": words, list: "wiro-tags", placeholder: words });
  const change = async (add: string[], remove: string[]) => {
    const problem = await store.annotate({ type: "tag", ids: store.selection.ids, add, remove });
    tell(problem, problem !== "");
  };
  const enter = () => {
    const tags = field.value.split(",").map((tag) => tag.trim());
    field.value = "";
    if (tags.some(Boolean)) void change(tags.filter(Boolean), []);
  };
  onEnter(field, enter, signal);
  const element = h("div", { class: "drawer-form", hidden: true }, list, field, options);
  element.append(button("Add", "", enter, signal));
  let drawnKey = "";
  const draw = () => {
    const tags = [...new Set(cards().flatMap((card) => card.tags))].sort();
    const key = JSON.stringify([tags, store.choices.tags]);
    if (key === drawnKey) return;
    drawnKey = key;
    options.replaceChildren(...store.choices.tags.map((tag) => h("option", { value: tag })));
    const items = tags.map((tag) => {
      const remove = icon("remove", `Remove the tag ${tag}`, () => void change([], [tag]), signal);
      return h("span", "tag", tag, remove);
    });
    list.replaceChildren(...items);
  };
  const open = () => {
    draw();
    field.focus();
  };
  return { opener: button("Tags", "quiet", () => {}, signal), element, open, draw };
}

export function mountNote(view: GalleryView, cards: Cards, tell: Tell): Form {
  const { store, signal } = view;
  const words = "A note on the selected runs";
  const field = h("textarea", { rows: 2, "aria-label": "Note on the selected runs", placeholder: words });
  const save = async () => {
    const problem = await store.annotate({ type: "note", ids: store.selection.ids, text: field.value });
    tell(problem || "Saved", problem !== "");
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    event.stopPropagation();
    void save();
  };
  onKey(field, keys, signal);
  const element = h("div", { class: "drawer-form", hidden: true }, field);
  element.append(button("Save", "", () => void save(), signal));
  const open = () => {
    const notes = new Set(cards().map((card) => card.note));
    field.value = notes.size === 1 ? ([...notes][0] ?? "") : "";
    field.focus();
  };
  return { opener: button("Note", "quiet", () => {}, signal), element, open, draw: () => {} };
}

function check(label: string): [HTMLElement, HTMLInputElement] {
  const box = h("input", { type: "checkbox" });
  return [h("label", "check", box, label), box];
}

export function mountExport(view: GalleryView, tell: Tell): Form {
  const { store, signal } = view;
  const folder = h("input", { type: "text", "aria-label": "Folder", placeholder: "Folder, as ~/pictures" });
  const pattern = h("input", {
    type: "text",
    "aria-label": "Names of the files",
    value: "{prompt:.40}-{seed}-{index}",
  });
  const [label, dataset] = check("As a dataset of pictures");
  label.title = "Pictures with a metadata.jsonl, as readers of image folders expect, instead of a table";
  let busy = false;
  const act = async () => {
    if (busy) return;
    busy = true;
    tell("Exporting");
    const { ids } = store.selection;
    const message = { folder: folder.value, name: pattern.value, dataset: dataset.checked };
    const reply = await store.questions.ask({ type: "export", ids, ...message });
    busy = false;
    tell(reply.error ?? reply.text ?? "", reply.error !== null);
  };
  for (const field of [folder, pattern]) onEnter(field, () => void act(), signal);
  const element = h("div", { class: "drawer-form", hidden: true }, folder, pattern, label);
  element.append(button("Export", "", () => void act(), signal));
  const opener = button("Export", "quiet", () => {}, signal);
  return { opener, element, open: () => folder.focus(), draw: () => {} };
}

/** Asks twice: what is forgotten cannot be brought back. */
export function mountForget(view: GalleryView, tell: Tell): Form {
  const { store, signal } = view;
  const [label, files] = check("Delete their files too");
  let armedAt = 0;
  const act = async () => {
    const now = performance.now();
    if (armedAt && now - armedAt < TWICE) return;
    if (!armedAt) {
      armedAt = now;
      draw();
      tell("This cannot be undone. Press again to confirm.");
      return;
    }
    armedAt = 0;
    const { ids } = store.selection;
    const reply = await store.questions.ask({ type: "forget", ids, files: files.checked });
    if (reply.error === null) {
      store.selection.set([]);
      store.find({});
      text(view.voice, reply.text ?? "");
    } else tell(reply.error, true);
    draw();
  };
  const forget = button("", "stop", () => void act(), signal);
  const disarm = () => {
    armedAt = 0;
    draw();
  };
  on(files, "change", disarm, signal);
  on(forget, "blur", disarm, signal);
  const draw = () => {
    const what = count(store.selection.size, "run") + (files.checked ? " and their files" : "");
    text(forget, armedAt ? `Really forget ${what}?` : `Forget ${what}`);
  };
  const element = h("div", { class: "drawer-form", hidden: true }, label, forget);
  const open = () => {
    armedAt = 0;
    draw();
    forget.focus();
  };
  return { opener: button("Forget", "quiet", () => {}, signal), element, open, draw };
}

/** Opens a run in a panel, of its model or of another, or hands its picture to a panel that is open. Runs nothing. */
export function mountPanelForm(view: GalleryView, host: (widget: string) => Promise<void>, tell: Tell): Form {
  const { store, signal } = view;
  const models = h("datalist", { id: "wiro-models" });
  const model = h("input", {
    type: "text",
    "aria-label": "Another model",
    list: "wiro-models",
    placeholder: "Another model, as owner/name",
  });
  const open = async (name: string) => {
    const [id] = store.selection.ids;
    if (!id) return;
    tell("Opening");
    const reply = await store.questions.ask({ type: "panel", id, model: name });
    tell(reply.error ?? "", reply.error !== null);
    if (reply.panel) await host(reply.panel);
  };
  const other = () => model.value.trim() && void open(model.value.trim());
  onEnter(model, other, signal);
  const whole = () => {
    const [id] = store.selection.ids;
    return id ? { id, place: null } : null;
  };
  const choice = mountPanelChoice(view, whole, tell);
  const element = h("div", { class: "drawer-form", hidden: true });
  element.append(
    button("Open its model", "", () => void open(""), signal),
    model,
    models,
  );
  element.append(button("Open this model", "", other, signal), choice.element);
  const begin = () => {
    models.replaceChildren(...store.choices.models.map(([name]) => h("option", { value: name })));
    model.focus();
    void choice.look();
  };
  const opener = button("Open in a panel", "quiet", () => {}, signal);
  return { opener, element, open: begin, draw: () => {} };
}
