import { attr, button, ends, h, on, show, text } from "../dom/dom.ts";
import { seconds } from "../dom/format.ts";
import { GOES_ON, GONE, QUIET } from "../kernel/strings.ts";
import { isActive } from "../state/runs.ts";
import type { Store } from "../state/store.ts";
import { statusWord } from "./status_text.ts";
import type { View } from "./view.ts";

const MOST = 50; // runs of one press (panel_runs.py)

/** Run and, beside it while there is something to stop, Stop: the second of two clicks never ends what the first began. */
export function mountActions(view: View, run: () => void): HTMLElement {
  const { store, signal } = view;
  const start = button("Run", "primary", run, signal);
  attr(start, "aria-keyshortcuts", "Control+Enter Meta+Enter");
  const stop = button("Stop", "stop", () => stopShown(store), signal);
  const aside = h("span", "aside");
  const about = { "aria-label": "How many runs", title: "How many runs; the seed counts up" };
  const times = h("input", { type: "number", min: 1, max: MOST, value: 1, ...about });
  on(
    times,
    "input",
    () => {
      store.times = Math.max(1, Math.min(MOST, Math.trunc(times.valueAsNumber) || 1));
      store.topics.emit("values");
    },
    signal,
  );
  on(times, "change", () => (times.value = String(store.times)), signal);
  const repeat = h("label", "times", "×", times);
  const trouble = h("p", { class: "trouble", role: "alert" });
  const keys = h("kbd", "", /Mac|iP/.test(navigator.platform) ? "⌘ Enter" : "Ctrl Enter");
  view.paint(["status", "run", "values", "link"], () => {
    const { active } = store;
    const isLost = store.link.state === "lost";
    attr(start, "aria-disabled", store.runs.pending || isLost);
    // The key that stopped a run does not start the next one: the focus goes to Run only once Stop is gone.
    show(stop, active, start);
    text(start, store.count > 1 ? `Run ${store.count.toLocaleString("en")}` : "Run");
    show(keys, !active);
    show(repeat, (store.axes.runs ?? 1) === 1);
    text(stop, store.stopping ? "Stopping" : "Stop");
    attr(stop, "aria-disabled", store.stopping);
    const words = troubleOf(store);
    text(trouble, words);
    show(trouble, words !== "");
    trouble.classList.toggle("patient", words === QUIET);
    text(aside, asideOf(store));
    aside.dataset.status = isLost ? "unknown" : store.status;
    aside.title = (!active && store.outlook.reason) || "";
  });
  ticking(view, () => text(aside, asideOf(store)));
  return h("div", "act", start, repeat, stop, aside, keys, trouble);
}

function stopShown(store: Store): void {
  // A Run on its way there will be the shown one by the time the kernel reads this.
  if (!store.stopping) store.runs.stop(store.runs.submitting ? null : (store.run?.number ?? null));
}

function troubleOf(store: Store): string {
  if (store.link.state === "lost") return isActive(store.status) ? `${GONE} ${GOES_ON}` : GONE;
  return store.link.state === "waiting" ? QUIET : (store.runs.refusal ?? "");
}

function asideOf(store: Store): string {
  const { run } = store;
  if (store.active) {
    const hasRun = run !== null && store.status !== "submitting";
    return hasRun ? `${statusWord(store).toLowerCase()} ${seconds(store.elapsed, true)}` : "";
  }
  const which = store.runs.list.length > 1 ? `run ${run?.number}` : "last run";
  // A run that has a price is done; of the others this line says how they stand, when the header is out of sight.
  const ended = run && store.status !== "idle" ? (run.price ?? statusWord(store).toLowerCase()) : "";
  const each = store.outlook.price;
  const price = each && store.count > 1 && store.axes.runs === 1 ? `${store.count} × ${each}` : each;
  return [price, ended && `${which}: ${ended}`].filter(Boolean).join(" · ");
}

/** Redraws while a run is active, by this page's clock. */
export function ticking(view: View, draw: () => void): void {
  const timer = setInterval(() => view.store.active && view.schedule(draw), 250);
  ends(view.signal, () => clearInterval(timer));
}
