import { attr, h, icon, safeUrl, show, text } from "../dom/dom.ts";
import { bytes } from "../dom/format.ts";
import type { FileRef, Parameter } from "../kernel/messages.ts";
import type { Upload } from "../state/uploads.ts";
import type { View } from "../view/view.ts";
import { acceptOrder, reorder } from "./file_order.ts";

/** What a file field holds and what is on its way to it; rows are made anew only when they are others. */
export function mountItems(view: View, p: Parameter, removed: () => void) {
  const { store } = view;
  const list = h("ul", "files");
  let drawnKey = "";
  let follow = -1; // where the row that has the focus goes
  const move = (from: number, to: number) => {
    const files = store.values.files(p.id);
    if (to < 0 || to >= files.length || from === to) return;
    follow = to;
    store.values.editFiles(p.id, reorder(files, from, to));
  };
  acceptOrder(view, list, move);
  const draw = (files: FileRef[], uploads: Upload[]) => {
    const previews = files.map((ref) => previewOf(view, ref));
    const key = JSON.stringify([files, previews, uploads.map((one) => one.id)]);
    if (key !== drawnKey) {
      const focused = list.querySelector<HTMLElement>(":focus");
      const at = follow < 0 ? [...list.children].findIndex((row) => row.contains(focused)) : follow;
      const rows = files.map((ref, index) => drawFile(view, p, ref, index, removed));
      if (store.values.limit(p) > 1 && files.length > 1)
        for (const [index, row] of rows.entries()) addMoves(view, row, files, index, move);
      list.replaceChildren(...rows, ...uploads.map((one) => drawUpload(view, one, removed)));
      // Made anew, the button that had the focus is another one.
      if (focused) list.children[at]?.querySelector<HTMLElement>(`[class="${focused.className}"]`)?.focus();
      follow = -1;
    }
    drawnKey = key;
    for (const [index, upload] of uploads.entries())
      drawProgress(list.children[files.length + index], upload);
    show(list, files.length + uploads.length > 0);
  };
  return { element: list, draw };
}

/** By keyboard and by click, and by dragging the row. */
function addMoves(
  view: View,
  row: HTMLElement,
  files: FileRef[],
  index: number,
  move: (from: number, to: number) => void,
): void {
  row.draggable = true;
  const { name } = files[index] as FileRef;
  const where = `${name}, ${index + 1} of ${files.length}`;
  const up = icon("up", `Move up ${where}`, () => move(index, index - 1), view.signal);
  const down = icon("down", `Move down ${where}`, () => move(index, index + 1), view.signal);
  attr(up, "aria-disabled", index === 0);
  attr(down, "aria-disabled", index === files.length - 1);
  row.querySelector(".remove")?.before(up, down);
}

/** An earlier result that was just made an input has its thumbnail here already. */
function previewOf({ store }: View, ref: FileRef): string | null {
  const output = "output" in ref ? String(ref.output) : "";
  const picture = store.pictures.get("preview", ref.id) ?? store.pictures.get("thumb", output);
  return picture?.url ?? null;
}

function drawFile(view: View, p: Parameter, ref: FileRef, index: number, removed: () => void): HTMLElement {
  const { store } = view;
  const remove = () => {
    store.values.editFiles(
      p.id,
      store.values.files(p.id).filter((_, at) => at !== index),
    );
    removed();
  };
  return drawItem(view, previewOf(view, ref), ref, ref.facts, remove);
}

function drawUpload(view: View, upload: Upload, removed: () => void): HTMLElement {
  const remove = () => {
    view.store.uploads.remove(upload.id);
    removed();
  };
  const item = drawItem(view, upload.preview, { name: upload.file.name, url: null }, "", remove);
  item.append(h("progress", { max: 1, "aria-label": `Uploading ${upload.file.name}` }));
  return item;
}

function drawProgress(item: Element | undefined, upload: Upload): void {
  const bar = item?.querySelector("progress");
  const facts = item?.querySelector("small");
  if (!bar || !facts) return;
  const { size } = upload.file;
  const share = size ? upload.received / size : 0;
  bar.value = share;
  show(bar, !upload.error);
  facts.classList.toggle("bad", upload.error !== null);
  text(facts, upload.error ?? `${bytes(size)} · ${Math.floor(share * 100)}% sent`);
}

function drawItem(
  view: View,
  picture: string | null,
  { name, url }: Pick<FileRef, "name" | "url">,
  facts: string,
  remove: () => void,
): HTMLElement {
  const remover = icon("remove", `Remove ${name}`, remove, view.signal);
  const extension = /\.(\w{1,4})$/.exec(name)?.[1] ?? "file";
  const image = picture
    ? h("img", { src: picture, alt: "", draggable: "false" })
    : h("span", { class: "blank", "aria-hidden": "true" }, extension);
  const href = safeUrl(url ?? "");
  const title = href ? h("a", { href, target: "_blank", rel: "noreferrer" }, name) : name;
  const words = h("div", "facts", h("p", { title: name }, title), h("small", "", facts));
  return h("li", "", image, words, remover);
}
