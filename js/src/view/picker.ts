import { attr, ends, h, icon, on } from "../dom/dom.ts";
import { onKey } from "../dom/keys.ts";
import { randomId } from "../kernel/host.ts";
import { say, type View } from "./view.ts";

const TYPING = 250; // ms of quiet before a search leaves

/** What a picker looks for: `words` say how much there is, or why there is nothing. */
export interface Findings<T> {
  items: T[];
  words: string;
  bad?: boolean;
}

interface Shape<T> {
  /** Names the field; `list` names what is listed. */
  label: string;
  list: string;
  placeholder: string;
  find(text: string): Promise<Findings<T>>;
  /** The content of an option. */
  draw(item: T): Node[];
  choose(item: T, picker: Picker): void;
  /** Without it the picker stays. */
  close: (() => void) | undefined;
}

export interface Picker {
  element: HTMLElement;
  look(): void;
  /** Looks for what is written, and takes the focus. */
  open(): void;
  /** Says something in place of what was found last. */
  say(words: string, bad?: boolean): void;
}

/** A combobox with a list below: write, look, choose. */
export function mountPicker<T>(view: View, { close, ...shape }: Shape<T>): Picker {
  const { signal } = view;
  const id = `s${randomId()}`;
  const input = h("input", {
    type: "text",
    role: "combobox",
    autocomplete: "off",
    spellcheck: "false",
    placeholder: shape.placeholder,
    "aria-label": shape.label,
    "aria-expanded": "false",
    "aria-controls": id,
    "aria-autocomplete": "list",
  });
  const list = h("ul", { class: "models", role: "listbox", id, "aria-label": shape.list });
  const words = h("p", "said");
  const field = h("div", "with-button", input);
  if (close) field.append(icon("remove", "Close the search", close, signal));
  const element = h("div", "search", field, words, list);
  let items: T[] = [];
  let active = -1;
  let searches = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  ends(signal, () => clearTimeout(timer));

  const look = async () => {
    clearTimeout(timer);
    const own = ++searches;
    say(view, words, "Searching");
    const text = input.value.trim();
    const findings = await shape.find(text);
    if (own !== searches || signal.aborted) return; // a later search is on its way
    items = findings.items;
    say(view, words, findings.words, findings.bad);
    list.replaceChildren(
      ...items.map((item, index) =>
        h("li", { role: "option", id: `${id}-${index}`, "aria-selected": "false" }, ...shape.draw(item)),
      ),
    );
    attr(input, "aria-expanded", items.length > 0);
    point(items.length > 0 && text ? 0 : -1);
  };
  const point = (at: number) => {
    active = at;
    for (const [index, option] of [...list.children].entries()) attr(option, "aria-selected", index === at);
    attr(input, "aria-activedescendant", at < 0 ? null : `${id}-${at}`);
    list.children[at]?.scrollIntoView({ block: "nearest" });
  };
  const choose = (item: T | undefined) => {
    if (item === undefined) return look();
    ++searches; // an answer to an earlier search would take the words away
    return shape.choose(item, picker);
  };
  const keys = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 5, PageUp: -5 }[event.key];
    if (by && items.length > 0) point(Math.max(0, Math.min(items.length - 1, active + by)));
    else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) void choose(items[active]);
    else if (event.key === "Escape" && (input.value || close)) retreat();
    else return;
    event.preventDefault();
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
      if (option) void choose(items[[...list.children].indexOf(option)]);
    },
    signal,
  );
  const picker: Picker = {
    element,
    look: () => void look(),
    open: () => {
      void look();
      input.focus();
    },
    say: (text, bad) => say(view, words, text, bad),
  };
  return picker;
}
