import { ends, h } from "./dom/dom.ts";
import { followTheme } from "./dom/theme.ts";
import type { Model } from "./kernel/host.ts";
import { mountPanel } from "./panel/panel.ts";
import { standFor } from "./panel/static_card.ts";
import { Store } from "./state/store.ts";
import { styles } from "./styles/stylesheet.ts";
import { createView, type View } from "./view/view.ts";

interface Initialize {
  model: Model;
  signal?: AbortSignal;
}

interface Render extends Initialize {
  el: HTMLElement;
}

/**
 * Called by the host once for each model. A factory, because the model itself cannot be the store's key: anywidget
 * wraps it anew for `initialize` and for every `render` (its model-proxy.ts), and marimo shares the module.
 */
export default function panel() {
  let store: Store | undefined;
  let broken: unknown;

  /** Fast and synchronous: anywidget gives up on a model after two seconds. */
  function initialize({ model, signal }: Initialize): () => void {
    try {
      store = new Store(model);
    } catch (error) {
      broken = error;
    }
    const close = () => store?.close();
    signal?.addEventListener("abort", close, { once: true });
    return close;
  }

  function render({ model, el, signal }: Render): () => void {
    const controller = new AbortController();
    const close = () => controller.abort();
    signal?.addEventListener("abort", close, { once: true });
    const host = h("div", { class: "wiro-widgets", "data-lm-suppress-shortcuts": "true" });
    el.append(host);
    ends(controller.signal, () => host.remove());
    try {
      if (broken) throw broken;
      store ??= new Store(model); // a host that knows no initialize
      standFor(el, host, mountInto(host, store, controller.signal));
    } catch (error) {
      drawError(host, error);
    }
    return close;
  }

  return { initialize, render };
}

function mountInto(host: HTMLElement, store: Store, signal: AbortSignal): View {
  const root = host.attachShadow({ mode: "open" });
  const view = createView(store, signal, (error) => drawError(host, error));
  const section = mountPanel(view);
  root.append(h("style", "", styles), section);
  followTheme(host, section, signal);
  return view;
}

/** Anything thrown would leave an empty cell; this leaves a sentence. */
function drawError(host: HTMLElement, error: unknown): void {
  console.error(error);
  const reason = error instanceof Error ? error.message : String(error);
  const words = h("p", { role: "alert" }, `The panel could not be drawn: ${reason}. Run the cell again.`);
  (host.shadowRoot ?? host).replaceChildren(words);
}
