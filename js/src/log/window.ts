import { button, h, on, show, text } from "../dom/dom.ts";
import { count, seconds } from "../dom/format.ts";
import type { Row } from "../kernel/messages.ts";
import type { View } from "../view/view.ts";

export const LINE = 20; // px, fixed so that a row's place is arithmetic
export const HEIGHT = 200; // px

/** Which rows a window at `top` shows: the only ones that are ever nodes. */
export function visible(top: number, rows: number): { from: number; to: number } {
  const from = Math.min(Math.max(0, Math.floor(top / LINE)), Math.max(0, rows - HEIGHT / LINE));
  return { from, to: Math.min(rows, from + HEIGHT / LINE + 1) };
}

export interface LogWindow {
  element: HTMLElement;
  /** The scrolled part, which takes the focus. */
  scroller: HTMLElement;
  draw(rows: Row[], find: string): void;
  /** Goes to the end and stays there. */
  follow(): void;
}

/** A fixed-height window over any number of rows, that follows the end until it is scrolled away from it. */
export function mountWindow(view: View): LogWindow {
  const { store, signal } = view;
  let following = true;
  let lines: Row[] = [];
  let find = "";
  let trimmed = 0;
  let rowsAtLeave = 0; // rows when the end was left
  let height = 0; // as drawn: by the time a scroll is told of, more rows may have come
  const list = h("ol");
  const spacer = h("div", "spacer", list);
  const scroller = h(
    "div",
    { class: "rows-window", role: "log", "aria-live": "off", "aria-label": "Log", tabindex: 0 },
    spacer,
  );
  scroller.style.height = `${HEIGHT}px`;
  const follow = () => {
    following = true;
    paint();
  };
  const jump = button("", "primary jump", follow, signal);
  const paint = () => {
    height = lines.length * LINE;
    spacer.style.height = `${height}px`;
    // Setting is cheap where reading scrollHeight would lay out the page.
    if (following) scroller.scrollTop = height;
    const top = following ? height - HEIGHT : scroller.scrollTop;
    const { from, to } = visible(top, lines.length);
    list.style.transform = `translateY(${from * LINE}px)`;
    list.replaceChildren(...lines.slice(from, to).map((row) => drawRow(row, find)));
    if (following) rowsAtLeave = lines.length;
    const news = lines.length - rowsAtLeave;
    text(jump, news > 0 ? `Jump to newest · ${count(news, "new line")}` : "Jump to newest");
    show(jump, !following, scroller);
  };
  on(
    scroller,
    "scroll",
    () => {
      following = scroller.scrollTop >= height - HEIGHT - LINE;
      view.schedule(paint);
    },
    signal,
  );
  const draw = (rows: Row[], words: string) => {
    const trimmedRows = rows === store.feed.rows ? store.feed.trimmed - trimmed : 0;
    // What is being read stays where it is when rows before it are let go.
    if (!following && trimmedRows > 0) scroller.scrollTop -= trimmedRows * LINE;
    trimmed = store.feed.trimmed;
    lines = rows;
    find = words;
    paint();
  };
  return { element: h("div", "log-box", scroller, jump), scroller, draw, follow };
}

function drawRow([, at, kind, words]: Row, find: string): HTMLElement {
  const line = h("span", "line", ...marked(words, find));
  const item = h("li", "", h("time", "", seconds(at)), h("span", "kind", kind), line);
  item.dataset.kind = kind;
  return item;
}

/** The first place where the words that are looked for stand. */
function marked(words: string, find: string): (Node | string)[] {
  const at = find ? words.toLowerCase().indexOf(find) : -1;
  if (at < 0) return [words];
  const end = at + find.length;
  return [words.slice(0, at), h("mark", "", words.slice(at, end)), words.slice(end)];
}
