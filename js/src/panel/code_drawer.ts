import { copyText } from "../dom/clipboard.ts";
import { attr, button, h, show } from "../dom/dom.ts";
import { onKey } from "../dom/keys.ts";
import { say, type View } from "../view/view.ts";

const COPIED = "Copied. Paste it into a cell.";
const DENIED = "The browser does not allow copying here. The call is selected: press Ctrl C, or ⌘ C.";

export interface Drawer {
  /** Opens and closes it. */
  opener: HTMLElement;
  element: HTMLElement;
}

/** "Copy as Python": copies the call that repeats what the controls say, and shows what was copied. */
export function mountCode(view: View): Drawer {
  const { store, signal } = view;
  const words = h("p", "grow");
  const call = h("textarea", { readonly: true, rows: 1, spellcheck: "false", "aria-label": "Python call" });
  const again = button("Copy", "quiet", () => void copy(), signal);
  const element = h(
    "div",
    { class: "drawer code", hidden: true },
    h(
      "div",
      "drawer-head",
      words,
      again,
      button("Close", "quiet", () => set(false), signal),
    ),
  );
  const opener = button("Python", "quiet", () => void fetchCall(), signal);
  opener.prepend(h("span", "", "Copy as "));
  attr(opener, "aria-expanded", false);
  const set = (open: boolean) => {
    show(element, open, opener);
    attr(opener, "aria-expanded", open);
  };
  const copy = async () => {
    const copied = await copyText(call.value);
    say(view, words, copied ? COPIED : DENIED);
    if (!copied) call.select();
  };
  const fetchCall = async () => {
    store.values.flush();
    const answer = await store.questions.ask({ type: "code" });
    if (signal.aborted) return;
    set(true);
    const callText = answer.text ?? "";
    call.value = callText;
    if (callText) element.append(call);
    else call.remove();
    show(again, callText !== "");
    if (callText) await copy();
    else say(view, words, answer.error ?? "There is no call to copy.", true);
  };
  onKey(element, (event) => event.key === "Escape" && set(false), signal);
  return { opener, element };
}
