import { h, show, text } from "./dom.ts";
import type { Form } from "./messages.ts";
import type { View } from "./view.ts";
import { statusWord } from "./words.ts";

export function mountHeader(view: View, form: Form | null): HTMLElement {
  const { store } = view;
  const pill = h("span", { class: "pill" });
  const name = h("div", { class: "model" });
  if (form) name.append(h("span", { class: "owner" }, `${form.owner} / `), form.name);
  else name.append("Wiro");
  const sandbox = h(
    "span",
    { class: "tag", title: "A Wiro on this machine: no account, no cost" },
    "Sandbox",
  );
  show(sandbox, form?.sandbox === true);
  view.paint(["status", "run", "link"], () => {
    text(pill, statusWord(store));
    pill.dataset.status = store.link.state === "lost" ? "unknown" : store.status;
  });
  return h("header", {}, name, sandbox, h("span", { class: "spring" }), pill);
}
