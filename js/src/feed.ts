import type { Delta, Heartbeat, Row, Run, Snapshot } from "./messages.ts";

const KEEP = 20_000;
const SLACK = 4_000; // trimmed in one cut, so that a row costs O(1)

/** "gap" asks the caller for a snapshot; nothing was taken from the message. */
export type Outcome = "applied" | "gap";

/** The browser's copy of the kernel's ring; applying a message twice changes nothing. */
export class Feed {
  epoch: string | null = null;
  next = 0;
  dropped = 0;
  rows: Row[] = [];
  run: Run | null = null;

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
    if (message.run !== undefined) this.run = message.run;
    return "applied";
  }

  snapshot(message: Snapshot): void {
    if (message.epoch === this.epoch && message.next < this.next) return;
    this.#restart(message.epoch);
    this.#append(message.rows);
    this.next = message.next;
    this.dropped = message.dropped;
    this.run = message.run;
  }

  /** Whether the kernel's heartbeat tells of rows or of a ring that are not here. */
  behind(beat: Heartbeat | Record<string, never> | undefined): boolean {
    if (!beat?.epoch) return false;
    return beat.epoch !== this.epoch || beat.head > this.next;
  }

  #restart(epoch: string): void {
    this.epoch = epoch;
    this.next = 0;
    this.dropped = 0;
    this.rows = [];
    this.run = null;
  }

  #append(rows: Row[]): void {
    for (const row of rows) if (row[0] >= this.next) this.rows.push(row);
    if (this.rows.length > KEEP + SLACK) this.rows = this.rows.slice(-KEEP);
  }
}
