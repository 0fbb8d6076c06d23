import type { PictureFacts } from "../kernel/messages.ts";

export interface Picture {
  blob: Blob;
  url: string;
  name: string;
  mime: string;
  width: number | null;
  height: number | null;
}

type Role = PictureFacts["role"];

/** Files that run nothing wherever they are opened. SVG, HTML, XML and PDF are documents, and are not among them. */
const PASSIVE = /^(image\/(png|jpeg|webp|gif|bmp|avif|tiff|heic)|(video|audio)\/[\w.-]+)$/;

/**
 * An address that draws a picture and opens no document of Jupyter's origin: an object URL belongs to the page that
 * made it, also in a tab of its own, where an SVG would run its scripts; a data URL belongs to nobody.
 */
export function drawableUrl({ blob, url, mime }: Picture): Promise<string> | string {
  if (PASSIVE.test(blob.type)) return url;
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(new Blob([blob], { type: mime }));
  });
}

/** Images as object URLs, each revoked when it is replaced or no longer belongs to anything shown. */
export class Pictures {
  readonly #all = new Map<string, Picture>();

  get(role: Role, id: string): Picture | undefined {
    return this.#all.get(`${role} ${id}`);
  }

  take(message: PictureFacts, bytes: BlobPart): void {
    const { role, id, name, mime, width, height } = message;
    const key = `${role} ${id}`;
    this.#forget(key);
    const type = (mime.split(";")[0] ?? "").trim().toLowerCase();
    const blob = new Blob([bytes], { type: PASSIVE.test(type) ? type : "application/octet-stream" });
    this.#all.set(key, { blob, url: URL.createObjectURL(blob), name, mime, width, height });
  }

  /** Keeps what `wanted` names, and the newest of the others, and frees the rest of this role. */
  prune(role: Role, keep: Set<string>, others = 0): void {
    const unwanted = [...this.#all.keys()].filter((key) => {
      const [of = "", id = ""] = key.split(" ");
      return of === role && !keep.has(id);
    });
    for (const key of unwanted.slice(0, Math.max(0, unwanted.length - others))) this.#forget(key);
  }

  clear(): void {
    for (const key of [...this.#all.keys()]) this.#forget(key);
  }

  #forget(key: string): void {
    const old = this.#all.get(key);
    if (old) URL.revokeObjectURL(old.url);
    this.#all.delete(key);
  }
}
