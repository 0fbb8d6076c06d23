import { attr, button, h, icon, show, text } from "../dom/dom.ts";
import type { ModelSummary, SideModel } from "../kernel/messages.ts";
import type { Picker } from "../view/picker.ts";
import { mountModelPicker } from "../view/search.ts";
import { say, type View } from "../view/view.ts";
import styles from "./model_list.css";

interface Line {
  element: HTMLElement;
  price: HTMLElement;
  note: HTMLElement;
  error: HTMLElement;
  remove: HTMLElement;
}

/** The models that run side by side, each with its price and what it goes without, and the search for one more. */
export function mountModelList(view: View, element: HTMLElement, isOpen: () => boolean): void {
  const { store, signal } = view;
  const lines = new Map<string, Line>();
  const list = h("ul", "side-models");
  const note = h("span", "note");
  const own = () => store.values.form?.model ?? "";
  const models = (): SideModel[] =>
    store.axes.models ?? [{ model: own(), title: "", note: "", about: "", error: "" }];

  const choose = async ({ model }: ModelSummary, { element: search, say: tell }: Picker) => {
    if (models().some((one) => one.model === model)) return tell(`${model} is in the list already.`);
    tell(`Loading ${model}`);
    attr(search, "aria-busy", true);
    const { error } = await store.questions.ask({ type: "vary", model, on: true });
    if (signal.aborted) return;
    attr(search, "aria-busy", false);
    tell(error ?? `${model} is added.`, error !== null);
  };
  const set = (open: boolean) => {
    // What takes the focus is shown before what loses it is hidden.
    show(open ? picker.element : more, true);
    if (open) picker.open();
    show(open ? more : picker.element, false, more);
  };
  const picker = mountModelPicker(
    view,
    (item, one) => void choose(item, one),
    () => set(false),
  );
  const more = button("Add a model", "link", () => set(true), signal);
  const trouble = h("p", "said");

  const remove = async (model: string) => {
    const at = [...lines.keys()].indexOf(model);
    const { error } = await store.questions.ask({ type: "vary", model, on: false });
    if (signal.aborted) return;
    say(view, trouble, error ?? "", error !== null);
    if (error !== null) return;
    draw();
    text(view.voice, `${model} is removed.`);
    const next = [...lines.values()].slice(1);
    (
      next[Math.min(at, next.length) - 1]?.remove ??
      (more.hidden ? picker.element.querySelector("input") : more)
    )?.focus();
  };
  const mountLine = (model: string): Line => {
    const [owner = "", name = ""] = model.split("/");
    const price = h("span", "soft price");
    const about = h("p", "help");
    const error = h("p", "error");
    const remover = icon("remove", `Remove ${model}`, () => void remove(model), signal);
    const title = h("span", "name", h("span", "owner", `${owner} / `), h("b", "", name));
    return {
      element: h("li", "", title, price, remover, about, error),
      price,
      note: about,
      error,
      remove: remover,
    };
  };
  const draw = () => {
    const now = models();
    for (const [model, line] of lines) {
      if (now.some((one) => one.model === model)) continue;
      line.element.remove();
      lines.delete(model);
    }
    for (const [at, one] of now.entries()) {
      const line = lines.get(one.model) ?? mountLine(one.model);
      lines.delete(one.model);
      lines.set(one.model, line);
      if (list.children[at] !== line.element) list.insertBefore(line.element, list.children[at] ?? null);
      line.element.title = one.title;
      line.note.title = one.about;
      text(line.note, one.note);
      text(line.error, one.error);
      show(line.note, one.note !== "");
      show(line.error, one.error !== "");
      line.remove.style.visibility = at === 0 ? "hidden" : "";
      text(line.price, store.outlook.models?.[one.model] ?? "");
    }
    text(note, now.length > 1 ? ` · ${now.length}` : "");
  };
  const label = h("div", "label", h("span", "", "Models"), note);
  element.replaceChildren(h("style", "", styles), label, list, more, picker.element, trouble);
  view.paint(["values", "status", "form"], draw);
  set(isOpen() && !store.axes.models);
}
