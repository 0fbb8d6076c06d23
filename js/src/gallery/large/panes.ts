import { ends, h, on, text } from "../../dom/dom.ts";
import { Zoom } from "../../viewer/zoom.ts";
import type { GalleryView } from "../gallery_store.ts";

export interface Panes {
  element: HTMLElement;
  zoom: Zoom;
  /** Shows the pictures of these outputs. */
  draw(ids: string[]): void;
}

/** Two to four pictures beside each other, each as large as its pane; one zoom moves them all. */
export function mountPanes({ store, signal }: GalleryView, onChange: () => void): Panes {
  const zoom = new Zoom();
  const element = h("div", { class: "panes", tabindex: 0, role: "group", "aria-label": "Pictures" });
  let panes: { image: HTMLImageElement; caption: HTMLElement }[] = [];
  const place = () => {
    const [first] = element.children;
    const size = { width: first?.clientWidth || 1, height: first?.clientHeight || 1 };
    zoom.resize(size, size);
    for (const { image } of panes)
      image.style.transform = `translate(${zoom.x}px, ${zoom.y}px) scale(${zoom.scale})`;
  };
  const move = (act: () => void) => {
    act();
    place();
    onChange();
  };
  const wheel = (event: WheelEvent) => {
    const pane = (event.target as Element).closest(".pane");
    if (!pane) return;
    event.preventDefault();
    const box = pane.getBoundingClientRect();
    const from = { x: event.clientX - box.x - box.width / 2, y: event.clientY - box.y - box.height / 2 };
    move(() => zoom.to(zoom.scale * Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), from));
  };
  element.addEventListener("wheel", wheel, { signal, passive: false });
  on(
    element,
    "pointerdown",
    (event) => event.button === 0 && element.setPointerCapture(event.pointerId),
    signal,
  );
  const drag = (event: PointerEvent) => {
    if (event.buttons && element.hasPointerCapture(event.pointerId))
      move(() => zoom.pan(event.movementX, event.movementY));
  };
  on(element, "pointermove", drag, signal);
  on(element, "dblclick", () => move(() => (zoom.fitted ? zoom.to(2) : zoom.fit())), signal);
  const observer = new ResizeObserver(() => move(() => {}));
  observer.observe(element);
  ends(signal, () => observer.disconnect());
  return {
    element,
    zoom,
    draw: (ids) => {
      if (panes.length !== ids.length) {
        panes = ids.map(() => ({
          image: h("img", { alt: "", draggable: "false" }),
          caption: h("p", "caption"),
        }));
        element.replaceChildren(
          ...panes.map(({ image, caption }) => h("figure", "", h("div", "pane", image), caption)),
        );
        element.dataset.count = String(ids.length);
      }
      for (const [at, id] of ids.entries()) {
        const pane = panes[at];
        const card = store.cardOf(id.slice(0, id.lastIndexOf("/")));
        const picture = store.pictures.get("full", id) ?? store.pictures.get("thumb", id);
        if (!pane) continue;
        if (picture && pane.image.src !== picture.url) pane.image.src = picture.url;
        pane.image.alt = card?.prompt ?? "";
        text(pane.caption, card ? [card.prompt, card.model, card.price].filter(Boolean).join(" · ") : "");
      }
      place();
    },
  };
}
