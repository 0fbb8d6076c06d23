import { attr, button, h, on, show, text } from "./dom.ts";
import { dollars, seconds } from "./format.ts";
import type { Store } from "./store.ts";
import type { View } from "./view.ts";
import { statusWord } from "./words.ts";

const GONE = "The kernel does not answer. Run the cell again.";
const QUIET = "No answer from the kernel yet. It may be busy; if it was restarted, run the cell again.";

/** Run and, beside it while there is something to stop, Stop: the second of two clicks never ends what the first began. */
export function mountActions(view: View, run: () => void): HTMLElement {
  const { store, signal } = view;
  const start = button("Run", "primary", () => store.active || run(), signal);
  attr(start, "aria-keyshortcuts", "Control+Enter Meta+Enter");
  const stop = button("Stop", "stop", () => store.stop(), signal);
  const aside = h("span", { class: "aside" });
  const trouble = h("p", { class: "trouble", role: "alert" });
  const keys = h("kbd", {}, /Mac|iP/.test(navigator.platform) ? "⌘ Enter" : "Ctrl Enter");
  view.paint(["status", "run", "values", "link"], () => {
    const { active } = store;
    attr(start, "aria-disabled", active ? "true" : null);
    show(stop, active);
    show(keys, !active);
    text(stop, store.stopping ? "Stopping" : "Stop");
    attr(stop, "aria-disabled", store.stopping ? "true" : null);
    const words = troubleOf(store);
    text(trouble, words);
    show(trouble, words !== "");
    trouble.classList.toggle("patient", words === QUIET);
    text(aside, asideOf(store));
  });
  ticking(view, () => text(aside, asideOf(store)));
  on(stop, "click", () => start.focus(), signal);
  return h("div", { class: "act" }, start, stop, aside, keys, trouble);
}

function troubleOf(store: Store): string {
  if (store.link.state === "lost") return GONE;
  return store.link.state === "waiting" ? QUIET : (store.refusal ?? "");
}

function asideOf(store: Store): string {
  const { run } = store;
  if (store.active) {
    const known = run !== null && store.status !== "submitting";
    return known ? `${statusWord(store).toLowerCase()} ${seconds(store.elapsed, true)}` : "";
  }
  if (!run) return "";
  if (run.cost === null) return "";
  return run.cost === 0 ? "the last run was free" : `last run ${dollars(run.cost)}`;
}

/** Redraws while a run is active, by this page's clock. */
export function ticking(view: View, draw: () => void): void {
  const timer = setInterval(() => view.store.active && view.schedule(draw), 250);
  view.signal.addEventListener("abort", () => clearInterval(timer), { once: true });
}
