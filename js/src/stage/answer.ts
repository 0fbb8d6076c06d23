import { h, show, text } from "../dom/dom.ts";
import type { View } from "../view/view.ts";
import type { Shelf } from "./output_order.ts";

const NEAR = 40; // px from the end within which the answer is being followed

/** A language model's answer as it grows, its thinking folded away. */
export function mountAnswer(view: View, shelf: Shelf): HTMLElement {
  const { store } = view;
  const thought = h("pre");
  const label = h("summary");
  const thinking = h("details", "", label, thought);
  const answer = h("div", "words");
  const note = h("p", "note");
  const element = h(
    "div",
    { class: "answer", tabindex: 0, role: "region", "aria-label": "Answer" },
    thinking,
    answer,
    note,
  );
  let number = -1;
  view.paint(["run", "status", "pictures"], () => {
    const content = store.run?.text ?? null;
    show(element, shelf.shows("answer") && !shelf.stale);
    if (!content || element.hidden) return;
    const low = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
    show(thinking, content.thinking !== "");
    text(label, content.answer === "" && store.active ? "Thinking" : "Thoughts");
    grow(thought, content.thinking);
    grow(answer, content.answer);
    text(note, content.note ?? "");
    show(note, Boolean(content.note));
    const another = store.run?.number !== number;
    number = store.run?.number ?? -1;
    if (another) element.scrollTop = 0;
    // Whoever scrolled up to read is left alone.
    else if (low && store.active) element.scrollTop = element.scrollHeight;
  });
  return element;
}

/** Adds what is new, so that a selection in what was there stays. */
function grow(element: HTMLElement, words: string): void {
  const node = element.firstChild;
  if (node instanceof Text && words.startsWith(node.data)) {
    if (words.length > node.data.length) node.appendData(words.slice(node.data.length));
  } else {
    text(element, words);
  }
}
