import { button, h, show } from "../dom/dom.ts";
import type { GalleryView } from "./gallery_store.ts";

/** The open panels, and a button that hands outputs to one of them; nothing is there while no panel is open. */
export function mountPanelChoice(
  { store, signal }: GalleryView,
  outputs: () => { id: string; place: number | null } | null,
  tell: (words: string, bad: boolean) => void,
) {
  const panels = h("select", { "aria-label": "Open panels" });
  const select = h("div", "select", panels);
  const use = async () => {
    const chosen = outputs();
    if (!chosen || !panels.value) return;
    const reply = await store.questions.ask({ type: "use", ...chosen, panel: panels.value, field: "" });
    tell(reply.error ?? reply.text ?? "", reply.error !== null);
  };
  const element = h("span", { class: "panel-choice", hidden: true }, select);
  element.append(button("Use as input", "", () => void use(), signal));
  const look = async () => {
    const { panels: items = [] } = await store.questions.ask({ type: "panels" });
    const { value } = panels;
    panels.replaceChildren(...items.map(([name, label]) => h("option", { value: name }, label)));
    if (items.some(([name]) => name === value)) panels.value = value;
    show(element, items.length > 0);
  };
  return { element, look };
}
