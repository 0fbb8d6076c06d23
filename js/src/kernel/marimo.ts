import type { Model } from "./host.ts";

const EDITS = ["values", "file", "model"];

/**
 * marimo runs the cells that use a panel again when the page writes a trait, and at nothing else (its
 * receive_comm_message). So here the page writes one, which nobody reads, once what the hand did has come about. Never for
 * what Python did: a cell that runs the panel would then run it for ever, at a cost.
 */
export class Marimo {
  readonly #model: Pick<Model, "set" | "save_changes"> | null;
  #hasEdit = false;
  #hasRun = false;
  #turn = 0;

  constructor(model: Pick<Model, "set" | "save_changes">) {
    this.#model = globalThis.customElements?.get("marimo-anywidget") ? model : null;
  }

  noteMessage({ type }: { type: string }): void {
    if (EDITS.includes(type)) this.#hasEdit = true;
    if (type === "run") this.#hasRun = true;
  }

  valuesChanged(): void {
    if (this.#hasEdit) this.#wake();
    this.#hasEdit = false;
  }

  runEnded(): void {
    if (this.#hasRun) this.#wake();
    this.#hasRun = false;
  }

  #wake(): void {
    this.#turn += 1;
    this.#model?.set?.("_turn", this.#turn);
    this.#model?.save_changes?.();
  }
}
