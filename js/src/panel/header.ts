import { attr, button, h, show, text } from "../dom/dom.ts";
import type { Form } from "../kernel/messages.ts";
import { statusWord } from "../view/status_text.ts";
import type { View } from "../view/view.ts";

/**
 * The model, what stands behind its name, and how the shown run stands. Where the catalogue is offered, the name opens
 * that, and a sign beside it what Wiro tells of the model; otherwise the name does.
 */
export function mountHeader(
  view: View,
  form: Form | null,
  aside: HTMLElement[],
  about?: HTMLButtonElement,
  change?: () => void,
) {
  const { store, signal } = view;
  const pill = h("span", "pill");
  const name = (change ? button("", "", change, signal) : about) ?? h("div");
  name.className = about ? "model change" : "model";
  if (form) {
    attr(name, "aria-label", change ? `Change model, ${form.model}` : `About ${form.owner} / ${form.name}`);
    name.replaceChildren(h("span", "owner", `${form.owner} / `), form.name);
    name.title = form.title;
  } else name.append("Wiro");
  const sandbox = h(
    "span",
    { class: "tag", title: "A Wiro on this machine: no account, no cost" },
    "Sandbox",
  );
  show(sandbox, form?.sandbox === true);
  view.paint(["status", "run", "link"], () => {
    const lost = store.link.state === "lost";
    text(pill, statusWord(store));
    show(pill, form !== null || lost);
    pill.dataset.status = lost ? "unknown" : store.status;
  });
  const element = h(
    "header",
    "",
    name,
    ...(change && about ? [about] : []),
    sandbox,
    h("div", "ways", ...aside, pill),
  );
  return { element, name };
}
