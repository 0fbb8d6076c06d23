import { button, h, show, text } from "../dom/dom.ts";
import { lateModule } from "../kernel/late_module.ts";
import type { View } from "../view/view.ts";
import type { Shelf } from "./output_order.ts";

type Writer = typeof import("./markdown.ts");

const NEAR = 40; // px from the end within which the answer is being followed

/** A language model's answer as it grows, its thinking folded away, below the earlier turns of its conversation. */
export function mountAnswer(view: View, shelf: Shelf): HTMLElement {
  const { store } = view;
  const thought = h("pre", "thought");
  const label = h("summary");
  const thinking = h("details", "", label, thought);
  const answer = h("div", "words");
  const note = h("p", "note");
  const [turns, asked] = [h("div"), h("p", "asked")];
  const session = () => store.values.parameters.find((p) => p.role === "session");
  const anew = button("New conversation", "link", () => begin(), view.signal);
  const begin = () => {
    const p = session();
    if (p) store.values.edit(p.id, "");
    text(view.voice, "The next run begins a new conversation.");
  };
  const element = h(
    "div",
    { class: "answer", tabindex: 0, role: "region", "aria-label": "Answer" },
    turns,
    asked,
    thinking,
    answer,
    note,
    anew,
  );
  let number = -1;
  let drawn: typeof store.feed.talk = null; // turns of the history may come after the first words
  let writer: Writer | null = null;
  let isAsked = false;
  const fetchWriter = async () => {
    isAsked = true;
    writer = await lateModule<Writer>(store.questions, "markdown");
    if (!writer || view.signal.aborted) return;
    element.append(h("style", "", writer.styles));
    for (const one of element.querySelectorAll<HTMLElement>(".words")) {
      const words = one.textContent ?? "";
      one.replaceChildren();
      write(one, words);
    }
  };
  /** As plain text until the writer is here. */
  const write = (words: HTMLElement, markdown: string) => {
    if (writer) writer.drawMarkdown(words, markdown);
    else grow(words, markdown);
  };
  const drawTurn = (turn: { prompt: string; answer: string }): HTMLElement[] => {
    const words = h("div", "words");
    write(words, turn.answer);
    return [h("p", "asked", turn.prompt), words];
  };
  view.paint(["run", "status", "pictures", "values"], () => {
    const content = store.run?.text ?? null;
    show(element, shelf.shows("answer") && !shelf.stale);
    if (!content || element.hidden) return;
    const { talk } = store.feed;
    const isTalk = talk !== null && talk.run === store.run?.number;
    const low = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
    show(thinking, content.thinking !== "");
    text(label, content.answer === "" && store.active ? "Thinking" : "Thoughts");
    grow(thought, content.thinking);
    if (!isAsked) void fetchWriter();
    write(answer, content.answer);
    text(note, content.note ?? "");
    show(note, Boolean(content.note));
    show(asked, isTalk);
    text(asked, isTalk ? talk.prompt : "");
    const p = session();
    show(anew, isTalk && !store.active && p !== undefined && Boolean(store.values.get(p.id)), element);
    const another = store.run?.number !== number || (isTalk && talk !== drawn);
    number = store.run?.number ?? -1;
    drawn = talk;
    if (another) {
      turns.replaceChildren(...(isTalk ? talk.turns.flatMap(drawTurn) : []));
      element.scrollTop = isTalk ? asked.offsetTop - 14 : 0;
    }
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
