import type { Board, Output, Run } from "../kernel/messages.ts";
import { type Kind, kindOf } from "../state/output_kind.ts";
import { isActive } from "../state/runs.ts";
import type { Store } from "../state/store.ts";

export type Item = { kind: "answer" } | { kind: Kind; output: Output };

/** What is on the stage: this run's results, or the last pictures until this run has some. */
export class Shelf {
  selected = 0;
  #items: Item[] = [];
  #number = -1;
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  get items(): Item[] {
    const { run } = this.#store;
    if (!run) return this.#items;
    const own = itemsOf(run);
    if (own.length > 0 || this.board) {
      if (run.number !== this.#number) this.selected = this.board ? -1 : 0;
      this.#number = run.number;
      this.#items = own;
    } else if (run.number !== this.#number) {
      // Only pictures may stand for another run's: words would be taken for this one's.
      this.#items = this.#items.filter((item) => item.kind === "picture");
    }
    return this.#items;
  }

  /** Where the shown run's cells lie, when it is a sweep: all of them are on the stage while none is selected. */
  get board(): Board | null {
    const { board, run } = this.#store.feed;
    return board && board.run === run?.number ? board : null;
  }

  /** Puts the output of this id on the stage; of a sweep all of them where there is none. */
  choose(id: string): void {
    this.select(this.items.findIndex((item) => "output" in item && item.output.id === id));
  }

  select(index: number): void {
    this.selected = index;
    this.#store.topics.emit("pictures");
  }

  /** Left from an earlier run. */
  get stale(): boolean {
    return this.#store.status === "submitting" || this.#store.run?.number !== this.#number;
  }

  get current(): Item | undefined {
    const { items } = this;
    return items[Math.min(this.selected, items.length - 1)];
  }

  get output(): Output | undefined {
    const item = this.current;
    return item && "output" in item ? item.output : undefined;
  }

  /** A failure takes the stage from an earlier run's pictures. */
  get visible(): boolean {
    return this.items.length > 0 && (!this.stale || isActive(this.#store.status));
  }

  /** Whether what is shown now is of this kind. */
  shows(...kinds: Item["kind"][]): boolean {
    const { current } = this;
    return this.visible && current !== undefined && kinds.includes(current.kind);
  }
}

export function nameOf(item: Item): string {
  return "output" in item ? item.output.name : "Answer";
}

/** "raw" is the file form of a language model's answer, which is shown as text. */
function itemsOf(run: Run): Item[] {
  const files = run.outputs.filter((output) => !run.text || output.content_type !== "raw");
  const items: Item[] = files.map((output) => ({ kind: kindOf(output), output }));
  return run.text ? [{ kind: "answer" }, ...items] : items;
}
