import type {
  Board,
  Cell,
  Conversation,
  Delta,
  Heartbeat,
  Row,
  Run,
  RunSummary,
  Snapshot,
} from "../kernel/messages.ts";

const KEEP = 100_000; // rows
const MOST = 32_000_000; // characters
const SLACK = 10_000; // trimmed in one cut, so that a row costs O(1)

/** "gap" questions the caller for a snapshot; nothing was taken from the message. */
export type Outcome = "applied" | "gap";

/** The browser's copy of the kernel's ring; applying a message twice changes nothing. */
export class Feed {
  epoch: string | null = null;
  next = 0;
  dropped = 0;
  rows: Row[] = [];
  /** How many rows were here and are not any more: what tells where `rows` begins. */
  trimmed = 0;
  run: Run | null = null;
  runs: RunSummary[] = [];
  board: Board | null = null;
  talk: Conversation | null = null;
  readonly cells = new Map<number, Cell>();
  #characters = 0;

  delta(message: Delta): Outcome {
    if (message.epoch !== this.epoch) {
      if (message.first > 0) return "gap";
      this.#restart(message.epoch);
    }
    if (message.first > this.next) return "gap";
    if (message.next < this.next) return "applied";
    this.#append(message.rows);
    this.next = message.next;
    this.dropped = Math.max(this.dropped, message.dropped);
    this.#hear(message);
    return "applied";
  }

  snapshot(message: Snapshot): void {
    const same = message.epoch === this.epoch;
    if (same && message.next < this.next) return;
    // Older rows than the kernel still has are kept where nothing is missing between.
    if (!same || message.first > this.next) this.#restart(message.epoch);
    this.#append(message.rows);
    this.next = message.next;
    this.dropped = message.dropped;
    this.#hear(message);
  }

  /** Whether the kernel's heartbeat tells of rows or of a ring that are not here. */
  behind(beat: Heartbeat | Record<string, never> | undefined): boolean {
    if (!beat?.epoch) return false;
    return beat.epoch !== this.epoch || beat.head > this.next;
  }

  /** A sweep's outputs are those of its cells, which are told as they come. */
  #hear({ run = this.run, runs = this.runs, board, cells = [], talk }: Delta | Snapshot): void {
    this.run = run;
    this.runs = runs;
    if (board) this.board = board;
    if (talk) this.talk = talk;
    for (const cell of cells) this.cells.set(cell.index, cell);
    if (run && this.board?.run === run.number)
      run.outputs = [...this.cells.values()]
        .sort((a, b) => a.index - b.index)
        .flatMap((cell) => cell.outputs);
  }

  #restart(epoch: string): void {
    this.epoch = epoch;
    this.next = 0;
    this.dropped = 0;
    this.rows = [];
    this.trimmed = 0;
    this.#characters = 0;
    this.run = null;
    this.board = null;
    this.talk = null;
    this.cells.clear();
  }

  #append(rows: Row[]): void {
    for (const row of rows) {
      if (row[0] < this.next) continue;
      this.rows.push(row);
      this.#characters += row[3].length;
    }
    if (this.rows.length > KEEP + SLACK) this.#trim(this.rows.length - KEEP);
    while (this.#characters > MOST && this.rows.length > 1) this.#trim(Math.ceil(this.rows.length / 10));
  }

  #trim(count: number): void {
    for (const row of this.rows.slice(0, count)) this.#characters -= row[3].length;
    this.rows = this.rows.slice(count);
    this.trimmed += count;
  }
}
