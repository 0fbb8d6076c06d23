import { button, h, show } from "../dom/dom.ts";
import { count } from "../dom/format.ts";
import { onKey } from "../dom/keys.ts";
import type { Parameter } from "../kernel/messages.ts";
import { mountPicker } from "./picker.ts";
import type { View } from "./view.ts";

export interface PromptHistory {
  /** Opens the list. */
  opener: HTMLElement;
  list: HTMLElement;
  /** The hand has written in the field. */
  typed(): void;
  /** The field has got a value from elsewhere. */
  follow(): void;
}

/**
 * The prompts of earlier runs. The up arrow walks through them while the field is empty or as it was left by Python, a
 * Run or the walk itself, and the down arrow back; with Alt they open a list that can be searched.
 */
export function mountPromptHistory(
  view: View,
  p: Parameter,
  input: HTMLInputElement | HTMLTextAreaElement,
): PromptHistory {
  const { store, signal } = view;
  let prompts: string[] = [];
  let at = -1; // in the prompts; -1 is what stood in the field before
  let draft = "";
  let changed = false;
  let steps = 0; // that are still to be taken
  let settle = () => {}; // ends the arrow key that was pressed last
  let { newest } = store.runs;

  const ask = async () => {
    const answer = await store.questions.ask({ type: "prompts" });
    return { prompts: answer.prompts ?? [], error: answer.error };
  };
  /** A run that has begun since makes of what was typed an earlier prompt. */
  const look = () => {
    if (store.runs.newest === newest) return;
    newest = store.runs.newest;
    follow();
  };
  const follow = () => {
    changed = false;
    at = -1;
  };
  const typed = () => {
    look();
    changed = input.value !== "";
    at = -1;
  };
  const put = (words: string, caret: number) => {
    input.value = words;
    store.values.edit(p.id, words);
    input.setSelectionRange(caret, caret);
  };
  const step = async (by: number) => {
    steps += by;
    if (at < 0) {
      if (steps > 1) return; // the prompts are on their way
      draft = input.value;
      prompts = (await ask()).prompts.filter((one) => one !== draft);
    }
    const next = Math.min(at + steps, prompts.length - 1);
    steps = 0;
    if (signal.aborted || next === at || (at < 0 && input.value !== draft)) return;
    at = next;
    const words = at < 0 ? draft : (prompts[at] ?? "");
    // The caret stands where the same key goes on.
    put(words, by > 0 ? 0 : words.length);
  };
  const keys = (event: KeyboardEvent) => {
    // What the key before this one did to the caret is done: a timer may be late, and would find this key's as well.
    settle();
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!by || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.altKey) {
      event.preventDefault();
      return set(true);
    }
    look();
    const { selectionStart: start, selectionEnd: end, value } = input;
    if (changed || (by < 0 && at < 0) || (start !== end && end !== value.length)) return;
    // Within several lines the key moves the caret; it walks where there is no line to go to.
    settle = () => {
      settle = () => {};
      if (input.selectionStart === start && input.value === value) void step(by);
    };
    setTimeout(() => settle());
  };
  onKey(input, keys, signal);

  const picker = mountPicker<string>(view, {
    label: "Search earlier prompts",
    list: "Earlier prompts",
    placeholder: "Search earlier prompts",
    find: async (text) => {
      const answer = await ask();
      const wanted = text.toLowerCase().split(/\s+/);
      const items = answer.prompts.filter((one) => wanted.every((word) => one.toLowerCase().includes(word)));
      const none = text ? "No earlier prompt has these words." : "No run of this model has had a prompt yet.";
      const words = answer.error ?? (items.length ? count(items.length, "prompt") : none);
      return { items, words, bad: answer.error !== null };
    },
    draw: (words) => [h("p", "about-model", words)],
    choose: (words) => {
      set(false);
      follow();
      put(words, words.length);
    },
    close: () => set(false),
  });
  const list = h("div", { class: "earlier", hidden: true }, picker.element);
  const opener = button("Earlier", "link", () => set(list.hidden !== false), signal);
  opener.tabIndex = -1; // the way by Tab leads to the field first, whose keys open it too
  opener.title = "Earlier prompts: up arrow in the field, or Alt and up arrow for the list";
  const set = (open: boolean) => {
    show(list, open, input);
    if (open) picker.open();
    else input.focus();
  };
  return { opener, list, typed, follow };
}
