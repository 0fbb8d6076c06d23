import { attr, h, on } from "../dom/dom.ts";
import { stepped } from "../state/rules.ts";
import type { Context, Control } from "./field.ts";
import { drawNumber, mountNumberInput } from "./number_field.ts";

/** The number is the field's input; the slider is a second hand on it. */
export function mountSlider({ view, p, touched }: Context): Control {
  const input = mountNumberInput(view, p);
  const range = h("input", {
    type: "range",
    min: p.minimum,
    max: p.maximum,
    step: p.step,
    "aria-label": `${p.label}, slider`,
  });
  on(range, "input", () => view.store.values.edit(p.id, stepped(p, Number(range.value), 0)), view.signal);
  on(input, "blur", touched, view.signal);
  const draw = () => {
    drawNumber(view, p, input);
    const low = p.minimum ?? 0;
    const value = Number(view.store.values.get(p.id) ?? low); // not set: at its low end
    if (Number.isFinite(value) && Number(range.value) !== value) range.value = String(value);
    const share = (Number(range.value) - low) / ((p.maximum ?? 1) - low);
    range.style.setProperty("--share", String(share));
    attr(range, "aria-valuetext", String(view.store.values.get(p.id) ?? "not set"));
  };
  return { element: h("div", "slider", range, input), input, others: [range], draw };
}
