import { h, on } from "../dom/dom.ts";
import { isOn } from "../state/rules.ts";
import type { Context, Control } from "./field.ts";

export function mountBoolean({ view, p, touched }: Context): Control {
  const input = h("input", { type: "checkbox" });
  on(input, "change", () => view.store.values.edit(p.id, input.checked), view.signal);
  on(input, "blur", touched, view.signal);
  const draw = () => {
    input.checked = isOn(view.store.values.get(p.id));
  };
  return { element: h("label", "check", input, p.label), input, draw };
}
