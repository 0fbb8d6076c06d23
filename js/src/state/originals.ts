import type { ImageRequest } from "../kernel/messages.ts";
import { GONE } from "../kernel/strings.ts";
import type { Picture, Pictures } from "./pictures.ts";

/** An output as it is, or the sentence that says why it cannot be had. */
export type Original = Picture | string;

/** Outputs in full; each is asked for once, by whoever wants it. */
export class Originals {
  readonly #link: { send(message: ImageRequest): boolean };
  readonly #pictures: Pictures;
  readonly #waiting = new Map<string, ((original: Original) => void)[]>();

  constructor(link: { send(message: ImageRequest): boolean }, pictures: Pictures) {
    this.#link = link;
    this.#pictures = pictures;
  }

  get(id: string): Promise<Original> {
    const here = this.#pictures.get("full", id);
    if (here) return Promise.resolve(here);
    return new Promise((resolve) => {
      const others = this.#waiting.get(id) ?? [];
      this.#waiting.set(id, [...others, resolve]);
      if (others.length === 0 && !this.#link.send({ type: "image", id })) this.fail(GONE);
    });
  }

  resolve(id: string): void {
    const picture = this.#pictures.get("full", id);
    if (picture) this.#answer(id, picture);
  }

  /** The kernel names no output when it cannot read one, so this is the answer to all that are waited for. */
  fail(reason: string): void {
    for (const id of [...this.#waiting.keys()]) this.#answer(id, reason);
  }

  #answer(id: string, original: Original): void {
    const waiting = this.#waiting.get(id) ?? [];
    this.#waiting.delete(id);
    for (const resolve of waiting) resolve(original);
  }
}
