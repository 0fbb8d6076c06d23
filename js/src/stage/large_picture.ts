import { attr, button, h, show } from "../dom/dom.ts";
import type { View } from "../view/view.ts";
import type { Shelf } from "./output_order.ts";

/** The chosen picture, as large as there is room; a click opens it in full. */
export function mountLarge(view: View, shelf: Shelf, open: (id: string) => void): HTMLElement {
  const { store, signal } = view;
  const image = h("img", { draggable: "false" });
  const act = () => !shelf.stale && shelf.output && open(shelf.output.id);
  const element = button("", "large", act, signal);
  element.draggable = true; // to a file field
  element.append(image);
  view.paint(["run", "status", "pictures"], () => {
    const { output } = shelf;
    const id = output?.id ?? "";
    const picture = store.pictures.get("full", id) ?? store.pictures.get("thumb", id);
    show(element, shelf.shows("picture") && picture !== undefined);
    attr(image, "src", picture?.url ?? null);
    image.alt = `Picture ${shelf.selected + 1} of ${shelf.items.length}`;
    attr(element, "aria-label", `${image.alt}, open full size`);
    attr(element, "aria-disabled", shelf.stale);
  });
  return element;
}
