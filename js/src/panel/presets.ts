import { attr, button, h, show, text } from "../dom/dom.ts";
import { onKey } from "../dom/keys.ts";
import { lateModule } from "../kernel/late_module.ts";
import type { View } from "../view/view.ts";
import type { Drawer } from "./code_drawer.ts";

/** The presets of the model: what opens them, and their place; the list is a module of its own. */
export function mountPresets(view: View): Drawer {
  const { store, signal } = view;
  const element = h("div", { class: "drawer presets", hidden: true });
  const opener = button("Presets", "quiet", () => void set(element.hidden !== false), signal);
  attr(opener, "aria-expanded", false);
  let list: (() => void) | undefined;
  const set = async (open: boolean) => {
    show(element, open, opener);
    attr(opener, "aria-expanded", open);
    if (!open) return;
    if (!list) {
      const module = await lateModule<typeof import("./preset_list.ts")>(store.questions, "presets");
      if (signal.aborted) return;
      list ??= module?.mountPresetList(view, element, () => void set(false));
    }
    if (list) list();
    else text(element, "In Python: panel.presets, panel.save_preset(…), panel.load_preset(…)");
  };
  onKey(element, (event) => event.key === "Escape" && void set(false), signal);
  return { opener, element };
}
