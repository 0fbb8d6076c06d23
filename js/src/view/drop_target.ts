import { on } from "../dom/dom.ts";
import type { View } from "./view.ts";

/**
 * What is dragged over an element, which has the class `name` meanwhile, and dropped on it, as far as it wants it. An
 * element within goes first.
 */
export function acceptDrops(
  { signal }: View,
  zone: HTMLElement,
  name: string,
  wants: (transfer: DataTransfer | null) => boolean,
  take: (event: DragEvent) => void,
): void {
  const hear = (event: DragEvent) => {
    const leaves = event.type === "dragleave";
    if (leaves && zone.contains(event.relatedTarget as Node)) return;
    const ours = !leaves && !event.defaultPrevented && wants(event.dataTransfer);
    zone.classList.toggle(name, ours && event.type === "dragover");
    if (!ours) return;
    event.preventDefault(); // the browser would leave the notebook for the file
    if (event.type === "drop") take(event);
  };
  for (const type of ["dragover", "dragleave", "drop"] as const) on(zone, type, hear, signal);
}

export function holdsFiles(transfer: DataTransfer | null): boolean {
  return transfer?.types.includes("Files") ?? false;
}
