import { h, show, text } from "./dom.ts";
import type { View } from "./view.ts";

/** A language model's answer as it grows, its thinking folded away. */
export function mountAnswer(view: View): HTMLElement {
  const { store } = view;
  const thought = h("pre");
  const label = h("summary");
  const thinking = h("details", {}, label, thought);
  const answer = h("div", { class: "words" });
  const element = h(
    "div",
    { class: "answer", tabindex: 0, role: "region", "aria-label": "Answer" },
    thinking,
    answer,
  );
  view.paint(["run", "status"], () => {
    const said = store.run?.text ?? null;
    show(element, said !== null && store.status !== "submitting");
    if (!said) return;
    const low = element.scrollHeight - element.scrollTop - element.clientHeight < 40;
    show(thinking, said.thinking !== "");
    text(label, said.answer === "" && store.active ? "Thinking" : "Thoughts");
    text(thought, said.thinking);
    text(answer, said.answer);
    if (low && store.active) element.scrollTop = element.scrollHeight;
  });
  return element;
}
