import { letStick } from "./dom/sticky.ts";
import type { Model } from "./kernel/host.ts";
import { watchEnds } from "./panel/late/late_drawer.ts";
import { mountPanel } from "./panel/panel.ts";
import { standFor } from "./panel/static_card.ts";
import { Store } from "./state/store.ts";
import { styles } from "./styles/stylesheet.ts";
import { widgetOf } from "./view/afm.ts";
import { createView } from "./view/view.ts";

export default widgetOf(
  "panel",
  styles,
  (model: Model) => watchEnds(new Store(model)),
  (el, host, store, signal, fail) => {
    letStick();
    const view = createView(store, signal, fail);
    const section = mountPanel(view);
    standFor(el, host, store, (draw) => view.paint(["link", "status"], draw), signal);
    return section;
  },
);
