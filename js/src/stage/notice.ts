import { button, h, show, text } from "../dom/dom.ts";
import type { Form } from "../kernel/messages.ts";
import { isActive } from "../state/runs.ts";
import { mountChoices } from "../view/choices.ts";
import type { View } from "../view/view.ts";
import type { Shelf } from "./output_order.ts";

/** Before there is a result, and when none came. */
export function mountEmpty(view: View, shelf: Shelf): HTMLElement {
  const { store } = view;
  const first = h("p");
  const second = h("small", "", "and in Python as ", h("code", "", attribute(store.values.form?.makes)));
  const element = h("div", "empty", first, second);
  view.paint(["run", "status", "pictures"], () => {
    const { run, active, status } = store;
    show(element, !active && !shelf.visible && !shelf.board && !run?.notice);
    show(second, status === "idle");
    const lostText = run !== null && isActive(status) && "The kernel went while the run was under way";
    text(first, lostText || (run?.empty ?? ""));
    if (run === null || status === "idle") text(first, coming(store.values.form?.makes));
  });
  return element;
}

function coming(makes: Form["makes"] | undefined): string {
  if (makes === "text") return "The answer appears here";
  return makes && makes !== "image"
    ? `The ${makes === "audio" ? "sound" : makes} appears here`
    : "Results appear here";
}

/** What Python calls it. */
function attribute(makes: Form["makes"] | undefined): string {
  if (makes === "text") return "panel.text";
  return makes === "image" ? "panel.images" : "panel.outputs";
}

/** What went wrong, or why it takes longer, in words. */
export function mountNotice(view: View, showLog: () => void): HTMLElement {
  const { store } = view;
  const [title, words] = [h("strong"), h("p")];
  const log = button("Show the log", "", showLog, view.signal);
  const element = h(
    "div",
    "notice",
    title,
    words,
    mountChoices(view, () => store.run),
    log,
  );
  view.paint(["run", "status"], () => {
    const notice = store.status === "submitting" ? null : (store.run?.notice ?? null);
    show(element, notice !== null);
    element.classList.toggle("info", notice?.kind === "info");
    text(title, notice?.title ?? "");
    text(words, notice?.text ?? "");
    show(log, store.feed.rows.length > 0);
  });
  return element;
}
