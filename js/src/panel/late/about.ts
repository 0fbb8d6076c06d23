import { button, h, on, rove, safeUrl, show, text } from "../../dom/dom.ts";
import { onKey } from "../../dom/keys.ts";
import type { About } from "../../kernel/messages.ts";
import { drawMarkdown, styles as written } from "../../stage/markdown.ts";
import { say, type View } from "../../view/view.ts";
import own from "./about.css";
import type { Contents } from "./drawer_module.ts";

export const styles = written + own;

/** What Wiro tells of the model, asked for now. */
export function mount(view: View, close: () => void): Contents {
  const { store, signal } = view;
  const words = h("p", "grow said", "Loading");
  const head = h("div", "drawer-head", words, button("Close", "quiet", close, signal));
  const element = h("div", "about-model-page", head);
  let isThere = false;
  const open = async () => {
    if (isThere) return;
    const { about, error } = await store.questions.ask({ type: "about" });
    if (signal.aborted) return;
    say(view, words, error ?? "", error !== null);
    if (about) draw(view, about, head, element);
    isThere = about !== undefined;
  };
  return { element, open: () => void open() };
}

function draw(view: View, about: About, head: HTMLElement, element: HTMLElement): void {
  head.firstElementChild?.replaceWith(h("h2", "grow", about.title)); // the writer begins at h3
  const facts = [about.price, ...about.categories.slice(0, 6)].filter(Boolean).join(" · ");
  const side = h("div", "about-head", head);
  if (about.description && about.description !== about.title) side.append(h("p", "", about.description));
  if (facts) side.append(h("small", "", facts));
  const href = safeUrl(about.page ?? "");
  if (href)
    side.append(h("p", "", h("a", { href, target: "_blank", rel: "noreferrer" }, "Its page at Wiro")));
  const pictures = h("div", "shots");
  const readme = h("div", { class: "words", tabindex: 0, role: "region", "aria-label": "Readme" });
  drawMarkdown(readme, about.readme);
  show(readme, about.readme !== "");
  element.replaceChildren(side, pictures, readme);
  mountPictures(view, about, element, pictures);
}

/** Cover and samples, which the kernel fetches: the page has no addresses of them. */
function mountPictures(view: View, about: About, page: HTMLElement, element: HTMLElement): void {
  const { store } = view;
  const ids = [...new Set([about.cover ?? "", ...about.samples])].filter(Boolean);
  for (const id of ids) store.covers.want(id);
  let drawnKey = "";
  show(element, false);
  view.paint(["pictures"], () => {
    const there = ids.flatMap((id) => {
      const picture = store.pictures.get("cover", id);
      return picture ? [{ id, url: picture.url }] : [];
    });
    const key = JSON.stringify(there);
    if (key === drawnKey) return;
    drawnKey = key;
    page.classList.toggle("pictured", there.length > 0);
    show(element, there.length > 0);
    element.replaceChildren(
      ...there
        .slice(0, 5)
        .map(({ id, url }) =>
          h("img", { src: url, alt: id === about.cover ? `Cover of ${about.title}` : "A sample result" }),
        ),
    );
  });
}

/** Buttons that fill the form, as one stop of Tab; what they say is the kernel's. */
export function mountExamples(view: View, element: HTMLElement, model: string): void {
  const { store, signal } = view;
  const label = h("div", "label", "Examples");
  const row = h("div", { role: "group", "aria-label": "Examples" });
  const words = h("p", "said");
  element.append(h("style", "", own), label, row, words);
  const fill = async (index: number) => {
    store.values.flush();
    const { error } = await store.questions.ask({ type: "example", model, index });
    if (signal.aborted) return;
    say(view, words, error ?? "", error !== null);
    show(words, error !== null);
    if (error === null) text(view.voice, "The form is filled from the example. Undo takes it back.");
  };
  const buttons = () => [...row.children] as HTMLElement[];
  let drawnKey = "";
  view.paint(["values"], () => {
    const { examples } = store;
    const key = JSON.stringify(examples);
    if (key === drawnKey) return;
    drawnKey = key;
    row.replaceChildren(
      ...examples.map((example, index) => {
        const one = button(example, "", () => void fill(index), signal);
        one.title = `Fill the form: ${example}`;
        return one;
      }),
    );
    rove(buttons(), undefined);
    show(words, false);
    show(element, examples.length > 0);
  });
  const step = (event: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const next = by && buttons()[buttons().indexOf(event.target as HTMLElement) + by];
    if (!next) return;
    event.preventDefault();
    rove(buttons(), next);
    next.focus();
  };
  onKey(row, step, signal);
  on(row, "focusin", (event) => rove(buttons(), event.target as HTMLElement), signal);
}
