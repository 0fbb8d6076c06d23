import { attr, h, show, text } from "../dom.ts";
import type { Run, Status } from "../messages.ts";
import type { View } from "../view.ts";

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
    text(what, doing(status, run));
    text(left, status === "submitting" ? "" : remaining(run));
    const known = status !== "submitting" && fraction !== null;
    attr(bar, "aria-valuenow", known ? Math.round(fraction * 100) : null);
    bar.classList.toggle("unknown", !known);
    fill.style.width = known ? `${fraction * 100}%` : "";
  });
  return element;
}

function doing(status: Status, run: Run | null): string {
  if (status === "submitting") return "Submitting";
  if (status === "queued") return "Waiting for a worker";
  if (status === "finishing") return "Finishing";
  const stage = run?.stages.findLast((one) => one.end === null)?.name;
  const { step, total } = run?.progress ?? {};
  if (stage === "Prepare") return "Preparing";
  return step != null && total != null ? `Generating · step ${step} of ${total}` : "Generating";
}

function remaining(run: Run | null): string {
  const { speed, left } = run?.progress ?? {};
  return [speed, left ? `${left} left` : null].filter(Boolean).join(" · ");
}
