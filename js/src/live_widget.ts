import { button, ends, h } from "./dom/dom.ts";
import type { Model } from "./kernel/host.ts";

interface LiveTraits {
  _line: string;
  _pictures: string;
  _message: string;
  /** The name that Python knows, what stands on it, and what it does in words. */
  _buttons: [string, string, string][];
}

interface Render {
  model: Model<LiveTraits, { v: 1; press: string }>;
  el: HTMLElement;
  signal?: AbortSignal;
}

const STYLE =
  "[hidden]{display:none}.row{display:flex;flex-wrap:wrap;gap:6px;margin:6px 0}.message{margin:6px 0}" +
  "button{font:inherit;color:inherit;background:transparent;border:1px solid rgba(128,128,128,.9);border-radius:6px;padding:3px 12px;" +
  "cursor:pointer}button:hover{background:rgba(128,128,128,.15)}td,th{padding:4px;text-align:center}";

/** A task or a sweep that is drawn again while it changes. Its HTML is Python's, which escapes all text of others. */
function render({ model, el, signal }: Render): () => void {
  const controller = new AbortController();
  const close = () => controller.abort();
  signal?.addEventListener("abort", close, { once: true });
  const [line, row, message, pictures] = [h("div"), h("div", "row"), h("div", "message"), h("div")];
  const draw = (name: keyof LiveTraits, paint: () => void) => {
    model.on(`change:${name}`, paint);
    ends(controller.signal, () => model.off(`change:${name}`, paint));
    paint();
  };
  draw("_line", () => {
    line.innerHTML = model.get("_line") ?? "";
  });
  draw("_pictures", () => {
    pictures.innerHTML = model.get("_pictures") ?? "";
  });
  draw("_message", () => {
    message.textContent = model.get("_message") ?? "";
    message.hidden = !message.textContent;
  });
  draw("_buttons", () => {
    const buttons = (model.get("_buttons") ?? []).map(([name, label, title]) => {
      const element = button(label, "", () => model.send({ v: 1, press: name }), controller.signal);
      element.title = title;
      return element;
    });
    row.replaceChildren(...buttons);
    row.hidden = buttons.length === 0;
  });
  const host = h("div", "wiro-live");
  host.attachShadow({ mode: "open" }).append(h("style", "", STYLE), line, row, message, pictures);
  el.append(host);
  ends(controller.signal, () => host.remove());
  model.send({ v: 1, press: "sync" }); // HoloViz Panel loses what is sent before its page is there
  return close;
}

export default { render };
