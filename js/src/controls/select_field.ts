import { h, on } from "../dom/dom.ts";
import type { Parameter, Scalar } from "../kernel/messages.ts";
import type { Context, Control } from "./field.ts";

/** The options, and the value itself when it is none of them: catalogues have defaults outside their own lists. */
export function mountSelect({ view, p, touched }: Context): Control {
  const input = h("select");
  let drawnKey = "";
  on(
    input,
    "change",
    () =>
      view.store.values.edit(
        p.id,
        choices(p, view.store.values.get(p.id) as Scalar)[input.selectedIndex]?.value ?? null,
      ),
    view.signal,
  );
  on(input, "blur", touched, view.signal);
  const draw = () => {
    const value = view.store.values.get(p.id) as Scalar;
    const all = choices(p, value);
    const key = JSON.stringify(all);
    if (key !== drawnKey) input.replaceChildren(...all.map((option) => h("option", "", option.label)));
    drawnKey = key;
    input.selectedIndex = all.findIndex((option) => matches(option.value, value));
  };
  return { element: h("div", "select", input), input, draw };
}

const matches = (a: Scalar, b: Scalar) => String(a ?? "") === String(b ?? "");

function choices(p: Parameter, value: Scalar): { value: Scalar; label: string }[] {
  const all = p.options.map((option) => ({
    value: option.value,
    label: option.label || String(option.value ?? "") || "Automatic",
  }));
  const empty = all.some((option) => matches(option.value, null));
  if (!empty && (!p.required || matches(value, null))) all.unshift({ value: null, label: "Not set" });
  if (!all.some((option) => matches(option.value, value))) all.push({ value, label: String(value) });
  return all;
}
