import type { Output, Run } from "../kernel/messages.ts";
import { kindOf } from "./output_kind.ts";

const KEEP = 24; // pictures of earlier runs, to compare with

export interface RunPicture {
  output: Output;
  run: number;
  /** Among the pictures of its run, from 1. */
  place: number;
}

/** The pictures seen so far, newest last; they outlive the run that made them. */
export class Gallery {
  #entries: RunPicture[] = [];

  get pictures(): RunPicture[] {
    return this.#entries;
  }

  take({ number, outputs }: Run): void {
    const own = outputs.filter((output) => kindOf(output) === "picture");
    const others = this.#entries.filter((one) => one.run !== number);
    this.#entries = [...others, ...own.map((output, at) => ({ output, run: number, place: at + 1 }))]
      .sort((a, b) => a.run - b.run)
      .slice(-Math.max(KEEP, own.length));
  }

  find(id: string): RunPicture | undefined {
    return this.#entries.find((one) => one.output.id === id);
  }
}
