import { attr, h, on } from "../dom/dom.ts";
import { onKey } from "../dom/keys.ts";
import type { Parameter, Scalar, Value } from "../kernel/messages.ts";
import { parse, stepped } from "../state/rules.ts";
import type { View } from "../view/view.ts";
import type { Context, Control } from "./field.ts";

/** Text rather than type=number: wrong input stays readable, a wheel changes nothing, big integers keep their digits. */
export function mountNumber({ view, p, touched }: Context): Control {
  const input = mountNumberInput(view, p);
  on(input, "blur", touched, view.signal);
  return { element: input, input, draw: () => drawNumber(view, p, input) };
}

export function mountNumberInput(view: View, p: Parameter, after = () => {}): HTMLInputElement {
  const input = h("input", {
    type: "text",
    inputmode: p.integer ? "numeric" : "decimal",
    role: "spinbutton",
    autocomplete: "off",
    class: "number",
    placeholder: p.placeholder,
    "aria-required": p.required,
    "aria-valuemin": p.minimum,
    "aria-valuemax": p.maximum,
  });
  const edit = (value: Scalar) => {
    view.store.values.edit(p.id, value);
    after();
  };
  on(input, "input", () => edit(parse(p, input.value)), view.signal);
  on(input, "blur", () => (input.value = display(view.store.values.get(p.id))), view.signal);
  onKey(input, (event) => step(view, p, event, edit), view.signal);
  return input;
}

export function drawNumber(view: View, p: Parameter, input: HTMLInputElement): void {
  const value = view.store.values.get(p.id);
  attr(input, "aria-valuenow", typeof value === "number" ? value : null);
  // "20." says the same as 20: what is being typed is left alone.
  if (parse(p, input.value) !== value) input.value = display(value);
}

function step(view: View, p: Parameter, event: KeyboardEvent, edit: (value: Scalar) => void): void {
  const steps = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
  const value = view.store.values.get(p.id);
  if (!steps || (typeof value !== "number" && value !== null)) return;
  event.preventDefault();
  edit(stepped(p, value ?? p.minimum ?? 0, steps));
}

function display(value: Value): string {
  return String(value ?? "");
}
