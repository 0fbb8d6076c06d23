import type { About, ModelSummary, PresetItem, Question } from "./messages.ts";
import { GONE } from "./strings.ts";

export interface Answer {
  error: string | null;
  text?: string;
  models?: ModelSummary[];
  prompts?: string[];
  presets?: PresetItem[];
  about?: About;
}

type WithoutRev<Q> = Q extends { rev: number } ? Omit<Q, "rev"> : never;

interface Way<Q> {
  send(message: Q): boolean;
  nextRev(): number;
}

/** Questions to the kernel, each with its own answer. */
export class Questions<Q extends { rev: number } = Question, A extends { error: string | null } = Answer> {
  readonly #link: Way<Q>;
  readonly #waiting = new Map<number, (answer: A) => void>();

  constructor(link: Way<Q>) {
    this.#link = link;
  }

  ask(question: WithoutRev<Q>): Promise<A> {
    const rev = this.#link.nextRev();
    return new Promise((resolve) => {
      this.#waiting.set(rev, resolve);
      if (!this.#link.send({ ...question, rev } as unknown as Q)) this.failAll();
    });
  }

  answer(rev: number, answer: A): void {
    const resolve = this.#waiting.get(rev);
    this.#waiting.delete(rev);
    resolve?.(answer);
  }

  /** Nobody is left to answer. */
  failAll(): void {
    for (const rev of [...this.#waiting.keys()]) this.answer(rev, { error: GONE } as A);
  }
}
