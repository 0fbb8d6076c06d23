import { text } from "../dom/dom.ts";
import type { FileRef, Parameter } from "../kernel/messages.ts";
import { LARGEST } from "../state/uploads.ts";
import { type Dragged, draggedResult } from "../view/dragged.ts";
import type { View } from "../view/view.ts";

/** Takes what was chosen, dropped or pasted, as far as there is room. */
export function addFiles(view: View, p: Parameter, files: Iterable<File>): void {
  const { uploads } = view.store;
  const limit = view.store.values.limit(p);
  if (limit === 1) for (const upload of uploads.of(p.id)) uploads.remove(upload.id);
  let room = limit === 1 ? 1 : limit - view.store.values.files(p.id).length - uploads.of(p.id).length;
  for (const file of files) {
    if (room-- <= 0) break;
    uploads.start(p.id, file, unfit(p, file));
  }
}

/** A file whose kind is known to be another; an unknown kind is the kernel's to judge. */
function unfit(p: Parameter, file: File): string | null {
  if (file.size > LARGEST) return "This is larger than 256 MB";
  if (!p.accept || !file.type || file.type.startsWith(`${p.accept}/`)) return null;
  return `This is not ${p.accept === "video" ? "a" : "an"} ${p.accept}`;
}

/** False when this is no address. */
export function addUrl(view: View, p: Parameter, typed: string): boolean {
  const url = typed.trim();
  if (!/^https?:\/\/[^\s]+$/i.test(url)) return false;
  const ref: FileRef = { id: "", name: url, mime: "", size: null, url, facts: "" };
  const { values } = view.store;
  const limit = values.limit(p);
  const before = limit === 1 ? [] : values.files(p.id);
  if (before.length < limit) values.editFiles(p.id, [...before, ref]);
  return true;
}

/** A result of this panel as it is; the kernel knows those of others, unless they are another kernel's. */
async function takeResult(view: View, p: Parameter, dragged: Dragged): Promise<void> {
  const { owner, output } = dragged;
  const fits = !p.accept || output.content_type.startsWith(`${p.accept}/`);
  if (owner === view.store && fits) {
    view.store.values.useOutput(p, output);
    return;
  }
  const words = await dragged.handOver(view.store.cardId, p.id);
  if (words) return text(view.voice, words);
  const file = await dragged.file();
  if (view.signal.aborted) return;
  if (typeof file === "string") view.store.runs.refuse(file);
  else addFiles(view, p, [file]);
}

/** A dragged result, files, or an address; false when there was none of them. */
export function takeTransfer(view: View, p: Parameter, transfer: DataTransfer | null): boolean {
  const result = draggedResult(transfer);
  if (result) {
    void takeResult(view, p, result);
    return true;
  }
  const files = [...(transfer?.files ?? [])];
  if (files.length > 0) addFiles(view, p, files);
  return files.length > 0 || addUrl(view, p, transfer?.getData("text/plain") ?? "");
}
