import type { Row, RowKind } from "../kernel/messages.ts";
import type { Feed } from "../state/feed.ts";

export type Level = "output" | "errors" | "progress" | "notes";

export const LEVELS: Level[] = ["output", "errors", "progress", "notes"];

export function levelOf(kind: RowKind): Level {
  if (kind === "output" || kind === "progress") return kind;
  return kind === "stderr" || kind === "error" ? "errors" : "notes";
}

/** The rows that are wanted, kept up row by row: a new row costs one look at it, however many there are. */
export class Filter {
  readonly #feed: Feed;
  readonly #hidden = new Set<Level>();
  #words = "";
  #matches: Row[] = [];
  #position = 0; // rows of the feed looked at, the trimmed ones counted
  #epoch: string | null = null;

  constructor(feed: Feed) {
    this.#feed = feed;
  }

  /** Whether anything is left out. */
  get narrows(): boolean {
    return this.#words !== "" || this.#hidden.size > 0;
  }

  get words(): string {
    return this.#words;
  }

  search(words: string): void {
    this.#words = words.toLowerCase();
    this.#epoch = null;
  }

  toggle(level: Level): boolean {
    if (!this.#hidden.delete(level)) this.#hidden.add(level);
    this.#epoch = null;
    return !this.#hidden.has(level);
  }

  get rows(): Row[] {
    const { rows, trimmed, epoch } = this.#feed;
    if (!this.narrows) return rows;
    if (epoch !== this.#epoch || this.#position < trimmed) {
      this.#epoch = epoch;
      this.#matches = [];
      this.#position = trimmed;
    }
    for (let at = this.#position - trimmed; at < rows.length; at++) {
      const row = rows[at];
      if (row && this.#wants(row)) this.#matches.push(row);
    }
    this.#position = trimmed + rows.length;
    const first = rows[0]?.[0] ?? 0;
    if ((this.#matches[0]?.[0] ?? first) < first)
      this.#matches = this.#matches.filter((row) => row[0] >= first);
    return this.#matches;
  }

  #wants([, , kind, text]: Row): boolean {
    return !this.#hidden.has(levelOf(kind)) && (!this.#words || text.toLowerCase().includes(this.#words));
  }
}
