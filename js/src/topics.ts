import { ends } from "./dom.ts";

export type Topic = "form" | "values" | "status" | "run" | "log" | "pictures" | "uploads" | "link";

/** Who wants to hear of what; a listener leaves with its signal. */
export class Topics {
  readonly #listeners = new Map<Topic, Set<() => void>>();

  on(topics: Topic[], listener: () => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    for (const topic of topics) {
      const set = this.#listeners.get(topic) ?? new Set();
      this.#listeners.set(topic, set.add(listener));
      ends(signal, () => set.delete(listener));
    }
  }

  emit(...topics: Topic[]): void {
    for (const topic of topics) for (const listener of [...(this.#listeners.get(topic) ?? [])]) listener();
  }
}
