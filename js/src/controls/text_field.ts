import { h, on } from "../dom/dom.ts";
import { mountPromptHistory } from "../view/prompt_history.ts";
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
  const history = p.role === "prompt" ? mountPromptHistory(view, p, input) : null;
  const edit = () => {
    view.store.values.edit(p.id, input.value);
    history?.typed();
  };
  on(input, "input", edit, view.signal);
  on(input, "blur", touched, view.signal);
  const draw = () => {
    const value = String(view.store.values.get(p.id) ?? "");
    input.classList.toggle("ours", !view.store.values.differs(p));
    if (input.value === value) return;
    input.value = value;
    history?.follow();
  };
  if (!history) return { element: input, input, draw };
  return { element: h("div", "", input, history.list), input, aside: history.opener, draw };
}

function mountBox(rows: number): HTMLTextAreaElement {
  return h("textarea", { rows }); // grows by field-sizing, where the browser knows it
}
