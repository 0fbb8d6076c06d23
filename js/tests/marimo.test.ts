import { afterEach, describe, expect, it, vi } from "vitest";
import type { Model } from "../src/kernel/host.ts";
import { Marimo } from "../src/kernel/marimo.ts";
import type { Up } from "../src/kernel/messages.ts";

function inMarimo(there: boolean) {
  vi.stubGlobal("customElements", {
    get: (name: string) => (there && name === "marimo-anywidget" ? class {} : undefined),
  });
  const written: unknown[] = [];
  const set = (name: string, value: unknown) => written.push([name, value]);
  const marimo = new Marimo({ set, save_changes: () => written.push("saved") } as unknown as Model);
  const sent = (type: Up["type"]) => marimo.noteMessage({ type } as Up);
  return { marimo, sent, written };
}

afterEach(() => vi.unstubAllGlobals());

describe("marimo", () => {
  it("hears of an edit once it has come about", () => {
    const { marimo, sent, written } = inMarimo(true);
    sent("values");
    expect(written).toEqual([]);
    marimo.valuesChanged();
    expect(written).toEqual([["_turn", 1], "saved"]);
  });

  it("hears of the end of a run that the hand started", () => {
    const { marimo, sent, written } = inMarimo(true);
    sent("run");
    marimo.runEnded();
    marimo.runEnded();
    expect(written).toEqual([["_turn", 1], "saved"]);
  });

  it("hears nothing of what Python does, or a cell that runs the panel would do so for ever", () => {
    const { marimo, sent, written } = inMarimo(true);
    sent("sync");
    marimo.valuesChanged();
    marimo.runEnded();
    expect(written).toEqual([]);
  });

  it("writes no trait in another host", () => {
    const { marimo, sent, written } = inMarimo(false);
    sent("values");
    marimo.valuesChanged();
    expect(written).toEqual([]);
  });
});
