import { copyText } from "../dom/clipboard.ts";
import { attr, button, h, on, show, text } from "../dom/dom.ts";
import { count, seconds } from "../dom/format.ts";
import { onKey } from "../dom/keys.ts";
import type { Row } from "../kernel/messages.ts";
import { say, type View } from "../view/view.ts";
import { Filter, LEVELS, type Level } from "./filter.ts";
import { mountWindow } from "./window.ts";

const NAMES: Record<Level, string> = {
  output: "Output",
  errors: "Errors",
  progress: "Progress",
  notes: "Notes",
};

export interface LogView {
  element: HTMLElement;
  /** The line that stays in sight. */
  head: HTMLElement;
  open(): void;
}

/** Folded to its last line until it is wanted. */
export function mountLog(view: View): LogView {
  const { store, signal } = view;
  const filter = new Filter(store.feed);
  let isOpen = false;
  const toggle = button("Log", "quiet fold", () => set(!isOpen), signal);
  const last = h("span", "last");
  const tally = h("span", "tally");
  const window = mountWindow(view);
  const set = (to: boolean) => {
    isOpen = to;
    draw();
    if (isOpen) window.follow();
  };
  const tools = mountTools(view, filter, tally, () => {
    draw();
    window.follow();
  });
  const draw = () => {
    attr(toggle, "aria-expanded", isOpen);
    for (const element of [window.element, tools, tally]) show(element, isOpen);
    show(last, !isOpen);
    const row = store.feed.rows.at(-1);
    text(last, row ? row[3] : "No task yet");
    last.dataset.kind = row?.[2] ?? "none";
    if (!isOpen) return;
    const { rows } = filter;
    text(tally, tallyOf(view, filter, rows.length));
    window.draw(rows, filter.words);
  };
  view.paint(["log"], draw);
  const head = h("div", "head", toggle, last, tally, tools);
  return {
    element: h("div", "log", head, window.element),
    head,
    open: () => {
      set(true);
      window.scroller.focus();
      window.scroller.scrollIntoView({ block: "nearest" });
    },
  };
}

function mountTools(view: View, filter: Filter, tally: HTMLElement, onChange: () => void): HTMLElement {
  const { store, signal } = view;
  const levels = LEVELS.map((level) => {
    const one = button(NAMES[level], "quiet level", () => press(), signal);
    attr(one, "aria-pressed", true);
    const press = () => {
      attr(one, "aria-pressed", filter.toggle(level));
      onChange();
    };
    return one;
  });
  const find = h("input", {
    type: "text",
    class: "find",
    placeholder: "Find",
    "aria-label": "Find in the log",
  });
  const search = () => {
    filter.search(find.value);
    onChange();
    show(copyFiltered, filter.narrows, find);
    text(view.voice, find.value ? count(filter.rows.length, "line") : ""); // what was asked for, not what streams in
  };
  on(find, "input", () => view.schedule(search), signal);
  const clear = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !find.value) return;
    find.value = "";
    search();
  };
  onKey(find, clear, signal);
  const copy = async (rows: Row[]) => {
    const copied = await copyText(
      rows.map(([, at, kind, words]) => `${seconds(at)}\t${kind}\t${words}`).join("\n"),
    );
    const words = copied ? `${count(rows.length, "line")} copied` : "The browser does not allow copying here";
    say(view, tally, words);
  };
  const all = button("Copy all", "quiet", () => void copy(store.feed.rows), signal);
  const copyFiltered = button("Copy shown", "quiet", () => void copy(filter.rows), signal);
  const kinds = h("div", { class: "levels", role: "group", "aria-label": "Levels" }, ...levels);
  on(kinds, "click", () => show(copyFiltered, filter.narrows), signal);
  show(copyFiltered, false);
  return h("div", "log-tools", kinds, find, copyFiltered, all);
}

function tallyOf({ store }: View, filter: Filter, matches: number): string {
  const { rows, next } = store.feed;
  if (filter.narrows) return `${matches.toLocaleString("en")} of ${count(rows.length, "line")}`;
  return next > rows.length
    ? `the last ${rows.length.toLocaleString("en")} of ${count(next, "line")}`
    : count(rows.length, "line");
}
