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
  sentBytes: number;
  received: number;
  error: string | null;
  preview: string | null; // object URL of the file itself
  pumping: boolean; // one loop a file keeps its chunks in order
  onEnd(error: string | null): void;
}

type Send = (message: Omit<FileMessage, "rev">, bytes: ArrayBuffer) => boolean;

/** Files on their way to the kernel, in chunks it acknowledges one by one. */
export class Uploads {
  readonly #all = new Map<string, Upload>();
  readonly #send: Send;
  readonly #onChange: () => void;

  constructor(send: Send, onChange: () => void) {
    this.#send = send;
    this.#onChange = onChange;
  }

  of(field: string): Upload[] {
    return [...this.#all.values()].filter((upload) => upload.field === field);
  }

  get busy(): boolean {
    return [...this.#all.values()].some((upload) => upload.error === null);
  }

  /** Sends a file, or only shows why it is not sent; `ended` is told once it is whole or refused. */
  start(field: string, file: File, error: string | null = null, onEnd: Upload["onEnd"] = () => {}): void {
    const preview = file.type.startsWith("image/") ? URL.createObjectURL(file) : null;
    const counters = { sentBytes: 0, received: 0, pumping: false };
    const upload: Upload = { id: randomId(), field, file, error, preview, onEnd, ...counters };
    this.#all.set(upload.id, upload);
    this.#onChange();
    void this.#pump(upload);
  }

  remove(id: string): void {
    const upload = this.#all.get(id);
    if (upload?.preview) URL.revokeObjectURL(upload.preview);
    this.#all.delete(id);
    this.#onChange();
  }

  answer(reply: Reply): void {
    const upload = this.#all.get(reply.upload ?? "");
    if (!upload) return;
    upload.received = Math.max(upload.received, reply.received ?? 0);
    if (reply.error !== null) {
      this.#fail(upload, reply.error);
    } else if (!upload.error && upload.received >= upload.file.size) {
      this.remove(upload.id);
      upload.onEnd(null);
    } else {
      this.#onChange();
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
    while (!upload.error && this.#all.has(upload.id) && upload.sentBytes - upload.received < AHEAD * CHUNK) {
      const offset = upload.sentBytes;
      if (offset > 0 && offset >= size) break;
      upload.sentBytes = Math.min(offset + CHUNK, size) || 1; // an empty file is one empty chunk
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
      const isSent = this.#send({ type: "file", field, upload: id, name, mime, size, offset }, bytes);
      if (!isSent) this.#fail(upload, GONE);
    } catch {
      this.#fail(upload, "The file could not be read"); // it was moved or changed after it was chosen
    }
  }

  #fail(upload: Upload, error: string): void {
    upload.error ??= error;
    this.#onChange();
    upload.onEnd(upload.error);
  }
}
