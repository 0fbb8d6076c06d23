import type { Field } from "../controls/field.ts";
import { attr, button, h, show, text } from "../dom/dom.ts";
import { lateModule } from "../kernel/late_module.ts";
import type { View } from "../view/view.ts";

/** Several models, side by side: what opens the list, which is a module of its own, and its place in the form. */
export function mountModels(view: View): { opener: HTMLElement; field: Field } {
  const { store, signal } = view;
  const { questions } = store;
  const element = h("div", { class: "field", role: "group", "aria-label": "Models", hidden: true });
  let isOpen = false;
  let asked = false;
  const models = () => store.axes.models;
  const toggle = () => {
    isOpen = element.hidden !== false;
    if (!isOpen && models()) void questions.ask({ type: "vary", model: "", on: false });
    draw();
  };
  const opener = button("Models", "quiet", toggle, signal);
  opener.title = "Run with several models, side by side";
  const load = async () => {
    const list = await lateModule<typeof import("./model_list.ts")>(questions, "models");
    if (signal.aborted) return;
    asked = list !== null;
    const names = models()?.map(({ model }) => model) ?? [];
    if (list) list.mountModelList(view, element, () => isOpen);
    else text(element, [...names, "In Python: panel.vary(model=[…])"].join(" · "));
  };
  const draw = () => {
    const visible = isOpen || models() !== undefined;
    show(element, visible, opener);
    attr(opener, "aria-pressed", visible);
    if (visible && !asked) {
      asked = true;
      void load();
    }
  };
  view.paint(["values"], draw);
  const field = {
    element,
    parameters: [],
    reveal: () => {},
    invalid: () => models()?.some(({ error }) => error) ?? false,
    focus: () => element.querySelector("button")?.focus(),
  };
  return { opener, field };
}
