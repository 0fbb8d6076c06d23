import { h, on } from "../dom/dom.ts";
import type { Context, Control } from "./field.ts";

export function mountBoolean({ view, p, touched }: Context): Control {
  const input = h("input", { type: "checkbox" });
  on(input, "change", () => view.store.values.edit(p.id, input.checked), view.signal);
  on(input, "blur", touched, view.signal);
  const draw = () => {
    const value = view.store.values.get(p.id);
    input.checked = !["", "0", "false", "null"].includes(String(value).toLowerCase());
  };
  return { element: h("label", "check", input, p.label), input, draw };
}
