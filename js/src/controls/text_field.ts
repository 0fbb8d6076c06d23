import { h, on } from "../dom/dom.ts";
import type { Context, Control } from "./field.ts";

/** One line or, for prompts, a box that grows with what is written in it. */
export function mountText({ view, p, touched }: Context): Control {
  const input = p.kind === "textarea" ? mountBox(p.role === "prompt" ? 3 : 2) : h("input", { type: "text" });
  if (p.json) {
    input.classList.add("code");
    input.spellcheck = false;
  }
  input.placeholder = p.placeholder ?? "";
  input.autocomplete = "off";
  input.required = p.required;
  on(input, "input", () => view.store.values.edit(p.id, input.value), view.signal);
  on(input, "blur", touched, view.signal);
  const draw = () => {
    const value = String(view.store.values.get(p.id) ?? "");
    if (input.value !== value) input.value = value;
    input.classList.toggle("ours", !view.store.values.differs(p));
  };
  return { element: input, input, draw };
}

function mountBox(rows: number): HTMLTextAreaElement {
  return h("textarea", { rows }); // grows by field-sizing, where the browser knows it
}
