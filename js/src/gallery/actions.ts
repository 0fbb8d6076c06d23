import { copyText } from "../dom/clipboard.ts";
import { attr, button, h, icon, on, show, text } from "../dom/dom.ts";
import { count } from "../dom/format.ts";
import { onKey } from "../dom/keys.ts";
import { say } from "../view/view.ts";
import type { Card } from "./gallery_messages.ts";
import type { GalleryView } from "./gallery_store.ts";
import type { LargeView } from "./large_view.ts";

/** What can be done with the selected runs; it takes room only while there are any. */
export function mountActions(view: GalleryView, large: LargeView): HTMLElement {
  const { store, signal } = view;
  const { selection } = store;
  const said = h("p", "said");
  const label = h("b", "");
  const tell = (words: string, bad = false) => say(view, said, words, bad);
  const cards = () =>
    selection.ids.map((id) => store.cardOf(id)).filter((card): card is Card => Boolean(card));
  const open = button("Open", "", () => large.open(selection.focus), signal);
  const compare = button("Compare", "", () => large.compare(selection.ids), signal);
  const star = icon("star", "Star", () => void setStar(), signal);
  const setStar = async () => {
    const on = !cards().every((card) => card.star);
    const problem = await store.annotate({ type: "mark", ids: selection.ids, on });
    tell(problem || (on ? "Starred" : "Star removed"), problem !== "");
  };
  const tagging = mountTags(view, () => cards(), tell);
  const noting = mountNote(view, () => cards(), tell);
  const forms = [tagging, noting];
  const toggle = (form: Form) => {
    const opens = form.element.hidden !== false;
    for (const one of forms) {
      show(one.element, one === form && opens, one.opener);
      attr(one.opener, "aria-expanded", one === form && opens);
    }
    if (opens) form.open();
  };
  for (const form of forms) {
    attr(form.opener, "aria-expanded", false);
    on(form.opener, "click", () => toggle(form), signal);
    onKey(
      form.element,
      (event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        toggle(form);
        form.opener.focus();
      },
      signal,
    );
  }
  const python = button("Copy as Python", "quiet", () => void copyPython(), signal);
  const copyPython = async () => {
    const [id] = selection.ids;
    if (!id) return;
    const reply = await store.questions.ask({ type: "code", id });
    const copied = reply.text !== undefined && (await copyText(reply.text));
    tell(reply.error ?? (copied ? "Copied" : "The browser did not allow it"), Boolean(reply.error));
  };
  const none = button("Deselect", "quiet", () => selection.set([]), signal);
  const row = h("div", "chosen-row", label, open, compare, star, tagging.opener, noting.opener, python, none);
  const element = h("div", { class: "actions", role: "group", "aria-label": "Selected runs" }, row);
  element.append(...forms.map((form) => form.element), said);
  let drawnKey = "";
  view.paint(["selection", "cards"], () => {
    const { size } = selection;
    const key = selection.ids.join();
    if (key !== drawnKey) tell("");
    drawnKey = key;
    text(label, `${count(size, "run")} selected`);
    show(open, size === 1);
    show(python, size === 1);
    show(compare, size >= 2 && size <= 4);
    attr(star, "aria-pressed", size > 0 && cards().every((card) => card.star));
    for (const form of forms) if (!form.element.hidden) form.draw();
    const wall = element.closest("section")?.querySelector<HTMLElement>(".wall");
    show(element, size > 0, wall ?? undefined);
  });
  return element;
}

interface Form {
  opener: HTMLElement;
  element: HTMLElement;
  open(): void;
  draw(): void;
}

type Tell = (words: string, bad?: boolean) => void;

function mountTags(view: GalleryView, cards: () => Card[], tell: Tell): Form {
  const { store, signal } = view;
  const list = h("div", { class: "tag-list", role: "group", "aria-label": "Tags of the selected runs" });
  const options = h("datalist", { id: "wiro-tags" });
  const field = h("input", {
    type: "text",
    "aria-label": "Add tags, separated by commas",
    list: "wiro-tags",
    placeholder: "Add tags, separated by commas",
  });
  const change = async (add: string[], remove: string[]) => {
    const problem = await store.annotate({ type: "tag", ids: store.selection.ids, add, remove });
    tell(problem, problem !== "");
  };
  const enter = () => {
    const add = field.value
      .split(",")
      .map((tag) => tag.trim())
      .filter(Boolean);
    field.value = "";
    if (add.length > 0) void change(add, []);
  };
  onKey(
    field,
    (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      enter();
    },
    signal,
  );
  const element = h(
    "div",
    { class: "drawer-form", hidden: true },
    list,
    field,
    options,
    button("Add", "", enter, signal),
  );
  let drawnKey = "";
  const draw = () => {
    const tags = [...new Set(cards().flatMap((card) => card.tags))].sort();
    const key = JSON.stringify([tags, store.choices.tags]);
    if (key === drawnKey) return;
    drawnKey = key;
    options.replaceChildren(...store.choices.tags.map((tag) => h("option", { value: tag })));
    list.replaceChildren(
      ...tags.map((tag) => {
        const remove = icon("remove", `Remove the tag ${tag}`, () => void change([], [tag]), signal);
        return h("span", "tag", tag, remove);
      }),
    );
  };
  const open = () => {
    draw();
    field.focus();
  };
  return { opener: button("Tags", "quiet", () => {}, signal), element, open, draw };
}

function mountNote(view: GalleryView, cards: () => Card[], tell: Tell): Form {
  const { store, signal } = view;
  const field = h("textarea", {
    rows: 2,
    "aria-label": "Note on the selected runs",
    placeholder: "A note on the selected runs",
  });
  const save = async () => {
    const ids = store.selection.ids;
    const problem = await store.annotate({ type: "note", ids, text: field.value });
    tell(problem || "Saved", problem !== "");
  };
  onKey(
    field,
    (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      event.stopPropagation();
      void save();
    },
    signal,
  );
  const element = h(
    "div",
    { class: "drawer-form", hidden: true },
    field,
    button("Save", "", () => void save(), signal),
  );
  const open = () => {
    const notes = new Set(cards().map((card) => card.note));
    field.value = notes.size === 1 ? ([...notes][0] ?? "") : "";
    field.focus();
  };
  return { opener: button("Note", "quiet", () => {}, signal), element, open, draw: () => {} };
}
