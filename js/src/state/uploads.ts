import { randomId } from "../kernel/host.ts";
import type { FileMessage, Reply } from "../kernel/messages.ts";
import { GONE } from "../kernel/strings.ts";

export const CHUNK = 1 << 20;
export const LARGEST = 256 << 20; // what the kernel takes (uploads.py)
const AHEAD = 4; // chunks on their way before the first is answered

export interface Upload {
  id: string;
  field: string;
  file: File;
  sent: number;
  received: number;
  error: string | null;
  preview: string | null; // object URL of the file itself
  pumping: boolean; // one loop a file keeps its chunks in order
  ended(error: string | null): void;
}

type Send = (message: Omit<FileMessage, "rev">, bytes: ArrayBuffer) => boolean;

/** Files on their way to the kernel, in chunks it acknowledges one by one. */
export class Uploads {
  readonly #all = new Map<string, Upload>();
  readonly #send: Send;
  readonly #changed: () => void;

  constructor(send: Send, changed: () => void) {
    this.#send = send;
    this.#changed = changed;
  }

  of(field: string): Upload[] {
    return [...this.#all.values()].filter((upload) => upload.field === field);
  }

  get busy(): boolean {
    return [...this.#all.values()].some((upload) => upload.error === null);
  }

  /** Sends a file, or only shows why it is not sent; `ended` is told once it is whole or refused. */
  start(field: string, file: File, error: string | null = null, ended: Upload["ended"] = () => {}): void {
    const preview = file.type.startsWith("image/") ? URL.createObjectURL(file) : null;
    const counters = { sent: 0, received: 0, pumping: false };
    const upload: Upload = { id: randomId(), field, file, error, preview, ended, ...counters };
    this.#all.set(upload.id, upload);
    this.#changed();
    void this.#pump(upload);
  }

  remove(id: string): void {
    const upload = this.#all.get(id);
    if (upload?.preview) URL.revokeObjectURL(upload.preview);
    this.#all.delete(id);
    this.#changed();
  }

  answered(reply: Reply): void {
    const upload = this.#all.get(reply.upload ?? "");
    if (!upload) return;
    upload.received = Math.max(upload.received, reply.received ?? 0);
    if (reply.error !== null) {
      this.#fail(upload, reply.error);
    } else if (!upload.error && upload.received >= upload.file.size) {
      this.remove(upload.id);
      upload.ended(null);
    } else {
      this.#changed();
      void this.#pump(upload);
    }
  }

  clear(): void {
    for (const id of [...this.#all.keys()]) this.remove(id);
  }

  async #pump(upload: Upload): Promise<void> {
    if (upload.pumping) return;
    upload.pumping = true;
    const { size } = upload.file;
    while (!upload.error && this.#all.has(upload.id) && upload.sent - upload.received < AHEAD * CHUNK) {
      const offset = upload.sent;
      if (offset > 0 && offset >= size) break;
      upload.sent = Math.min(offset + CHUNK, size) || 1; // an empty file is one empty chunk
      await this.#chunk(upload, offset);
    }
    upload.pumping = false;
  }

  async #chunk(upload: Upload, offset: number): Promise<void> {
    const { id, field, file } = upload;
    try {
      const bytes = await file.slice(offset, offset + CHUNK).arrayBuffer();
      if (!this.#all.has(id)) return;
      const { name, type: mime, size } = file;
      const left = this.#send({ type: "file", field, upload: id, name, mime, size, offset }, bytes);
      if (!left) this.#fail(upload, GONE);
    } catch {
      this.#fail(upload, "The file could not be read"); // it was moved or changed after it was chosen
    }
  }

  #fail(upload: Upload, error: string): void {
    upload.error ??= error;
    this.#changed();
    upload.ended(upload.error);
  }
}
