import { attr, h, show, text } from "../dom/dom.ts";
import type { View } from "../view/view.ts";

/** How far the run is, drawn on the picture it is about. */
export function mountProgress(view: View): HTMLElement {
  const { store } = view;
  const [what, remaining, fill] = [h("span"), h("span", "soft"), h("div", "fill")];
  const bar = h(
    "div",
    { class: "bar", role: "progressbar", "aria-label": "Progress", "aria-valuemin": 0, "aria-valuemax": 100 },
    fill,
  );
  const element = h("div", "veil", h("p", "", what, remaining), bar);
  view.paint(["run", "status"], () => {
    const { active, status, run, fraction } = store;
    show(element, active);
    if (!active) return;
    const activeRun = status === "submitting" ? null : run;
    text(what, activeRun?.doing ?? "Submitting");
    text(remaining, activeRun?.pace ?? "");
    const hasFraction = activeRun !== null && fraction !== null;
    attr(bar, "aria-valuenow", hasFraction ? Math.round(fraction * 100) : null);
    bar.classList.toggle("unknown", !hasFraction);
    fill.style.width = hasFraction ? `${fraction * 100}%` : "";
  });
  return element;
}
