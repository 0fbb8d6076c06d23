import { on } from "../dom/dom.ts";
import type { Output } from "../kernel/messages.ts";
import type { Picture } from "../state/pictures.ts";

/**
 * A result that is being dragged; `owner` is the store that knows it. `handOver` has the kernel use it in a field of
 * another panel, which is known by its card, and says what came of it; nothing if that panel is of another kernel, to
 * which `file` brings the bytes.
 */
export interface Dragged {
  owner: object;
  output: Output;
  handOver(panel: string, field: string): Promise<string | undefined>;
  file(): Promise<File | string>;
}

/** What was fetched as a file; a sentence that says why there is none stays one. */
export function asFile(got: Picture | string): File | string {
  return typeof got === "string" ? got : new File([got.blob], got.name, { type: got.mime });
}

const MARK = "application/x-wiro-output"; // what tells a result from a file
// One for the page: each panel may come with a bundle of its own.
const PLACE = Symbol.for("wiro_widgets.dragged");
const page = globalThis as unknown as Record<symbol, Dragged | undefined>;

/** Lets a result be dragged to a file field, of this panel or another one. */
export function offerDrag(element: HTMLElement, find: (event: Event) => Dragged | null, signal: AbortSignal) {
  const start = (event: DragEvent) => {
    const dragged = find(event);
    if (!dragged) return event.preventDefault();
    page[PLACE] = dragged;
    event.dataTransfer?.setData(MARK, dragged.output.name);
    event.stopPropagation();
  };
  on(element, "dragstart", start, signal);
  on(element, "dragend", () => (page[PLACE] = undefined), signal);
}

/** The result that this transfer brings; null for anything else. */
export function draggedResult(transfer: DataTransfer | null): Dragged | null {
  return transfer?.types.includes(MARK) ? (page[PLACE] ?? null) : null;
}
