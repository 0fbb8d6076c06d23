import { attr, ends, h, icon, on } from "../dom/dom.ts";
import { count } from "../dom/format.ts";
import { onKey } from "../dom/keys.ts";
import { randomId } from "../kernel/host.ts";
import type { ModelSummary } from "../kernel/messages.ts";
import { say, type View } from "../view/view.ts";

const TYPING = 250; // ms of quiet before a search leaves

export interface Search {
  element: HTMLElement;
  look(): void;
  /** Looks for what is written, and takes the focus. */
  open(): void;
}

/** The catalogue as a combobox: write, look, choose; the panel changes in place. */
export function mountSearch(view: View, close?: () => void): Search {
  const { store, signal } = view;
  const id = `s${randomId()}`;
  const input = h("input", {
    type: "text",
    role: "combobox",
    autocomplete: "off",
    spellcheck: "false",
    placeholder: "Search models, such as flux, video, speech",
    "aria-label": "Search models",
    "aria-expanded": "false",
    "aria-controls": id,
    "aria-autocomplete": "list",
  });
  const list = h("ul", { class: "models", role: "listbox", id, "aria-label": "Models" });
  const words = h("p", "said");
  const field = h("div", "with-button", input);
  if (close) field.append(icon("remove", "Close the search", close, signal));
  const element = h("div", "search", field, words, list);
  let models: ModelSummary[] = [];
  let active = -1;
  let searches = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  ends(signal, () => clearTimeout(timer));

  const look = async () => {
    clearTimeout(timer);
    const own = ++searches;
    say(view, words, "Searching");
    const answer = await store.questions.ask({ type: "search", text: input.value.trim() });
    if (own !== searches || signal.aborted) return; // a later search is on its way
    models = answer.models ?? [];
    const none = `No model is found for “${input.value.trim()}”.`;
    say(
      view,
      words,
      answer.error ?? (models.length ? count(models.length, "model") : none),
      answer.error !== null,
    );
    list.replaceChildren(...models.map((model, index) => drawModel(model, `${id}-${index}`)));
    attr(input, "aria-expanded", models.length > 0);
    point(models.length > 0 && input.value.trim() ? 0 : -1);
  };
  const point = (at: number) => {
    active = at;
    for (const [index, option] of [...list.children].entries()) attr(option, "aria-selected", index === at);
    attr(input, "aria-activedescendant", at < 0 ? null : `${id}-${at}`);
    list.children[at]?.scrollIntoView({ block: "nearest" });
  };
  const choose = async (model: ModelSummary) => {
    ++searches; // an answer to an earlier search would take the words away
    store.values.flush();
    say(view, words, `Loading ${model.model}`);
    attr(element, "aria-busy", true);
    const { error } = await store.questions.ask({ type: "model", model: model.model });
    if (signal.aborted) return;
    attr(element, "aria-busy", false);
    say(view, words, error ?? "", error !== null);
    if (error === null) close?.();
  };
  const keys = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 5, PageUp: -5 }[event.key];
    if (by && models.length > 0) point(Math.max(0, Math.min(models.length - 1, active + by)));
    else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) enter();
    else if (event.key === "Escape" && (input.value || close)) retreat();
    else return;
    event.preventDefault();
  };
  const enter = () => {
    const model = models[active];
    void (model ? choose(model) : look());
  };
  const retreat = () => {
    if (!input.value) return close?.();
    input.value = "";
    void look();
  };
  onKey(input, keys, signal);
  on(
    input,
    "input",
    () => {
      clearTimeout(timer);
      timer = setTimeout(() => void look(), TYPING);
    },
    signal,
  );
  on(list, "mousedown", (event) => event.preventDefault(), signal); // the focus stays in the field
  on(
    list,
    "click",
    (event) => {
      const option = (event.target as Element).closest("li");
      const model = option && models[[...list.children].indexOf(option)];
      if (model) void choose(model);
    },
    signal,
  );
  return {
    element,
    look: () => void look(),
    open: () => {
      void look();
      input.focus();
    },
  };
}

function drawModel(model: ModelSummary, id: string): HTMLElement {
  const [owner = "", name = ""] = model.model.split("/");
  const title = h("p", "", h("span", "owner", `${owner} / `), h("b", "", name));
  if (model.title && model.title !== name) title.append(h("span", "soft", ` · ${model.title}`));
  const kinds = model.categories.slice(0, 4).join(" · ");
  return h(
    "li",
    { role: "option", id, "aria-selected": "false" },
    title,
    h("p", "about-model", model.description),
    h("small", "", kinds),
  );
}
