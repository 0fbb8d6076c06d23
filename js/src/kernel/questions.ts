import type { Link } from "./link.ts";
import type { ModelSummary, PresetItem, Question } from "./messages.ts";
import { GONE } from "./strings.ts";

export interface Answer {
  error: string | null;
  text?: string;
  models?: ModelSummary[];
  prompts?: string[];
  presets?: PresetItem[];
}

type WithoutRev<Q> = Q extends Question ? Omit<Q, "rev"> : never;

/** Questions to the kernel, each with its own answer. */
export class Questions {
  readonly #link: Link;
  readonly #waiting = new Map<number, (answer: Answer) => void>();

  constructor(link: Link) {
    this.#link = link;
  }

  ask(question: WithoutRev<Question>): Promise<Answer> {
    const rev = this.#link.nextRev();
    return new Promise((resolve) => {
      this.#waiting.set(rev, resolve);
      if (!this.#link.send({ ...question, rev } as Question)) this.failAll();
    });
  }

  answer(rev: number, answer: Answer): void {
    const resolve = this.#waiting.get(rev);
    this.#waiting.delete(rev);
    resolve?.(answer);
  }

  /** Nobody is left to answer. */
  failAll(): void {
    for (const rev of [...this.#waiting.keys()]) this.answer(rev, { error: GONE });
  }
}
