import { attr, button, h, show, text } from "../dom/dom.ts";
import type { Form } from "../kernel/messages.ts";
import { statusWord } from "../view/status_text.ts";
import type { View } from "../view/view.ts";

/** The model, which can be changed where the catalogue is offered, and how the shown run stands. */
export function mountHeader(view: View, form: Form | null, aside: HTMLElement[], change?: () => void) {
  const { store, signal } = view;
  const pill = h("span", "pill");
  const name = form && change ? button("", "model change", change, signal) : h("div", "model");
  if (form) name.append(h("span", "owner", `${form.owner} / `), form.name);
  else name.append("Wiro");
  if (form && change) attr(name, "aria-label", `Change model, ${form.model}`);
  if (form) name.title = form.title;
  const sandbox = h(
    "span",
    { class: "tag", title: "A Wiro on this machine: no account, no cost" },
    "Sandbox",
  );
  show(sandbox, form?.sandbox === true);
  view.paint(["status", "run", "link"], () => {
    text(pill, statusWord(store));
    show(pill, form !== null || store.link.state === "lost");
    pill.dataset.status = store.link.state === "lost" ? "unknown" : store.status;
  });
  const element = h("header", "", name, sandbox, h("div", "ways", ...aside, pill));
  return { element, name };
}
