import type { FileItem, Patch, Scalar, Value } from "../kernel/messages.ts";

interface Edit {
  shown: Value;
  sent: Scalar | FileItem[];
  rev: number | null; // null: not sent yet
}

/** What the hand changed and the kernel has not confirmed; it hides the kernel's value until then. */
export class Edits {
  readonly #edits = new Map<string, Edit>();

  get(id: string): Value | undefined {
    return this.#edits.get(id)?.shown;
  }

  has(id: string): boolean {
    return this.#edits.has(id);
  }

  set(id: string, shown: Value, sent: Scalar | FileItem[]): void {
    this.#edits.set(id, { shown, sent, rev: null });
  }

  /** Takes what is not sent yet as one patch under `rev`; null when there is nothing. */
  take(rev: () => number): { rev: number; patch: Patch } | null {
    const waiting = [...this.#edits].filter(([, edit]) => edit.rev === null);
    if (waiting.length === 0) return null;
    const stamp = rev();
    const patch: Patch = {};
    for (const [id, edit] of waiting) {
      edit.rev = stamp;
      patch[id] = edit.sent;
    }
    return { rev: stamp, patch };
  }

  /** Lets the kernel's values through again, but for what `hold` says is still wrong as typed. */
  settle(rev: number, hold: (id: string, shown: Value) => boolean): void {
    for (const [id, edit] of [...this.#edits]) {
      if (edit.rev !== null && edit.rev <= rev && !hold(id, edit.shown)) this.#edits.delete(id);
    }
  }

  /** A value set from Python wins over a typed one that was already sent and answered. */
  drop(ids: Iterable<string>, answered: number): void {
    for (const id of ids) {
      const rev = this.#edits.get(id)?.rev;
      if (rev != null && rev <= answered) this.#edits.delete(id);
    }
  }
}
