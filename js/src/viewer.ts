import { attr, button, h, on, show, text } from "./dom.ts";
import { bytes } from "./format.ts";
import type { Output } from "./messages.ts";
import type { Store } from "./store.ts";
import type { View } from "./view.ts";

export interface Viewer {
  element: HTMLElement;
  open(id: string): void;
}

/** One picture in full: the thumbnail at once, the real bytes when the kernel has sent them. */
export function mountViewer(view: View): Viewer {
  const { store, signal } = view;
  let id = "";
  const image = h("img");
  const caption = h("p", { class: "caption" });
  const open = (wanted: string) => {
    id = wanted;
    store.requestImage(id);
    draw();
    if (!dialog.open) dialog.showModal();
  };
  const go = (by: number) => {
    const all = pictures(store);
    const at = all.findIndex((output) => output.id === id);
    const next = all[(at + by + all.length) % all.length];
    if (next) open(next.id);
  };
  const [previous, next] = [
    button("Previous", "", () => go(-1), signal),
    button("Next", "", () => go(1), signal),
  ];
  const save = button("Download", "", () => saveOutput(store, id), signal);
  const close = button("Close", "", () => dialog.close(), signal);
  const dialog = h(
    "dialog",
    { class: "viewer" },
    image,
    h("div", { class: "bar-row" }, caption, previous, next, save, close),
  );
  on(
    dialog,
    "keydown",
    (event) => {
      if (event.key === "ArrowLeft") go(-1);
      if (event.key === "ArrowRight") go(1);
    },
    signal,
  );
  on(dialog, "click", (event) => event.target === dialog && dialog.close(), signal);
  function draw(): void {
    const all = pictures(store);
    const output = all.find((one) => one.id === id);
    const full = store.pictures.get("full", id);
    attr(image, "src", (full ?? store.pictures.get("thumb", id))?.url ?? null);
    image.alt = `Picture ${all.findIndex((one) => one.id === id) + 1} of ${all.length}`;
    attr(dialog, "aria-label", image.alt);
    text(caption, output ? factsOf(output, full !== undefined) : "");
    for (const step of [previous, next]) show(step, all.length > 1);
    attr(save, "disabled", full === undefined);
  }
  view.paint(["pictures", "run"], () => dialog.open && draw());
  signal.addEventListener("abort", () => dialog.close(), { once: true });
  return { element: dialog, open };
}

export function pictures(store: Store, outputs: Output[] = store.run?.outputs ?? []): Output[] {
  return outputs.filter((output) => output.content_type.startsWith("image/"));
}

function factsOf(output: Output, here: boolean): string {
  const size = output.width && output.height ? `${output.width} × ${output.height}` : null;
  const weight = output.size === null ? null : bytes(output.size);
  return [output.name, size, weight, here ? null : "loading"].filter(Boolean).join(" · ");
}

/** Hands bytes that are already here to the browser's own download. */
export function saveOutput(store: Store, id: string): void {
  const full = store.pictures.get("full", id);
  if (full) h("a", { href: full.url, download: full.name }).click();
}
