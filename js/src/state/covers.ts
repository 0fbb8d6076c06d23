import type { Timers } from "../dom/timers.ts";
import type { Link } from "../kernel/link.ts";

const TOGETHER = 40; // ms in which what comes into sight is asked for at once
const AT_ONCE = 24;

/** Asks the kernel for pictures of options, each once. */
export class Covers {
  readonly #link: Link;
  readonly #timers: Timers;
  readonly #known = new Set<string>();
  #wanted: string[] = [];

  constructor(link: Link, timers: Timers) {
    this.#link = link;
    this.#timers = timers;
  }

  want(id: string): void {
    if (this.#known.has(id)) return;
    this.#known.add(id);
    this.#wanted.push(id);
    if (!this.#timers.has("covers")) this.#timers.set("covers", TOGETHER, () => this.#ask());
  }

  /** Another model, or another kernel: what was asked is asked anew. */
  forget(): void {
    this.#known.clear();
    this.#wanted = [];
  }

  #ask(): void {
    const ids = this.#wanted;
    this.#wanted = [];
    for (let at = 0; at < ids.length; at += AT_ONCE)
      this.#link.send({ type: "covers", ids: ids.slice(at, at + AT_ONCE) });
  }
}
