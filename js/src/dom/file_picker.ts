import { h, on } from "./dom.ts";

/** The browser's own dialogue for files; it is opened by its `click`. */
export function mountChooser(
  signal: AbortSignal,
  accept: string,
  take: (files: File[]) => void,
): HTMLInputElement {
  const chooser = h("input", { type: "file", accept, hidden: true, tabindex: -1 });
  const handOver = () => {
    take([...(chooser.files ?? [])]);
    chooser.value = ""; // the same file can be chosen again
  };
  on(chooser, "change", handOver, signal);
  return chooser;
}
