import { attr, h, show, text } from "../dom/dom.ts";
import type { View } from "../view/view.ts";

/** How far the run is, drawn on the picture it is about. */
export function mountProgress(view: View): HTMLElement {
  const { store } = view;
  const [what, left, fill] = [h("span"), h("span", "soft"), h("div", "fill")];
  const bar = h(
    "div",
    { class: "bar", role: "progressbar", "aria-label": "Progress", "aria-valuemin": 0, "aria-valuemax": 100 },
    fill,
  );
  const element = h("div", "veil", h("p", "", what, left), bar);
  view.paint(["run", "status"], () => {
    const { active, status, run, fraction } = store;
    show(element, active);
    if (!active) return;
    const told = status === "submitting" ? null : run;
    text(what, told?.doing ?? "Submitting");
    text(left, told?.pace ?? "");
    const known = told !== null && fraction !== null;
    attr(bar, "aria-valuenow", known ? Math.round(fraction * 100) : null);
    bar.classList.toggle("unknown", !known);
    fill.style.width = known ? `${fraction * 100}%` : "";
  });
  return element;
}
