import { attr, button, h, on, show } from "../dom/dom.ts";
import { mountChooser } from "../dom/file_picker.ts";
import { onKey } from "../dom/keys.ts";
import type { Parameter } from "../kernel/messages.ts";
import { fileLimit } from "../state/rules.ts";
import { acceptDrops } from "../view/drop_target.ts";
import type { View } from "../view/view.ts";
import type { Context, Control } from "./field.ts";
import { addFiles, addUrl, takeTransfer } from "./file_intake.ts";
import { mountItems } from "./file_items.ts";

const KINDS = { image: "PNG, JPEG, WebP", audio: "MP3, WAV", video: "MP4, WebM" };

/** Choose, drop, paste or name a URL; what Python set shows here as well. */
export function mountFile({ view, p, touched }: Context): Control {
  const { store } = view;
  const chooser = mountChooser(view.signal, p.accept ? `${p.accept}/*` : "", (files) => {
    addFiles(view, p, files);
    touched();
  });
  const choose = button("choose a file", "link", () => chooser.click(), view.signal);
  attr(choose, "aria-label", `choose a file, ${p.label}`);
  // The button that removed a file goes with it; the focus stays in the field.
  const items = mountItems(view, p, () => view.schedule(() => choose.focus()));
  const address = mountAddress(view, p);
  const invite = mountInvite(view, p, chooser, choose, address.opener);
  const element = h("div", "drop", items.element, invite, address.element, chooser);
  const take = (event: DragEvent) => takeTransfer(view, p, event.dataTransfer);
  acceptDrops(view, element, "over", () => true, take);
  const draw = () => {
    const uploads = store.uploads.of(p.id);
    const limit = store.values.limit(p);
    chooser.multiple = limit > 1;
    const replaced = limit === 1 && uploads.some((upload) => !upload.error);
    const files = replaced ? [] : store.values.files(p.id);
    items.draw(files, uploads);
    show(invite, files.length + uploads.length < limit);
    address.draw(!invite.hidden);
  };
  return { element, input: choose, draw };
}

export function fileNote(p: Parameter): string {
  const limit = fileLimit(p);
  const several = limit > 1 && (Number.isFinite(limit) ? `up to ${limit}` : "several");
  return [p.required ? "required" : "optional", several].filter(Boolean).join(", ");
}

function mountInvite(
  view: View,
  p: Parameter,
  chooser: HTMLElement,
  choose: HTMLElement,
  opener: HTMLElement,
): HTMLElement {
  const plus = h("span", { class: "blank plus", "aria-hidden": "true" }, "+");
  on(plus, "click", () => chooser.click(), view.signal);
  const kinds = h("small", "", opener, ` · ${p.accept ? `${KINDS[p.accept]}, ` : ""}up to 256 MB`);
  return h("div", "invite", plus, h("div", "", h("p", "", "Drop, paste or ", choose), kinds));
}

function mountAddress(view: View, p: Parameter) {
  const { signal } = view;
  let open = false;
  const label = `${p.label}, URL`;
  const input = h("input", { type: "text", inputmode: "url", placeholder: "https://", "aria-label": label });
  const set = (to: boolean) => {
    open = to;
    input.value = "";
    draw(true);
    (to ? input : opener).focus();
  };
  const opener = button("or enter a URL", "link soft", () => set(!open), signal);
  const add = () => {
    const good = addUrl(view, p, input.value);
    attr(input, "aria-invalid", good ? null : "true");
    if (good) set(false);
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) add();
    if (event.key === "Escape") set(false);
  };
  onKey(input, keys, signal);
  const element = h("div", "with-button", input, button("Add", "", add, signal));
  const draw = (room: boolean) => {
    open &&= room;
    show(element, open);
    attr(opener, "aria-expanded", open);
  };
  return { element, opener, draw };
}
