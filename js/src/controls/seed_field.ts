import { attr, button, h, icon, on } from "../dom/dom.ts";
import { parse, randomSeed } from "../state/rules.ts";
import type { Context, Control } from "./field.ts";

/** A seed is text here and on the wire: it may be longer than a double is exact. */
export function mountSeed({ view, p, touched }: Context): Control {
  const { store } = view;
  const input = h("input", {
    type: "text",
    inputmode: "numeric",
    autocomplete: "off",
    class: "number",
    placeholder: p.placeholder ?? "Random each time",
    "aria-required": p.required,
  });
  const edit = (typed: string) => {
    store.values.edit(p.id, parse({ ...p, role: "seed" }, typed));
    touched();
  };
  on(input, "input", () => edit(input.value), view.signal);
  const random = button("Random", "link", () => edit(randomSeed(p)), view.signal);
  random.setAttribute("aria-label", "Random seed");
  const up = icon("count-up", "Count the seed up with each run", () => lock(!store.axes.locked), view.signal);
  const lock = (on: boolean) => void store.questions.ask({ type: "lock", on });
  const draw = () => {
    attr(up, "aria-pressed", store.axes.locked === false);
    const value = String(store.values.get(p.id) ?? "");
    if (input.value.trim() !== value) input.value = value;
  };
  return { element: h("div", "with-button", input, up), input, aside: random, draw };
}
