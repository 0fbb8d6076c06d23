import { attr, button, h, on, show, text } from "./dom.ts";
import { count, seconds } from "./format.ts";
import type { Row } from "./messages.ts";
import type { View } from "./view.ts";

export const LINE = 20; // px, fixed so that a row's place is arithmetic
export const HEIGHT = 200; // px

/** Which rows a window at `top` shows: the only ones that are ever nodes. */
export function visible(top: number, rows: number): { from: number; to: number } {
  const from = Math.min(Math.max(0, Math.floor(top / LINE)), Math.max(0, rows - HEIGHT / LINE));
  return { from, to: Math.min(rows, from + HEIGHT / LINE + 1) };
}

export interface LogView {
  element: HTMLElement;
  open(): void;
}

/** Folded to its last line until it is wanted. */
export function mountLog(view: View): LogView {
  const { store, signal } = view;
  let opened = false;
  const toggle = button("Log", "quiet fold", () => set(!opened), signal);
  const last = h("span", { class: "last" });
  const dropped = h("span", { class: "dropped" });
  const window = mountWindow(view, () => opened);
  const set = (to: boolean) => {
    opened = to;
    draw();
    window.draw();
  };
  const draw = () => {
    const { rows } = store.feed;
    attr(toggle, "aria-expanded", String(opened));
    show(window.element, opened);
    show(last, !opened);
    const row = rows.at(-1);
    text(last, row ? row[3] : "No task yet");
    last.dataset.kind = row?.[2] ?? "none";
    show(dropped, opened);
    text(dropped, tally(rows.length, store.feed.next));
  };
  view.paint(["log"], draw);
  const head = h("div", { class: "head" }, toggle, last, dropped, window.follow);
  return {
    element: h("div", { class: "log" }, head, window.element),
    open: () => {
      set(true);
      window.element.focus();
      window.element.scrollIntoView({ block: "nearest" });
    },
  };
}

function tally(kept: number, seen: number): string {
  return seen > kept
    ? `the last ${kept.toLocaleString("en")} of ${count(seen, "line")}`
    : count(kept, "line");
}

function mountWindow(view: View, opened: () => boolean) {
  const { store, signal } = view;
  let following = true;
  const list = h("ol");
  const spacer = h("div", { class: "spacer" }, list);
  const element = h(
    "div",
    { class: "rows-window", role: "log", "aria-live": "off", "aria-label": "Log", tabindex: 0 },
    spacer,
  );
  element.style.height = `${HEIGHT}px`;
  const follow = button(
    "Follow",
    "quiet",
    () => {
      following = true;
      draw();
    },
    signal,
  );
  const draw = () => {
    show(follow, opened());
    if (!opened()) return;
    const { rows } = store.feed;
    const height = rows.length * LINE;
    spacer.style.height = `${height}px`;
    // Setting is cheap where reading scrollHeight would lay out the page.
    if (following) element.scrollTop = height;
    const top = following ? height - HEIGHT : element.scrollTop;
    const { from, to } = visible(top, rows.length);
    list.style.transform = `translateY(${from * LINE}px)`;
    list.replaceChildren(...rows.slice(from, to).map(drawRow));
    attr(follow, "aria-pressed", String(following));
  };
  on(
    element,
    "scroll",
    () => {
      following = element.scrollTop >= store.feed.rows.length * LINE - HEIGHT - LINE;
      view.schedule(draw);
    },
    signal,
  );
  view.paint(["log"], draw);
  return { element, follow, draw };
}

function drawRow([, at, kind, words]: Row): HTMLElement {
  const item = h(
    "li",
    {},
    h("time", {}, seconds(at)),
    h("span", { class: "kind" }, kind),
    h("span", { class: "line" }, words),
  );
  item.dataset.kind = kind;
  return item;
}
