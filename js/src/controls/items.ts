import { button, h, safeUrl, show, text } from "../dom.ts";
import { bytes } from "../format.ts";
import type { FileRef, Parameter } from "../messages.ts";
import type { Upload } from "../uploads.ts";
import type { View } from "../view.ts";

/** What a file field holds and what is on its way to it; rows are made anew only when they are others. */
export function mountItems(view: View, p: Parameter, removed: () => void) {
  const list = h("ul", { class: "files" });
  let drawn = "";
  const draw = (files: FileRef[], uploads: Upload[]) => {
    const previews = files.map((ref) => view.store.pictures.get("preview", ref.id)?.url);
    const key = JSON.stringify([files, previews, uploads.map((one) => one.id)]);
    if (key !== drawn) {
      const rows = files.map((ref, index) => drawFile(view, p, ref, index, removed));
      list.replaceChildren(...rows, ...uploads.map((one) => drawUpload(view, one, removed)));
    }
    drawn = key;
    for (const [index, upload] of uploads.entries())
      drawProgress(list.children[files.length + index], upload);
    show(list, files.length + uploads.length > 0);
  };
  return { element: list, draw };
}

function drawFile(view: View, p: Parameter, ref: FileRef, index: number, removed: () => void): HTMLElement {
  const { store } = view;
  const picture = store.pictures.get("preview", ref.id);
  const remove = () => {
    store.values.editFiles(
      p.id,
      store.values.files(p.id).filter((_, at) => at !== index),
    );
    removed();
  };
  const words = ref.size === null ? (ref.url ? "from its URL" : "") : bytes(ref.size);
  return drawItem(view, picture?.url ?? null, ref, words, remove);
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
  const share = upload.file.size ? upload.received / upload.file.size : 0;
  bar.value = share;
  show(bar, !upload.error);
  facts.classList.toggle("bad", upload.error !== null);
  text(facts, upload.error ?? `${bytes(upload.file.size)} · ${Math.floor(share * 100)}% sent`);
}

function drawItem(
  view: View,
  picture: string | null,
  { name, url }: Pick<FileRef, "name" | "url">,
  facts: string,
  remove: () => void,
): HTMLElement {
  const remover = button("", "quiet icon remove", remove, view.signal);
  remover.setAttribute("aria-label", `Remove ${name}`);
  const extension = /\.(\w{1,4})$/.exec(name)?.[1] ?? "file";
  const image = picture
    ? h("img", { src: picture, alt: "" })
    : h("span", { class: "blank", "aria-hidden": "true" }, extension);
  const href = safeUrl(url ?? "");
  const title = href ? h("a", { href, target: "_blank", rel: "noreferrer" }, name) : name;
  const words = h("div", { class: "facts" }, h("p", { title: name }, title), h("small", {}, facts));
  return h("li", {}, image, words, remover);
}
