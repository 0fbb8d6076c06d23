import type { Timers } from "../dom/timers.ts";
import type { Link } from "../kernel/link.ts";
import type { Run, RunSummary, Scalar, Status } from "../kernel/messages.ts";
import type { Feed } from "./feed.ts";

export const TWICE = 400; // ms within which a second press belongs to a double click
const TAKEN = 2_000; // ms after the reply in which a Run that was taken shows up

const ACTIVE: Status[] = ["submitting", "queued", "running", "finishing"];

export const isActive = (status: Status) => ACTIVE.includes(status);

/** The panel's runs: those the kernel tells of, and the one whose Run is on its way there. */
export class Runs {
  /** Why the last Run or file was refused, when no field is to blame. */
  refusal: string | null = null;
  /** From the press until the kernel tells of the new run. */
  submitting = false;
  readonly #feed: Feed;
  readonly #link: Link;
  readonly #timers: Timers;
  readonly #onChange: () => void;
  readonly #stopping = new Set<number>();
  #rev: number | null = null; // of a Run that is not answered yet
  #before = 0; // the newest run when Run was pressed
  #pressed = Number.NEGATIVE_INFINITY;

  constructor(feed: Feed, link: Link, timers: Timers, onChange: () => void) {
    this.#feed = feed;
    this.#link = link;
    this.#timers = timers;
    this.#onChange = onChange;
  }

  get list(): RunSummary[] {
    return this.#feed.runs;
  }

  get activeCount(): number {
    return this.list.filter((run) => isActive(run.status)).length;
  }

  /** A Run that is not answered may still be billed: until then another press could only mean the same one. */
  get pending(): boolean {
    return this.#rev !== null;
  }

  /** False for the second press of a double click. */
  start(values: Record<string, Scalar>, times: number): boolean {
    const now = performance.now();
    if (this.pending || now - this.#pressed < TWICE) return false;
    this.#pressed = now;
    this.#timers.cancel("submitting");
    const rev = this.#link.nextRev();
    this.refusal = null;
    this.#before = this.newest;
    this.submitting = this.#link.send({ type: "run", rev, values, times });
    this.#rev = this.submitting ? rev : null;
    this.#onChange();
    return true;
  }

  refuse(reason: string | null): void {
    this.refusal = reason;
    this.#onChange();
  }

  stop(run: number | null): void {
    if (this.#link.send({ type: "stop", run }) && run !== null) this.#stopping.add(run);
    this.#onChange();
  }

  stopping(run: number): boolean {
    return this.#stopping.has(run);
  }

  show(run: number): void {
    if (run !== this.#feed.run?.number) this.#link.send({ type: "show", run });
  }

  /** The kernel told something about its runs. */
  update(): void {
    if (this.newest > this.#before) this.#end();
    for (const run of this.list) if (!isActive(run.status)) this.#stopping.delete(run.number);
    const run = this.#feed.run;
    if (run && !isActive(run.status)) this.#stopping.delete(run.number);
  }

  answer(rev: number, error: string | null): void {
    if (rev !== this.#rev) return;
    this.#rev = null;
    this.refusal = error;
    if (error !== null) this.#end();
    // Taken, but nothing came of it.
    else if (this.submitting) this.#timers.set("submitting", TAKEN, () => this.#end());
  }

  /** What was under way when the kernel went is unknown. */
  fail(): void {
    this.#rev = null;
    this.#end();
  }

  /** The number of the newest run that is known. */
  get newest(): number {
    const run: Run | null = this.#feed.run;
    return Math.max(run?.number ?? 0, this.list.at(-1)?.number ?? 0);
  }

  #end(): void {
    this.#timers.cancel("submitting");
    if (!this.submitting) return;
    this.submitting = false;
    this.#onChange();
  }
}
