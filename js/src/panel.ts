import { mountActions } from "./actions.ts";
import { h, on, text } from "./dom.ts";
import { mountForm } from "./form.ts";
import { mountHeader } from "./header.ts";
import { mountLog } from "./log.ts";
import { mountStage } from "./stage.ts";
import { type View, within } from "./view.ts";
import { announcement } from "./words.ts";

/** The whole panel; built anew when the kernel sends another form. */
export function mountPanel(view: View): HTMLElement {
  const { store, signal } = view;
  const section = h("section", { class: "panel", tabindex: -1 });
  let current = new AbortController();
  let drawn: string | null = null;
  // In a notebook a key pressed on a button would otherwise insert cells.
  on(section, "keydown", (event) => event.stopPropagation(), signal);
  view.paint(["form"], () => {
    const key = JSON.stringify(store.values.form);
    if (key === drawn) return;
    drawn = key;
    current.abort();
    current = new AbortController();
    section.setAttribute("aria-label", `Wiro panel, ${store.values.form?.model ?? "loading"}`);
    section.replaceChildren(...build(within(view, current.signal), section));
  });
  return section;
}

function build(view: View, section: HTMLElement): HTMLElement[] {
  const { form } = view.store.values;
  const said = mountAnnouncer(view);
  if (!form) return [mountHeader(view, null), mountWaiting(view), said];
  const log = mountLog(view);
  const controls = mountForm(view, form);
  const run = () => {
    if (view.store.active || !controls.ready()) return;
    if (view.store.uploads.busy) view.store.refuse("Wait until the file has arrived.");
    else view.store.start();
  };
  on(
    section,
    "keydown",
    (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.repeat) return;
      event.preventDefault();
      run();
    },
    view.signal,
  );
  const take = (event: Event, transfer: DataTransfer | null) => {
    if (controls.take(transfer, event.composedPath()[0] ?? null)) event.preventDefault();
  };
  on(section, "paste", (event) => writes(event) || take(event, event.clipboardData), view.signal);
  on(section, "dragover", (event) => event.preventDefault(), view.signal);
  on(
    section,
    "drop",
    (event) => {
      event.preventDefault(); // the browser would leave the notebook for the file
      take(event, event.dataTransfer);
    },
    view.signal,
  );
  const body = h(
    "div",
    { class: "body" },
    controls.element,
    mountActions(view, run),
    mountStage(view, log.open),
  );
  return [mountHeader(view, form), body, log.element, said];
}

/** Words pasted where words go; a text editor's clipboard holds a picture of them as well. */
function writes(event: ClipboardEvent): boolean {
  const target = event.target as Element;
  const typing = target.matches("textarea, input") && !target.closest(".drop");
  return typing && event.clipboardData?.getData("text/plain") !== "";
}

/** Before there is a schema: quiet, or the reason why there is none. */
function mountWaiting(view: View): HTMLElement {
  const { store } = view;
  const [title, words] = [h("strong"), h("p")];
  const card = h("div", {}, title, words);
  view.paint(["run", "link"], () => {
    const notice = store.run?.notice;
    card.className = notice || store.link.state !== "ok" ? "notice" : "";
    if (notice) {
      text(title, notice.title);
      text(words, notice.text);
    } else {
      text(title, store.link.state === "ok" ? "" : "The kernel does not answer");
      text(words, store.link.state === "ok" ? "Loading the model's parameters" : "Run the cell again.");
    }
  });
  return h("div", { class: "waiting" }, card);
}

/** Polite, and silent until something changes after the panel is there. */
function mountAnnouncer(view: View): HTMLElement {
  const element = h("p", { class: "unseen", role: "status" });
  let said = announcement(view.store);
  view.paint(["status", "run"], () => {
    const words = announcement(view.store);
    if (words === said) return;
    said = words;
    text(element, words);
  });
  return element;
}
