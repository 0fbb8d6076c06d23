import { attr, button, ends, h, icon, on, show, text } from "../dom/dom.ts";
import { onKey } from "../dom/keys.ts";
import type { Output } from "../kernel/messages.ts";
import { saveOutput } from "../view/save_output.ts";
import type { View } from "../view/view.ts";
import { canvasKey, mountCanvas } from "./canvas.ts";
import { mountComparison } from "./compare.ts";

export interface Viewer {
  element: HTMLElement;
  open(id: string): void;
  /** Two pictures, the first on the left. */
  compare(first: string, second: string): void;
}

/** One picture in full, or two over one another: the thumbnail at once, the real bytes when they are here. */
export function mountViewer(view: View): Viewer {
  const { store, signal } = view;
  let id = "";
  const find = (one: string): Output | undefined => store.gallery.find(one)?.output;
  const caption = h("p", "caption");
  const trouble = h("p", { class: "bad", role: "alert" });
  const canvas = mountCanvas(
    view,
    () => drawZoom(),
    (at) => comparison.wipe(at),
  );
  const comparison = mountComparison(view, () => draw());
  const act = (move: () => void) => () => {
    move();
    draw();
  };
  const { zoom } = canvas;
  const percent = h("span", { class: "percent", "aria-live": "off" });
  const out = icon(
    "minus",
    "Zoom out",
    act(() => zoom.step(-1)),
    signal,
  );
  const closer = icon(
    "plus-sign",
    "Zoom in",
    act(() => zoom.step(1)),
    signal,
  );
  const fit = button(
    "Fit",
    "quiet",
    act(() => zoom.fit()),
    signal,
  );
  const real = button(
    "1:1",
    "quiet",
    act(() => zoom.to(1)),
    signal,
  );
  attr(real, "aria-label", "1:1, actual size");
  const previous = button("Previous", "quiet", () => go(-1), signal);
  const next = button("Next", "quiet", () => go(1), signal);
  const save = button(
    "Download",
    "quiet",
    async () => {
      const output = find(id);
      if (output) text(trouble, await saveOutput(store, output));
    },
    signal,
  );
  const close = button("Close", "quiet", () => dialog.close(), signal);
  const row = h("div", "bar-row", caption, out, percent, closer, fit, real, previous, next, save, close);
  const dialog = h("dialog", "viewer", canvas.element, trouble, comparison.element, row);

  const fetchFull = async (one: string) => {
    const original = await store.originals.get(one);
    if (typeof original === "string") text(trouble, original);
  };
  const begin = () => {
    text(trouble, "");
    zoom.fit();
    if (!dialog.open) {
      dialog.showModal();
      canvas.element.focus();
    }
    draw();
  };
  const open = (next: string) => {
    id = next;
    comparison.end();
    void fetchFull(id);
    begin();
  };
  const siblings = () => {
    const run = store.gallery.find(id)?.run;
    return store.gallery.pictures.filter((one) => one.run === run).map((one) => one.output.id);
  };
  const go = (by: number) => {
    const all = siblings();
    const next = all[(all.indexOf(id) + by + all.length) % all.length];
    if (next && next !== id) open(next);
  };
  const keys = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -1, PageDown: 1 }[event.key];
    const typing = (event.target as Element).matches("input, select");
    if (typing) return;
    if (canvasKey(event, zoom)) draw();
    else if (comparison.key(event)) draw();
    else if (by && !comparison.on) go(by);
    else return;
    event.preventDefault();
  };
  onKey(dialog, keys, signal);
  on(dialog, "click", (event) => event.target === dialog && dialog.close(), signal);
  on(dialog, "close", () => comparison.end(), signal);

  function drawZoom(): void {
    text(percent, `${Math.round(zoom.scale * 100)}%`);
    attr(fit, "aria-pressed", zoom.fitted);
    attr(real, "aria-pressed", zoom.scale === 1 && !zoom.fitted);
  }
  function draw(): void {
    const output = find(id);
    const { first, second, split } = comparison.pictures;
    const comparing = comparison.on && first !== undefined;
    if (comparing) canvas.draw(find(first), find(second ?? ""), split);
    else canvas.draw(output);
    const all = siblings();
    const which = `Picture ${all.indexOf(id) + 1} of ${all.length}`;
    attr(dialog, "aria-label", comparing ? "Compare two pictures" : which);
    const loading = store.pictures.get("full", id) ? "" : " · loading";
    text(caption, output && !comparing ? `${output.name} · ${output.facts}${loading}` : "");
    for (const one of [previous, next]) show(one, all.length > 1 && !comparing);
    show(save, !comparing);
    comparison.draw();
    drawZoom();
  }
  view.paint(["pictures", "run"], () => dialog.open && draw());
  ends(signal, () => dialog.close());
  return {
    element: dialog,
    open,
    compare: (first, second) => {
      id = second;
      comparison.begin(first, second);
      void fetchFull(first);
      void fetchFull(second);
      begin();
    },
  };
}
