import { ends, h, text } from "../dom/dom.ts";
import type { Store } from "../state/store.ts";
import type { Topic, Topics } from "../state/topics.ts";

/** One drawing of the store. Everything in it ends with its signal. */
export interface View<S = Store, T extends string = Topic> {
  store: S;
  signal: AbortSignal;
  /** The one polite region of the panel: what is written here is read out. */
  voice: HTMLElement;
  /** Draws now, and again in the next frame after any of these topics. */
  paint(topics: T[], draw: () => void): void;
  /** Draws in the next frame, however often it is asked. */
  schedule(draw: () => void): void;
}

/** Applying goes on in a hidden tab; only drawing waits for its frame. */
export function createView<S extends { topics: Topics<T> }, T extends string>(
  store: S,
  signal: AbortSignal,
  fail: (error: unknown) => void,
): View<S, T> {
  const dirty = new Set<() => void>();
  let frame = 0;
  const drawAll = () => {
    frame = 0;
    const draws = [...dirty];
    dirty.clear();
    try {
      for (const draw of draws) draw();
    } catch (error) {
      fail(error);
    }
  };
  const schedule = (draw: () => void) => {
    if (signal.aborted) return;
    dirty.add(draw);
    frame ||= requestAnimationFrame(drawAll);
  };
  ends(signal, () => cancelAnimationFrame(frame));
  const paint = (topics: T[], draw: () => void) => {
    draw();
    store.topics.on(topics, () => schedule(draw), signal);
  };
  const voice = h("p", { class: "unseen", role: "status" });
  return { store, signal, voice, paint, schedule };
}

/** The same store, ending earlier: what is inside a form ends when the form is replaced. */
export function within(view: View, signal: AbortSignal): View {
  const both = AbortSignal.any([view.signal, signal]);
  return {
    ...view,
    signal: both,
    paint(topics, draw) {
      draw();
      const guarded = () => both.aborted || draw();
      view.store.topics.on(topics, () => view.schedule(guarded), both);
    },
  };
}

/** Shows words where they belong, and has them read out. */
export function say({ voice }: Pick<View, "voice">, element: HTMLElement, words: string, bad = false): void {
  text(element, words);
  element.classList.toggle("bad", bad);
  if (words) text(voice, words);
}
