import { button, h, on } from "../dom/dom.ts";
import { parse, randomSeed } from "../state/rules.ts";
import type { Context, Control } from "./field.ts";

/** A seed is text here and on the wire: it may be longer than a double is exact. */
export function mountSeed({ view, p, touched }: Context): Control {
  const input = h("input", {
    type: "text",
    inputmode: "numeric",
    autocomplete: "off",
    class: "number",
    placeholder: p.placeholder ?? "Random each time",
    "aria-required": p.required,
  });
  const edit = (typed: string) => {
    view.store.values.edit(p.id, parse({ ...p, role: "seed" }, typed));
    touched();
  };
  on(input, "input", () => edit(input.value), view.signal);
  const random = button("Random", "link", () => edit(randomSeed(p)), view.signal);
  random.setAttribute("aria-label", "Random seed");
  const draw = () => {
    const value = String(view.store.values.get(p.id) ?? "");
    if (input.value.trim() !== value) input.value = value;
  };
  return { element: input, input, aside: random, draw };
}
