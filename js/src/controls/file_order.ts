import { on } from "../dom/dom.ts";
import type { View } from "../view/view.ts";

const MARK = "application/x-wiro-row"; // what tells a row from a file that is dragged in

/** A copy with one element somewhere else. */
export function reorder<T>(all: readonly T[], from: number, to: number): T[] {
  const rest = all.filter((_, at) => at !== from);
  return [...rest.slice(0, to), ...all.slice(from, from + 1), ...rest.slice(to)];
}

/** Rows of a list change places by being dragged onto one another. */
export function acceptOrder(
  { signal }: View,
  list: HTMLElement,
  move: (from: number, to: number) => void,
): void {
  let from = -1;
  const rowOf = (event: Event) =>
    [...list.children].indexOf((event.target as Element).closest("li") as Element);
  const ours = (event: DragEvent) => from >= 0 && event.dataTransfer?.types.includes(MARK);
  on(
    list,
    "dragstart",
    (event) => {
      from = rowOf(event);
      event.dataTransfer?.setData(MARK, String(from));
      event.stopPropagation();
    },
    signal,
  );
  const over = (event: DragEvent) => {
    if (!ours(event)) return false;
    event.preventDefault();
    return true;
  };
  on(list, "dragover", over, signal);
  on(list, "drop", (event) => over(event) && move(from, rowOf(event)), signal);
  on(list, "dragend", () => (from = -1), signal);
}
