import { ends } from "../dom/dom.ts";

/**
 * What can change, who emits it, and who paints it again.
 *
 * | topic    | emitted when                                        | painted by                                 |
 * | -------- | --------------------------------------------------- | ------------------------------------------ |
 * | form     | the kernel sends another model's form               | panel, recipe note, stage tools            |
 * | values   | a value, an error or an axis changes                | fields, run actions                        |
 * | status   | the status, the price or a submission changes       | header, run list, run actions, stage, card |
 * | run      | the run that is shown changes, or another is shown  | header, run list, run actions, stage       |
 * | log      | rows arrive                                         | log                                        |
 * | pictures | a thumbnail or an original arrives, or is chosen    | fields, stage, viewer                      |
 * | uploads  | a file begins, goes on or ends                      | fields, recipe note                        |
 * | link     | the kernel answers again, is silent or is gone      | panel, header, run actions, card           |
 */
export type Topic = "form" | "values" | "status" | "run" | "log" | "pictures" | "uploads" | "link";

/** Calls listeners when a topic changes; a listener ends with its signal. */
export class Topics<T extends string = Topic> {
  readonly #listeners = new Map<T, Set<() => void>>();

  on(topics: T[], listener: () => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    for (const topic of topics) {
      const set = this.#listeners.get(topic) ?? new Set();
      this.#listeners.set(topic, set.add(listener));
      ends(signal, () => set.delete(listener));
    }
  }

  emit(...topics: T[]): void {
    for (const topic of topics) for (const listener of [...(this.#listeners.get(topic) ?? [])]) listener();
  }
}
