import { copyInWords } from "../../dom/clipboard.ts";
import { attr, button, h, icon, on, show, text } from "../../dom/dom.ts";
import { count } from "../../dom/format.ts";
import { onKey } from "../../dom/keys.ts";
import { say } from "../../view/view.ts";
import type { Card } from "../gallery_messages.ts";
import type { GalleryView } from "../gallery_store.ts";
import type { LargeView } from "../large/large_view.ts";
import { type Form, mountExport, mountForget, mountNote, mountPanelForm, mountTags } from "./forms.ts";

/** What can be done with the selected runs; it takes room only while there are any. */
export function mountActions(
  view: GalleryView,
  large: LargeView,
  host: (widget: string) => Promise<void>,
): HTMLElement {
  const { store, signal } = view;
  const { selection } = store;
  const said = h("p", "said");
  const label = h("b", "");
  const tell = (words: string, bad = false) => say(view, said, words, bad);
  const cards = () =>
    selection.ids.map((id) => store.cardOf(id)).filter((card): card is Card => Boolean(card));
  const open = button("Open", "", () => large.open(selection.focus), signal);
  const compare = button("Compare", "", () => large.compare(selection.ids), signal);
  const rank = button("Rank", "quiet", () => large.rank(selection.ids), signal);
  rank.title = "Choose the better of two, again and again";
  const star = icon("star", "Star", () => void setStar(), signal);
  const setStar = async () => {
    const on = !cards().every((card) => card.star);
    const problem = await store.annotate({ type: "mark", ids: selection.ids, on });
    tell(problem || (on ? "Starred" : "Star removed"), problem !== "");
  };
  const panel = mountPanelForm(view, host, tell);
  const forms = [
    mountTags(view, cards, tell),
    mountNote(view, cards, tell),
    mountExport(view, tell),
    panel,
    mountForget(view, tell),
  ];
  const toggle = (form: Form) => {
    const opens = form.element.hidden !== false;
    tell("");
    for (const one of forms) {
      show(one.element, one === form && opens, one.opener);
      attr(one.opener, "aria-expanded", one === form && opens);
    }
    if (opens) form.open();
  };
  for (const form of forms) {
    attr(form.opener, "aria-expanded", false);
    on(form.opener, "click", () => toggle(form), signal);
    const leave = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      toggle(form);
      form.opener.focus();
    };
    onKey(form.element, leave, signal);
  }
  const copyPython = async () => {
    const [id] = selection.ids;
    if (!id) return;
    const reply = await store.questions.ask({ type: "code", id });
    tell(reply.error ?? (await copyInWords(reply.text)), Boolean(reply.error));
  };
  const python = button("Copy as Python", "quiet", () => void copyPython(), signal);
  const none = button("Deselect", "quiet", () => selection.set([]), signal);
  const row = h("div", "chosen-row", label, open, compare, rank, star);
  row.append(...forms.map((form) => form.opener), python, none);
  const element = h("div", { class: "actions", role: "group", "aria-label": "Selected runs" }, row);
  element.append(...forms.map((form) => form.element), said);
  let drawnKey = "";
  view.paint(["selection", "cards"], () => {
    const { size } = selection;
    const key = selection.ids.join();
    if (key !== drawnKey) tell("");
    drawnKey = key;
    text(label, `${count(size, "run")} selected`);
    for (const one of [open, python, panel.opener]) show(one, size === 1, star);
    if (size !== 1) show(panel.element, false, star);
    show(compare, size >= 2 && size <= 4, star);
    show(rank, size >= 2, star);
    attr(star, "aria-pressed", size > 0 && cards().every((card) => card.star));
    for (const form of forms) if (!form.element.hidden) form.draw();
    const wall = element.closest("section")?.querySelector<HTMLElement>(".wall");
    show(element, size > 0, wall ?? undefined);
  });
  return element;
}
