import { attr, button, h, on, show, text } from "../dom.ts";
import { bytes } from "../format.ts";
import type { FileRef, Parameter } from "../messages.ts";
import { fileLimit } from "../rules.ts";
import type { Upload } from "../uploads.ts";
import type { View } from "../view.ts";
import { type Context, type Control, labelOf } from "./field.ts";

const KINDS = { image: "PNG, JPEG, WebP", audio: "MP3, WAV", video: "MP4, WebM" };

/** Choose, drop, paste or name a URL; what Python set shows here as well. */
export function mountFile({ view, p, touched }: Context): Control {
  const { store, signal } = view;
  const chooser = h("input", { type: "file", hidden: true, tabindex: -1, multiple: fileLimit(p) > 1 });
  if (p.accept) chooser.accept = `${p.accept}/*`;
  on(
    chooser,
    "change",
    () => {
      addFiles(view, p, chooser.files);
      chooser.value = "";
      touched();
    },
    signal,
  );
  const choose = button("choose a file", "link", () => chooser.click(), signal);
  const items = h("ul", { class: "files" });
  const address = mountAddress(view, p);
  const empty = h(
    "div",
    { class: "invite" },
    h("span", { class: "blank", "aria-hidden": "true" }),
    h(
      "div",
      {},
      h("p", {}, "Drop, paste or ", choose),
      h("small", {}, address.opener, p.accept ? ` · ${KINDS[p.accept]}` : ""),
    ),
  );
  const element = h("div", { class: "drop" }, items, empty, address.element, chooser);
  acceptDrops(view, p, element);
  const draw = () => {
    const [files, uploads] = [store.files(p.id), store.uploads.of(p.id)];
    drawItems(view, p, items, files, uploads);
    show(empty, files.length + uploads.length < fileLimit(p));
    show(items, files.length + uploads.length > 0);
    address.draw();
  };
  return { element, input: choose, draw };
}

export function fileNote(p: Parameter): string {
  const limit = fileLimit(p);
  const upTo = Number.isFinite(limit) ? `up to ${limit}` : "several";
  return `${p.required ? "required" : "optional"}, ${upTo}`;
}

/** Takes what was chosen, dropped or pasted, as far as there is room. */
export function addFiles(view: View, p: Parameter, files: Iterable<File> | null): void {
  const { store } = view;
  const limit = fileLimit(p);
  if (limit === 1) for (const upload of store.uploads.of(p.id)) store.uploads.remove(upload.id);
  let room = limit === 1 ? 1 : limit - store.files(p.id).length - store.uploads.of(p.id).length;
  for (const file of files ?? []) {
    if (room-- <= 0) break;
    store.uploads.start(p.id, file);
  }
}

export function addUrl(view: View, p: Parameter, typed: string): boolean {
  const url = typed.trim();
  if (!/^https?:\/\/[^\s]+$/i.test(url)) return false;
  const ref: FileRef = { id: "", name: url, mime: "", size: null, url };
  const before = fileLimit(p) === 1 ? [] : view.store.files(p.id);
  if (before.length < fileLimit(p)) view.store.editFiles(p.id, [...before, ref]);
  return true;
}

function acceptDrops(view: View, p: Parameter, zone: HTMLElement): void {
  const over = (event: DragEvent, inside: boolean) => {
    event.preventDefault();
    zone.classList.toggle("over", inside);
  };
  on(zone, "dragover", (event) => over(event, true), view.signal);
  on(zone, "dragleave", (event) => over(event, false), view.signal);
  on(
    zone,
    "drop",
    (event) => {
      over(event, false);
      event.stopPropagation();
      takeTransfer(view, p, event.dataTransfer);
    },
    view.signal,
  );
}

/** Files first, then an address; false when there was neither. */
export function takeTransfer(view: View, p: Parameter, transfer: DataTransfer | null): boolean {
  const files = [...(transfer?.files ?? [])];
  if (files.length > 0) addFiles(view, p, files);
  return files.length > 0 || addUrl(view, p, transfer?.getData("text/plain") ?? "");
}

