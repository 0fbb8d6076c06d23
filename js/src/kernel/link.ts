import type { Timers } from "../dom/timers.ts";
import { isExport, type Model, randomId } from "./host.ts";
import { Marimo } from "./marimo.ts";
import type { Up } from "./messages.ts";

const PATIENCE = 8_000; // ms without any word from the kernel before that is said
const FIRST = 3_000; // the same before its first word
const EXPORTED = 300;

type Sender<M> = Pick<Model<object, M & { v: 1; client: string }>, "send" | "set" | "save_changes">;

/** The way to the kernel, and whether anybody is at its other end. */
export class Link<M extends { type: string } = Up> {
  readonly client = randomId();
  readonly marimo: Marimo;
  /** "waiting": nothing came back yet; "lost": the message could not even be sent. */
  state: "ok" | "waiting" | "lost" = "ok";
  /** Whether the kernel ever said anything in this page. */
  hasAnswered = false;
  readonly #model: Sender<M>;
  readonly #timers: Timers;
  readonly #onChange: () => void;
  #rev = 0;

  constructor(model: Sender<M>, timers: Timers, onChange: () => void) {
    this.#model = model;
    this.marimo = new Marimo(model);
    this.#timers = timers;
    this.#onChange = onChange;
  }

  send(message: M, bytes?: ArrayBuffer): boolean {
    try {
      this.#model.send({ ...message, v: 1, client: this.client }, undefined, bytes ? [bytes] : []);
    } catch {
      // A disposed comm throws: the kernel was restarted or is gone.
      this.#become("lost");
      return false;
    }
    this.marimo.noteMessage(message);
    if (!this.#timers.has("patience")) {
      const patience = this.hasAnswered ? PATIENCE : isExport() ? EXPORTED : FIRST;
      this.#timers.set("patience", patience, () => this.#become("waiting"));
    }
    return true;
  }

  /** Counts what questions for a reply. */
  nextRev(): number {
    this.#rev += 1;
    return this.#rev;
  }

  /** The kernel said something, whatever it was. */
  noteAnswer(): void {
    this.hasAnswered = true;
    this.#timers.cancel("patience");
    this.#become("ok");
  }

  #become(state: Link["state"]): void {
    if (this.state === state) return;
    this.state = state;
    this.#onChange();
  }
}
