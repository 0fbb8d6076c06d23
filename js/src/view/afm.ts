import { ends, h } from "../dom/dom.ts";
import { followTheme } from "../dom/theme.ts";

interface Initialize<M> {
  model: M;
  signal?: AbortSignal;
}

interface Render<M> extends Initialize<M> {
  el: HTMLElement;
}

type Fail = (error: unknown) => void;

/**
 * A widget as anywidget wants it: `create` makes the store of a model, `mount` draws it and returns the section.
 * Called by the host once for each model. A factory, because the model itself cannot be the store's key: anywidget
 * wraps it anew for `initialize` and for every `render` (its model-proxy.ts), and marimo shares the module.
 */
export function widgetOf<M, S extends { close(): void }>(
  noun: string,
  styles: string,
  create: (model: M) => S,
  mount: (el: HTMLElement, host: HTMLElement, store: S, signal: AbortSignal, fail: Fail) => HTMLElement,
) {
  return function widget() {
    let store: S | undefined;
    let broken: unknown;

    /** Fast and synchronous: anywidget gives up on a model after two seconds. */
    function initialize({ model, signal }: Initialize<M>): () => void {
      try {
        store = create(model);
      } catch (error) {
        broken = error;
      }
      const close = () => store?.close();
      signal?.addEventListener("abort", close, { once: true });
      return close;
    }

    function render({ model, el, signal }: Render<M>): () => void {
      const controller = new AbortController();
      const close = () => controller.abort();
      signal?.addEventListener("abort", close, { once: true });
      const host = h("div", { class: "wiro-widgets", "data-lm-suppress-shortcuts": "true" });
      el.append(host);
      ends(controller.signal, () => host.remove());
      const fail = (error: unknown) => drawError(noun, host, error);
      try {
        if (broken) throw broken;
        store ??= create(model); // a host that knows no initialize
        const root = host.attachShadow({ mode: "open" });
        const section = mount(el, host, store, controller.signal, fail);
        root.append(h("style", "", styles), section);
        followTheme(host, section, controller.signal);
      } catch (error) {
        fail(error);
      }
      return close;
    }

    return { initialize, render };
  };
}

/** Anything thrown would leave an empty cell; this leaves a sentence. */
function drawError(noun: string, host: HTMLElement, error: unknown): void {
  console.error(error);
  const reason = error instanceof Error ? error.message : String(error);
  const words = h("p", { role: "alert" }, `The ${noun} could not be drawn: ${reason}. Run the cell again.`);
  (host.shadowRoot ?? host).replaceChildren(words);
}
