import { attr, h, on, show, text } from "../dom/dom.ts";
import { count } from "../dom/format.ts";
import { onKey } from "../dom/keys.ts";
import { randomId } from "../kernel/host.ts";
import type { Option, Parameter, Scalar } from "../kernel/messages.ts";
import type { View } from "../view/view.ts";
import type { Context, Control } from "./field.ts";

const FEW = 12; // options that the system's own menu shows well
const MOST = 500; // options in a list; whoever looks for another goes on typing
const PAGE = 8;

/** The system's menu for a few words, a list to search for many options or for pictures. */
export function mountSelect(context: Context): Control {
  const { options } = context.p;
  return options.length > FEW || options.some((one) => one.cover)
    ? mountCombobox(context)
    : mountMenu(context);
}

/** The options, and the value itself when it is none of them: catalogues have defaults outside their own lists. */
function mountMenu({ view, p, touched }: Context): Control {
  const input = h("select");
  let drawnKey = "";
  const chosen = () => choices(p, view.store.values.get(p.id) as Scalar)[input.selectedIndex];
  on(input, "change", () => view.store.values.edit(p.id, chosen()?.value ?? null), view.signal);
  on(input, "blur", touched, view.signal);
  const draw = () => {
    const value = view.store.values.get(p.id) as Scalar;
    const all = choices(p, value);
    const key = JSON.stringify(all);
    if (key !== drawnKey) input.replaceChildren(...all.map((option) => h("option", "", option.label)));
    drawnKey = key;
    input.selectedIndex = all.findIndex((option) => matches(option.value, value));
  };
  return { element: h("div", "select", input), input, draw };
}

/** An editable combobox whose list narrows down while one types, as the ARIA practices describe it. */
function mountCombobox({ view, p, touched }: Context): Control {
  const { store, signal } = view;
  const id = `o${randomId()}`;
  const input = h("input", {
    type: "text",
    role: "combobox",
    autocomplete: "off",
    spellcheck: "false",
    "aria-expanded": "false",
    "aria-controls": id,
    "aria-autocomplete": "list",
    "aria-required": p.required,
  });
  const list = h("ul", { class: "options", role: "listbox", id, hidden: true, "aria-label": p.label });
  const cover = h("img", { class: "cover", alt: "" });
  const element = h("div", "select combo", cover, input, list);
  const covers = mountCovers(view, list);
  let rows: { option: Option; words: string; element: HTMLElement }[] = [];
  let visible: typeof rows = [];
  let active = -1;
  let madeKey = "";
  const value = () => store.values.get(p.id) as Scalar;
  const isOpen = () => !list.hidden;
  const current = () => rows.find(({ option }) => matches(option.value, value()));
  const build = () => {
    const all = choices(p, value());
    const key = JSON.stringify(all);
    if (key === madeKey) return;
    madeKey = key;
    rows = all.map((option, at) => {
      const row = h("li", { role: "option", id: `${id}-${at}` }, ...covers.picture(option), option.label);
      return { option, words: `${option.label} ${option.value ?? ""}`.toLowerCase(), element: row };
    });
  };
  const point = (at: number) => {
    attr(visible[active]?.element ?? list, "aria-selected", null);
    active = at;
    const row = visible[at]?.element;
    if (row) attr(row, "aria-selected", true);
    attr(input, "aria-activedescendant", row?.id ?? null);
    row?.scrollIntoView({ block: "nearest" });
  };
  const filter = (typed: string) => {
    const parts = typed.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = rows.filter(({ words }) => parts.every((part) => words.includes(part)));
    const begins = (one: (typeof rows)[number]) => Number(!one.words.startsWith(parts[0] ?? ""));
    visible = (parts.length ? fits.sort((a, b) => begins(a) - begins(b)) : fits).slice(0, MOST);
    const none = h("li", { class: "soft", role: "option", "aria-disabled": true }, "Nothing is called so");
    list.replaceChildren(...(visible.length ? visible.map((row) => row.element) : [none]));
    if (parts.length) text(view.voice, count(fits.length, "option"));
    point(parts.length && visible.length ? 0 : visible.indexOf(current() as (typeof rows)[number]));
  };
  const open = () => {
    if (isOpen()) return;
    build();
    const chosenRow = current()?.element;
    for (const row of rows) row.element.classList.toggle("chosen-option", row.element === chosenRow);
    list.hidden = false;
    attr(input, "aria-expanded", true);
    filter("");
    place(element, list);
    input.select();
  };
  const close = () => {
    if (!isOpen()) return;
    list.hidden = true;
    attr(input, "aria-expanded", false);
    attr(input, "aria-activedescendant", null);
    draw();
  };
  const choose = (row: (typeof rows)[number] | undefined) => {
    if (!row) return;
    store.values.edit(p.id, row.option.value);
    close();
  };
  const keys = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: PAGE, PageUp: -PAGE }[event.key];
    if (event.key === "ArrowUp" && event.altKey) close();
    else if (by && !isOpen()) open();
    else if (by) point(Math.max(0, Math.min(visible.length - 1, active + by)));
    else if (event.key === "Escape" && isOpen()) close();
    else if (event.key === "Enter" && isOpen() && !event.ctrlKey && !event.metaKey) choose(visible[active]);
    else return;
    event.preventDefault();
  };
  onKey(input, keys, signal);
  on(input, "click", open, signal);
  const search = () => {
    const typed = input.value;
    open();
    input.value = typed;
    filter(typed);
  };
  on(input, "input", search, signal);
  const leave = () => {
    close();
    touched();
  };
  on(input, "blur", leave, signal);
  on(list, "mousedown", (event) => event.preventDefault(), signal); // the focus stays in the field
  const press = ({ target }: Event) => choose(visible.find((row) => row.element.contains(target as Node)));
  on(list, "click", press, signal);
  const draw = () => {
    build();
    const option = current()?.option;
    if (!isOpen() && input.value !== (option?.label ?? "")) input.value = option?.label ?? "";
    covers.draw(cover, option);
  };
  return { element, input, draw };
}

