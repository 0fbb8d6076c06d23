import { attr, button, h, on, show } from "../dom/dom.ts";
import type { Parameter } from "../kernel/messages.ts";
import { axisOf } from "../state/values.ts";
import type { View } from "../view/view.ts";

export interface Vary {
  toggle: HTMLElement;
  element: HTMLElement;
  inputs: HTMLElement[];
  /** Whether the field is varied now. */
  draw(): boolean;
}

/** Turns a field into an axis, whose values are typed; files are their own list. */
export function mountVary(view: View, parameters: Parameter[], label: string): Vary {
  const { signal, store } = view;
  const { values } = store;
  let justOpened = false;
  const varied = () => parameters.some((p) => values.isAxis(p));
  const typed = parameters
    .filter((p) => p.kind !== "file")
    .map((p) => {
      const rows = p.role === "prompt" ? 3 : 1;
      const words = { placeholder: p.example, "aria-label": `${p.label}, values` };
      const input = h("textarea", { rows, spellcheck: "false", ...words });
      on(input, "input", () => values.edit(axisOf(p), input.value), signal);
      return { p, input };
    });
  const inputs = typed.map(({ input }) => input);
  const toggle = button("Vary", "link vary", () => set(!varied()), signal);
  toggle.title = `Run with several values of ${label.toLowerCase()}`;
  const set = (to: boolean) => {
    justOpened = to;
    for (const p of parameters) values.edit(axisOf(p), to || null);
    values.flush();
  };
  const element = h("div", "axes");
  const draw = () => {
    const on = varied();
    attr(toggle, "aria-pressed", on);
    show(element, on && inputs.length > 0, toggle);
    if (on !== element.hasChildNodes()) element.replaceChildren(...(on ? inputs : []));
    for (const { p, input } of typed) {
      const text = values.get(axisOf(p));
      // Until Python has said how the axis begins, with what the control holds.
      const words = String(typeof text === "string" ? text : (values.get(p.id) ?? ""));
      if (input.value !== words) input.value = words;
    }
    if (on && justOpened) inputs[0]?.focus();
    justOpened = false;
    return on;
  };
  return { toggle, element, inputs, draw };
}
