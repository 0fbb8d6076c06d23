import { attr, h } from "../dom/dom.ts";
import { count } from "../dom/format.ts";
import type { ModelSummary } from "../kernel/messages.ts";
import { mountPicker, type Picker } from "./picker.ts";
import type { View } from "./view.ts";

/** The catalogue: write, look, choose; the panel changes in place, and takes `output` along. */
export function mountSearch(view: View, close?: () => void, output?: () => string | null): Picker {
  const { questions, values } = view.store;
  const choose = async ({ model }: ModelSummary, { element, say }: Picker) => {
    values.flush();
    say(`Loading ${model}`);
    attr(element, "aria-busy", true);
    const { error } = await questions.ask({ type: "model", model, output: output?.() ?? null });
    if (view.signal.aborted) return;
    attr(element, "aria-busy", false);
    say(error ?? "", error !== null);
    if (error === null) close?.();
  };
  return mountModelPicker(view, choose, close);
}

/** The same search for another purpose. */
export function mountModelPicker(
  view: View,
  choose: (item: ModelSummary, picker: Picker) => void,
  close?: () => void,
): Picker {
  const find = async (text: string) => {
    const { models = [], error } = await view.store.questions.ask({ type: "search", text });
    const none = `No model is found for “${text}”.`;
    const words = error ?? (models.length ? count(models.length, "model") : none);
    return { items: models, words, bad: error !== null };
  };
  const placeholder = "Search models, such as flux, video, speech";
  const words = { label: "Search models", list: "Models", placeholder };
  return mountPicker(view, { ...words, find, draw: drawModel, choose, close });
}

function drawModel(model: ModelSummary): HTMLElement[] {
  const [owner = "", name = ""] = model.model.split("/");
  const title = h("p", "", h("span", "owner", `${owner} / `), h("b", "", name));
  if (model.title && model.title !== name) title.append(h("span", "soft", ` · ${model.title}`));
  const kinds = model.categories.slice(0, 4).join(" · ");
  return [
    title,
    h("p", "about-model", model.description),
    h("small", "", h("span", "price", model.price ?? ""), kinds),
  ];
}
