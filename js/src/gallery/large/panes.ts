import { ends, h, on, show, text } from "../../dom/dom.ts";
import { Zoom } from "../../viewer/zoom.ts";
import type { GalleryStore, GalleryView } from "../gallery_store.ts";

const MOST = 9; // pictures of one run

export interface Panes {
  element: HTMLElement;
  zoom: Zoom;
  /** Shows the pictures of these runs. */
  draw(runs: string[]): void;
}

interface Pane {
  id: string;
  element: HTMLElement;
  image: HTMLImageElement;
  words: HTMLElement;
}

/** Two to four runs beside each other with all their pictures, each as large as its pane; one zoom moves them all. */
export function mountPanes({ store, signal }: GalleryView, onChange: () => void): Panes {
  const zoom = new Zoom();
  const element = h("div", { class: "panes", tabindex: 0, role: "group", "aria-label": "Pictures" });
  let panes: Pane[] = [];
  const asked = new Set<string>(); // pictures that were asked for in full
  const troubles = new Map<string, string>();
  const fetchFull = async (id: string) => {
    asked.add(id);
    const original = await store.originals.get(id);
    if (typeof original === "string") troubles.set(id, original);
    store.keepFull(new Set(panes.map((pane) => pane.id)));
    store.topics.emit("pictures");
  };
  const make = (runs: string[]): Pane[] => {
    asked.clear();
    troubles.clear();
    const all = runs.map((run) =>
      outputsOf(store, run).map((id, at): Pane => {
        const alt = `${store.cardOf(run)?.prompt ?? ""}, output ${at + 1}`;
        const [image, words] = [h("img", { alt, draggable: "false" }), h("p", "soft")];
        return { id, element: h("div", "pane", image, words), image, words };
      }),
    );
    const figures = all.map((own) =>
      h("figure", "", h("div", "shots", ...own.map((pane) => pane.element)), h("figcaption", "caption")),
    );
    element.replaceChildren(...figures);
    element.dataset.count = String(runs.length);
    return all.flat();
  };
  const place = () => {
    const first = element.querySelector(".pane");
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
    draw: (runs) => {
      const ids = runs.flatMap((run) => outputsOf(store, run));
      if (ids.join() !== panes.map(({ id }) => id).join()) panes = make(runs);
      store.show(ids);
      for (const { id, element: pane, image, words } of panes) {
        const small = store.pictures.get("thumb", id);
        const picture = store.pictures.get("full", id) ?? small;
        const missing = store.missing.get(id);
        if (small && !asked.has(id)) void fetchFull(id);
        if (picture && image.src !== picture.url) image.src = picture.url;
        text(words, missing ? `The file ${missing}.` : (troubles.get(id) ?? ""));
        show(pane, missing !== ""); // it is no picture
      }
      for (const [at, run] of runs.entries()) {
        const [figure, card] = [element.children[at] as HTMLElement, store.cardOf(run)];
        const count = figure.querySelectorAll(".pane:not([hidden])").length;
        figure.style.setProperty("--columns", String(Math.ceil(Math.sqrt(count))));
        const more = card && card.count > MOST ? `the first ${MOST} of ${card.count} outputs` : "";
        const facts = card ? [card.prompt, card.model, card.price, more] : [];
        text(figure.querySelector(".caption") as HTMLElement, facts.filter(Boolean).join(" · "));
      }
      place();
    },
  };
}

/** The ids of a run's outputs, of which those that are no pictures are hidden once that is known. */
function outputsOf(store: GalleryStore, run: string): string[] {
  const count = Math.max(1, Math.min(store.cardOf(run)?.count ?? 1, MOST));
  return Array.from({ length: count }, (_, place) => `${run}/${place}`);
}
