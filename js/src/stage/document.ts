import { attr, h, show, text } from "../dom/dom.ts";
import type { Output } from "../kernel/messages.ts";
import type { View } from "../view/view.ts";
import type { Shelf } from "./output_order.ts";

/** A text or a JSON file, as it reads best. */
export function mountDocument(view: View, shelf: Shelf): HTMLElement {
  const body = h("pre");
  const element = h("div", { class: "answer document", tabindex: 0, role: "region" }, body);
  view.paint(["run", "status", "pictures"], () => {
    const { output } = shelf;
    const visible = shelf.shows("text");
    show(element, visible);
    if (!visible || !output) return;
    attr(element, "aria-label", output.name);
    text(body, pretty(output));
  });
  return element;
}

export function pretty({ content_type, text: words }: Output): string {
  if (words === null || !content_type.includes("json")) return words ?? "";
  try {
    return JSON.stringify(JSON.parse(words), null, 2);
  } catch {
    return words;
  }
}
