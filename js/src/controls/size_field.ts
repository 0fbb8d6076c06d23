import { attr, button, h, icon, on, show } from "../dom/dom.ts";
import type { Parameter } from "../kernel/messages.ts";
import { areaOf, RATIOS, ratioName, type Size, sideOf, sizeLike, sizeOf } from "../state/sizes.ts";
import type { Context, Control } from "./field.ts";
import { drawNumber, mountNumberInput } from "./number_field.ts";

/** Width and height in one row: by number, by ratio, turned, with the ratio locked, or like the input picture. */
export function mountSize(height: Parameter): (context: Context) => Control {
  return ({ view, p: width, touched }) => {
    const { store, signal } = view;
    const { values } = store;
    let locked = 0; // the ratio that stays; 0 for none
    const size = (): Size => [Number(values.get(width.id)), Number(values.get(height.id))];
    const set = ([w, h]: Size) => {
      values.edit(width.id, w);
      values.edit(height.id, h);
      if (locked) locked = w / h;
    };
    const follow = (from: Parameter) => {
      const [w, h] = size();
      if (!locked || !(from === width ? w > 0 : h > 0)) return;
      if (from === width) values.edit(height.id, sideOf(height, w / locked));
      else values.edit(width.id, sideOf(width, h * locked));
    };
    const across = mountNumberInput(view, width, () => follow(width));
    const down = mountNumberInput(view, height, () => follow(height));
    attr(down, "aria-label", height.label);
    for (const input of [across, down]) on(input, "blur", touched, signal);
    const swap = () => {
      const [a, b] = [values.get(width.id), values.get(height.id)];
      if (Array.isArray(a) || Array.isArray(b)) return;
      values.edit(width.id, b);
      values.edit(height.id, a);
      if (locked) locked = 1 / locked;
    };
    const swapper = icon("swap", "Swap width and height", swap, signal);
    const lock = icon("lock", "Keep the ratio", () => hold(), signal);
    const hold = () => {
      const [w, h] = size();
      locked = locked || !(w > 0 && h > 0) ? 0 : w / h;
      attr(lock, "aria-pressed", locked > 0);
    };
    const names = RATIOS.map(([name]) => h("option", { value: name }, name));
    const ratios = h("select", { "aria-label": "Ratio" }, h("option", { value: "" }, "Ratio"), ...names);
    const choose = () => {
      const [, w, h] = RATIOS[ratios.selectedIndex - 1] ?? [];
      if (w && h) set(sizeOf(w / h, areaOf(size()), width, height));
      draw();
    };
    on(ratios, "change", choose, signal);
    const like = button("As the input", "link", () => take(), signal);
    like.title = "The size of the input picture";
    const take = () => {
      const picture = inputSize();
      if (picture) set(sizeLike(picture, width, height));
    };
    const inputSize = (): Size | null => {
      const files = values.parameters.flatMap((one) => (one.kind === "file" ? values.files(one.id) : []));
      const facts = files.map((ref) => store.pictures.get("preview", ref.id)).find((one) => one?.width);
      return facts?.width && facts.height ? [facts.width, facts.height] : null;
    };
    const draw = () => {
      drawNumber(view, width, across);
      drawNumber(view, height, down);
      ratios.value = ratioName(size());
      show(like, inputSize() !== null, across);
    };
    attr(lock, "aria-pressed", false);
    return {
      element: h("div", "size", across, swapper, down, lock, h("div", "select", ratios)),
      input: across,
      others: [down],
      aside: h("span", "tail", like),
      draw,
    };
  };
}
