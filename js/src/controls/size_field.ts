import { button, h, on } from "../dom/dom.ts";
import type { Parameter } from "../kernel/messages.ts";
import type { Context, Control } from "./field.ts";
import { drawNumber, mountNumberInput } from "./number_field.ts";

/** Width and height in one row, to be swapped for the other orientation. */
export function mountSize(height: Parameter): (context: Context) => Control {
  return ({ view, p: width, touched }) => {
    const [across, down] = [mountNumberInput(view, width), mountNumberInput(view, height)];
    down.setAttribute("aria-label", height.label);
    for (const input of [across, down]) on(input, "blur", touched, view.signal);
    const swap = () => {
      const { store } = view;
      const [a, b] = [store.values.get(width.id), store.values.get(height.id)];
      if (!Array.isArray(a) && !Array.isArray(b)) {
        store.values.edit(width.id, b);
        store.values.edit(height.id, a);
      }
    };
    const swapper = button("", "quiet icon swap", swap, view.signal);
    swapper.setAttribute("aria-label", "Swap width and height");
    swapper.title = "Swap";
    const draw = () => {
      drawNumber(view, width, across);
      drawNumber(view, height, down);
    };
    return {
      element: h("div", "size", across, swapper, down),
      input: across,
      others: [down],
      draw,
    };
  };
}
