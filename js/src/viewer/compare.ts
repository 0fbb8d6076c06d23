import { attr, button, ends, h, on, show } from "../dom/dom.ts";
import { onKey, onKeyUp } from "../dom/keys.ts";
import type { View } from "../view/view.ts";

const BLINK = 700; // ms a picture stays: below three changes a second

export interface Comparison {
  element: HTMLElement;
  readonly on: boolean;
  readonly pictures: { first: string | undefined; second: string | undefined; split: number };
  begin(first: string, second: string): void;
  end(): void;
  /** Moves the divider to a share of the width. */
  wipe(to: number): void;
  key(event: KeyboardEvent): boolean;
  draw(): void;
}

/** Two pictures by a divider that is moved, by one held in place of the other, or by both in turn. */
export function mountComparison(view: View, onChange: () => void): Comparison {
  const { store, signal } = view;
  let pair: [string, string] | null = null;
  let split = 0.5;
  let leftOnly = false; // the left picture alone
  let timer: ReturnType<typeof setInterval> | undefined;
  const leftSelect = h("select", { "aria-label": "Left picture" });
  const rightSelect = h("select", { "aria-label": "Right picture" });
  const divider = h("input", { type: "range", min: 0, max: 100, step: 1, "aria-label": "Divider" });
  const hold = button("Hold for left", "quiet", () => {}, signal);
  const blink = button("Blink", "quiet", () => setBlink(timer === undefined), signal);
  const boxed = (select: HTMLElement) => h("div", "select", select);
  const element = h("div", "bar-row compare", boxed(leftSelect), divider, boxed(rightSelect), hold, blink);
  const turn = (to: boolean) => {
    if (leftOnly === to) return;
    leftOnly = to;
    onChange();
  };
  const setBlink = (to: boolean) => {
    clearInterval(timer);
    timer = to ? setInterval(() => turn(!leftOnly), BLINK) : undefined;
    leftOnly = false;
    onChange();
    attr(blink, "aria-pressed", to);
  };
  ends(signal, () => clearInterval(timer));
  const wipe = (to: number) => {
    split = Math.min(1, Math.max(0, to));
    onChange();
  };
  on(divider, "input", () => wipe(Number(divider.value) / 100), signal);
  const release = () => timer === undefined && turn(false);
  on(hold, "pointerdown", () => turn(true), signal);
  onKey(hold, (event) => isPress(event.key) && turn(true), signal);
  onKeyUp(hold, release, signal);
  for (const name of ["pointerup", "pointercancel", "pointerleave", "blur"] as const)
    on(hold, name, release, signal);
  for (const [index, select] of [leftSelect, rightSelect].entries()) {
    const choose = () => {
      const one = store.gallery.pictures[select.selectedIndex];
      if (!one || !pair) return;
      pair[index] = one.output.id;
      void store.originals.get(one.output.id);
      onChange();
    };
    on(select, "change", choose, signal);
  }
  return {
    element,
    wipe,
    get on() {
      return pair !== null;
    },
    get pictures() {
      return { first: pair?.[0], second: pair?.[1], split: leftOnly ? 1 : timer === undefined ? split : 0 };
    },
    begin: (first, second) => {
      pair = [first, second];
      split = 0.5;
    },
    end: () => {
      pair = null;
      setBlink(false);
    },
    key: ({ key }) => {
      if (!pair || (key !== "ArrowLeft" && key !== "ArrowRight")) return false;
      wipe(split + (key === "ArrowLeft" ? -0.02 : 0.02));
      return true;
    },
    draw: () => {
      show(element, pair !== null);
      if (!pair) return;
      divider.value = String(split * 100);
      divider.style.setProperty("--share", String(split));
      const labels = store.gallery.pictures.map(({ run, place }) => `Run ${run}, picture ${place}`);
      for (const [index, select] of [leftSelect, rightSelect].entries()) {
        if (select.length !== labels.length)
          select.replaceChildren(...labels.map((label) => h("option", "", label)));
        select.selectedIndex = store.gallery.pictures.findIndex((one) => one.output.id === pair?.[index]);
      }
    },
  };
}

const isPress = (key: string) => key === " " || key === "Enter";
