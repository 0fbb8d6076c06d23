import type { Sent, Traits } from "./messages.ts";

/** What we use of the model a host hands us, `T` its traits and `S` what it sends: Backbone in Jupyter, marimo's own elsewhere. */
export interface Model<T = Traits, S = Sent> {
  get<K extends keyof T>(name: K): T[K] | undefined;
  on(event: string, listener: (...args: never[]) => void): void;
  off(event: string, listener: (...args: never[]) => void): void;
  send(content: S, callbacks?: unknown, buffers?: ArrayBuffer[]): void;
  set?(name: string, value: unknown): void;
  save_changes?(): void;
}

/** Whether this page was exported with the state of its widgets, so that most likely nobody is there to answer. */
export function isExport(): boolean {
  const state = "script[type='application/vnd.jupyter.widget-state+json']";
  return globalThis.document?.querySelector(state) != null;
}

export function randomId(): string {
  // crypto.randomUUID needs a secure context, and a notebook server on a LAN address is none.
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