/** Pictures of options: asked of the kernel once they are in sight, never fetched by the page. */
function mountCovers(view: View, list: HTMLElement) {
  const { covers } = view.store;
  const waiting = new Map<Element, string>();
  const seen = (entries: IntersectionObserverEntry[]) => {
    for (const { isIntersecting, target } of entries) {
      const id = waiting.get(target);
      if (isIntersecting && id) covers.want(id);
    }
  };
  const observer = new IntersectionObserver(seen, { root: list, rootMargin: "120px" });
  view.signal.addEventListener("abort", () => observer.disconnect(), { once: true });
  const put = (image: Element, id: string) => {
    const url = view.store.pictures.get("cover", id)?.url;
    if (url) attr(image, "src", url);
    return url !== undefined;
  };
  view.paint(["pictures"], () => {
    for (const [image, id] of waiting) {
      if (!put(image, id)) continue;
      waiting.delete(image);
      observer.unobserve(image);
    }
  });
  const picture = ({ cover }: Option) => {
    if (!cover) return [];
    const image = h("img", { alt: "" });
    if (!put(image, cover)) {
      waiting.set(image, cover);
      observer.observe(image);
    }
    return [image];
  };
  const draw = (image: HTMLElement, option: Option | undefined) => {
    const id = option?.cover ?? "";
    if (id && !put(image, id)) covers.want(id);
    show(image, id !== "" && view.store.pictures.get("cover", id) !== undefined);
  };
  return { picture, draw };
}

/** Below the field, or above it where the panel ends too soon: the panel clips what stands out of it. */
function place(element: HTMLElement, list: HTMLElement): void {
  const around = element.closest("section")?.getBoundingClientRect();
  const { top, bottom, left } = element.getBoundingClientRect();
  list.classList.toggle("right", around !== undefined && left + list.offsetWidth > around.right - 8);
  const low = around !== undefined && around.bottom - bottom < list.offsetHeight + 8;
  list.classList.toggle("above", low && top - around.top > around.bottom - bottom);
}

const matches = (a: Scalar, b: Scalar) => String(a ?? "") === String(b ?? "");

function choices(p: Parameter, value: Scalar): Option[] {
  const all: Option[] = p.options.map((option) => ({
    ...option,
    label: option.label || String(option.value ?? "") || "Automatic",
  }));
  const empty = all.some((option) => matches(option.value, null));
  if (!empty && (!p.required || matches(value, null))) all.unshift({ value: null, label: "Not set" });
  if (!all.some((option) => matches(option.value, value))) all.push({ value, label: String(value) });
  return all;
}