function mountAddress(view: View, p: Parameter) {
  const { signal } = view;
  let open = false;
  const input = h("input", {
    type: "text",
    inputmode: "url",
    placeholder: "https://",
    "aria-label": `${labelOf(p)}, URL`,
  });
  const set = (to: boolean) => {
    open = to;
    input.value = "";
    draw();
    (to ? input : opener).focus();
  };
  const opener = button("or enter a URL", "link soft", () => set(!open), signal);
  const add = () => {
    const good = addUrl(view, p, input.value);
    attr(input, "aria-invalid", good ? null : "true");
    if (good) set(false);
  };
  on(
    input,
    "keydown",
    (event) => {
      if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) add();
      if (event.key === "Escape") set(false);
    },
    signal,
  );
  const element = h("div", { class: "with-button" }, input, button("Add", "", add, signal));
  const draw = () => {
    show(element, open);
    attr(opener, "aria-expanded", String(open));
  };
  return { element, opener, draw };
}

function drawItems(view: View, p: Parameter, list: HTMLElement, files: FileRef[], uploads: Upload[]): void {
  const key =
    JSON.stringify([files, uploads.map((one) => one.id)]) +
    files.map((one) => view.store.pictures.get("preview", one.id)?.url);
  if (list.dataset.key !== key) {
    const drawn = [
      ...files.map((ref, index) => drawFile(view, p, ref, index)),
      ...uploads.map((one) => drawUpload(view, one)),
    ];
    list.replaceChildren(...drawn);
    list.dataset.key = key;
  }
  for (const [index, upload] of uploads.entries()) drawProgress(list.children[files.length + index], upload);
}

function drawFile(view: View, p: Parameter, ref: FileRef, index: number): HTMLElement {
  const picture = view.store.pictures.get("preview", ref.id);
  const facts = [
    ref.size === null ? null : bytes(ref.size),
    picture?.width ? `${picture.width} × ${picture.height}` : null,
  ];
  const remove = () =>
    view.store.editFiles(
      p.id,
      view.store.files(p.id).filter((_, at) => at !== index),
    );
  return drawItem(
    view,
    picture?.url ?? null,
    ref.name,
    facts.filter(Boolean).join(" · ") || (ref.url ? "from its URL" : ""),
    remove,
  );
}

function drawUpload(view: View, upload: Upload): HTMLElement {
  const item = drawItem(view, upload.preview, upload.file.name, "", () =>
    view.store.uploads.remove(upload.id),
  );
  item.append(h("progress", { max: 1, "aria-label": `Uploading ${upload.file.name}` }));
  return item;
}

function drawProgress(item: Element | undefined, upload: Upload): void {
  const bar = item?.querySelector("progress");
  const facts = item?.querySelector("small");
  if (!bar || !facts) return;
  const share = upload.file.size ? upload.received / upload.file.size : 0;
  bar.value = share;
  show(bar, !upload.error);
  facts.classList.toggle("bad", upload.error !== null);
  text(facts, upload.error ?? `${bytes(upload.file.size)} · ${Math.floor(share * 100)}% sent`);
}

function drawItem(
  view: View,
  picture: string | null,
  name: string,
  facts: string,
  remove: () => void,
): HTMLElement {
  const remover = button("", "quiet icon remove", remove, view.signal);
  remover.setAttribute("aria-label", `Remove ${name}`);
  const extension = /\.(\w{1,4})$/.exec(name)?.[1] ?? "file";
  const image = picture
    ? h("img", { src: picture, alt: "" })
    : h("span", { class: "blank", "aria-hidden": "true" }, extension);
  return h(
    "li",
    {},
    image,
    h("div", { class: "facts" }, h("p", { title: name }, name), h("small", {}, facts)),
    remover,
  );
}
