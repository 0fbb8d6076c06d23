import { attr, ends, h, on, show } from "../dom/dom.ts";
import type { Output } from "../kernel/messages.ts";
import type { Store } from "../state/store.ts";
import type { View } from "../view/view.ts";
import { Zoom } from "./zoom.ts";

const PAN = 60; // px an arrow key moves
const PIXELS = 4; // from here on single pixels are what is looked at

export interface Canvas {
  element: HTMLElement;
  zoom: Zoom;
  /** Shows one picture, or a second one to the right of `split` (0..1). */
  draw(first: Output | undefined, second?: Output, split?: number): void;
}

type CanvasView = Pick<View, "signal"> & { store: Pick<Store, "pictures"> };

/** One or two pictures, magnified and moved alike. */
export function mountCanvas(view: CanvasView, onChange: () => void, wipe: (to: number) => void): Canvas {
  const { store, signal } = view;
  const zoom = new Zoom();
  const layers = [h("img"), h("img")] as const;
  const line = h("i", "divider");
  const element = h("div", { class: "canvas", tabindex: 0, role: "group", "aria-label": "Picture" });
  element.append(h("div", "", layers[0]), h("div", "", layers[1]), line);
  let size = { width: 1, height: 1 };
  let comparing = false;
  const place = () => {
    zoom.resize({ width: element.clientWidth, height: element.clientHeight }, size);
    for (const layer of layers) {
      layer.style.width = `${size.width}px`;
      layer.style.height = `${size.height}px`;
      layer.style.transform = `translate(-50%, -50%) translate(${zoom.x}px, ${zoom.y}px) scale(${zoom.scale})`;
      layer.classList.toggle("pixels", zoom.scale * devicePixelRatio >= PIXELS);
    }
    element.classList.toggle("pannable", zoom.pannable);
  };
  const moveAll = (move: () => void) => {
    move();
    place();
    onChange();
  };
  listen(view, element, zoom, moveAll, (at) => comparing && wipe(at));
  const observer = new ResizeObserver(() => moveAll(() => {}));
  observer.observe(element);
  ends(signal, () => observer.disconnect());
  return {
    element,
    zoom,
    draw: (first, second, split = 0.5) => {
      comparing = second !== undefined;
      size = sizeOf(store, first);
      drawLayer(store, layers[0], first);
      drawLayer(store, layers[1], second);
      show(line, comparing);
      line.style.left = `${split * 100}%`;
      const box = layers[1].parentElement as HTMLElement;
      box.style.clipPath = `inset(0 0 0 ${split * 100}%)`;
      place();
    },
  };
}

function listen(
  { signal }: CanvasView,
  element: HTMLElement,
  zoom: Zoom,
  move: (move: () => void) => void,
  wipe: (at: number) => void,
): void {
  const fromCentre = (event: MouseEvent) => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.x - box.width / 2, y: event.clientY - box.y - box.height / 2 };
  };
  const wheel = (event: WheelEvent) => {
    event.preventDefault(); // the page would scroll under the picture
    const speed = event.ctrlKey ? 0.01 : event.deltaMode ? 0.05 : 0.002;
    move(() => zoom.to(zoom.scale * Math.exp(-event.deltaY * speed), fromCentre(event)));
  };
  element.addEventListener("wheel", wheel, { signal, passive: false });
  const drag = (event: PointerEvent) => {
    if (!event.buttons || !element.hasPointerCapture(event.pointerId)) return;
    if (zoom.pannable) move(() => zoom.pan(event.movementX, event.movementY));
    else wipe(0.5 + fromCentre(event).x / element.clientWidth);
  };
  on(
    element,
    "pointerdown",
    (event) => {
      if (event.button !== 0) return;
      element.setPointerCapture(event.pointerId);
      if (!zoom.pannable) wipe(0.5 + fromCentre(event).x / element.clientWidth);
    },
    signal,
  );
  on(element, "pointermove", drag, signal);
  const flip = (event: MouseEvent) =>
    move(() => (zoom.fitted ? zoom.to(Math.max(1, zoom.whole * 2), fromCentre(event)) : zoom.fit()));
  on(element, "dblclick", flip, signal);
}

/** The keys of a picture: true when one was used. */
export function canvasKey(event: KeyboardEvent, zoom: Zoom): boolean {
  const { key } = event;
  const pans: Record<string, [number, number]> = {
    ArrowLeft: [PAN, 0],
    ArrowRight: [-PAN, 0],
    ArrowUp: [0, PAN],
    ArrowDown: [0, -PAN],
  };
  const pan = pans[key];
  if (key === "+" || key === "=") zoom.step(1);
  else if (key === "-") zoom.step(-1);
  else if (key === "0") zoom.fit();
  else if (key === "1") zoom.to(1);
  else if (pan && zoom.pannable) zoom.pan(...pan);
  else return false;
  return true;
}

function drawLayer(store: CanvasView["store"], image: HTMLImageElement, output: Output | undefined): void {
  const id = output?.id ?? "";
  const picture = store.pictures.get("full", id) ?? store.pictures.get("thumb", id);
  show(image, picture !== undefined);
  attr(image, "src", picture?.url ?? null);
  image.alt = output?.name ?? "";
}

function sizeOf(store: CanvasView["store"], output: Output | undefined) {
  const full = store.pictures.get("full", output?.id ?? "");
  return { width: output?.width ?? full?.width ?? 512, height: output?.height ?? full?.height ?? 512 };
}
