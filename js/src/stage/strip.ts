import { attr, button, h, rove, show } from "../dom/dom.ts";
import { onKey } from "../dom/keys.ts";
import type { View } from "../view/view.ts";
import { type Item, nameOf, type Shelf } from "./output_order.ts";

/** Every result of the run, one chosen; one stop of Tab, then the arrow keys. */
export function mountStrip(view: View, shelf: Shelf): HTMLElement {
  const { store, signal } = view;
  const element = h("div", { class: "strip", role: "group", "aria-label": "Results" });
  let drawnKey = "";
  const draw = () => {
    const { items } = shelf;
    show(element, shelf.visible && items.length > 1 && !shelf.board);
    const urls = items.map((item) =>
      "output" in item ? store.pictures.get("thumb", item.output.id)?.url : undefined,
    );
    const key = JSON.stringify([items.map(nameOf), urls]);
    const tiles = () => [...element.children] as HTMLElement[];
    if (key !== drawnKey) {
      const focused = tiles().findIndex((tile) => tile.matches(":focus"));
      const buttons = items.map((item, index) => tile(item, index, items, urls[index]));
      element.replaceChildren(...buttons);
      buttons[focused]?.focus();
    }
    drawnKey = key;
    for (const [index, child] of tiles().entries()) attr(child, "aria-current", index === shelf.selected);
    rove(tiles(), tiles()[shelf.selected]);
    element.classList.toggle("stale", shelf.stale);
  };
  const tile = (item: Item, index: number, all: Item[], url: string | undefined) => {
    const thumb = button("", "thumb", () => shelf.select(index), signal);
    thumb.draggable = "output" in item;
    const what = item.kind === "picture" ? "Picture" : nameOf(item);
    attr(thumb, "aria-label", `${what} ${index + 1} of ${all.length}`);
    attr(thumb, "title", nameOf(item));
    thumb.append(url ? h("img", { src: url, alt: "", draggable: "false" }) : sign(item));
    return thumb;
  };
  view.paint(["run", "status", "pictures"], draw);
  onKey(element, (event) => arrow(event, element), signal);
  return element;
}

function sign(item: Item): HTMLElement {
  const extension = /\.(\w{1,4})$/.exec(nameOf(item))?.[1];
  return h("span", "blank", extension ?? (item.kind === "answer" ? "text" : "file"));
}

function arrow(event: KeyboardEvent, strip: HTMLElement): void {
  const all = [...strip.children] as HTMLElement[];
  const at = all.indexOf(event.target as HTMLElement);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
  const next = to === undefined ? undefined : all[to];
  if (!next) return;
  event.preventDefault();
  next.focus();
  next.click();
}
