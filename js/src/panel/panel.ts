import { mountSettingsButton, mountSettingsNote, takePicture } from "../controls/recipe_note.ts";
import { attr, button, h, on, show, text } from "../dom/dom.ts";
import { keepKeys, onKey } from "../dom/keys.ts";
import type { Form } from "../kernel/messages.ts";
import { GONE } from "../kernel/strings.ts";
import { mountLog } from "../log/log.ts";
import { mountStage } from "../stage/stage.ts";
import { acceptDrops, holdsFiles } from "../view/drop_target.ts";
import { mountActions } from "../view/run_actions.ts";
import { mountRunList } from "../view/run_list.ts";
import { mountSearch } from "../view/search.ts";
import { announcement } from "../view/status_text.ts";
import { type View, within } from "../view/view.ts";
import { mountCode } from "./code_drawer.ts";
import { mountForm } from "./form.ts";
import { mountHeader } from "./header.ts";
import { mountLateDrawer } from "./late/late_drawer.ts";

const PRESETS = "In Python: panel.presets, panel.save_preset(…), panel.load_preset(…)";

/** The whole panel; built anew when the kernel sends another form. */
export function mountPanel(view: View): HTMLElement {
  const { store, signal } = view;
  const section = h("section", { class: "panel", tabindex: -1 });
  let current = new AbortController();
  let drawnKey: string | null = null;
  keepKeys(section, signal);
  view.paint(["form"], () => {
    const { form, searchable } = store.values;
    const key = JSON.stringify([form, searchable]);
    if (key === drawnKey) return;
    drawnKey = key;
    current.abort();
    current = new AbortController();
    const focused = section.matches(":focus-within");
    section.setAttribute("aria-label", `Wiro panel, ${form?.model ?? (searchable ? "no model" : "loading")}`);
    const inner = within(view, current.signal);
    section.replaceChildren(
      ...(form ? build(inner, section, form) : searchable ? offer(inner, section) : wait(inner)),
    );
    // What had the focus is gone: it goes on with the new form.
    if (focused) (section.querySelector<HTMLElement>("form :is(textarea, input)") ?? section).focus();
  });
  return section;
}

function build(view: View, section: HTMLElement, form: Form): HTMLElement[] {
  const { store } = view;
  const log = mountLog(view);
  const controls = mountForm(view, form);
  const settings = mountSettingsButton(view);
  settings.prepend(mountUndo(view), " ");
  controls.element.append(settings);
  const run = () => {
    if (!controls.ready()) return;
    if (store.uploads.busy) store.runs.refuse("Wait until the file has arrived.");
    else store.start();
  };
  listenFor(view, section, run);
  const take = (event: Event, transfer: DataTransfer | null) => {
    const handled = controls.take(transfer, event.composedPath()[0] ?? null) || takePicture(view, transfer);
    if (handled) event.preventDefault();
  };
  on(section, "paste", (event) => writes(event) || take(event, event.clipboardData), view.signal);
  acceptDrops(view, section, "dropping", holdsFiles, (event) => {
    if (!takePicture(view, event.dataTransfer)) take(event, event.dataTransfer);
  });
  const code = mountCode(view);
  const change = store.values.searchable ? mountChange(view) : null;
  const opener = (label: string, className = "quiet") =>
    h("button", { type: "button", class: className }, label);
  const [presets, alerts, about] = [opener("Presets"), opener("When done"), opener("i", "about")];
  attr(about, "aria-label", `About ${form.model}`);
  log.head.append(alerts);
  const { element: header, name } = mountHeader(
    view,
    form,
    [controls.models, presets, code.opener],
    about,
    change?.toggle,
  );
  change?.follow(name);
  const side = h("div", "side", controls.element, mountActions(view, run), mountRunList(view));
  return [
    header,
    ...(change ? [change.element] : []),
    mountLateDrawer(view, "about", about),
    mountLateDrawer(view, "presets", presets, PRESETS),
    code.element,
    mountSettingsNote(view),
    h("div", "body", side, mountStage(view, log.open)),
    log.element,
    mountLateDrawer(view, "alerts", alerts),
    announce(view),
  ];
}

/**
 * Control Enter runs, wherever the focus is in the panel; a key that is held down presses nothing twice, and Shift
 * Enter, with which people go on to the next cell, presses nothing.
 */
function listenFor(view: View, section: HTMLElement, run: () => void): void {
  const keys = (event: KeyboardEvent) => {
    const runs = event.ctrlKey || event.metaKey;
    const dead = (event.repeat || event.shiftKey) && (event.target as Element).matches("button");
    if (event.key !== "Enter" || !(runs || dead)) return;
    event.preventDefault();
    if (runs && !event.repeat) run();
  };
  onKey(section, keys, view.signal);
}

/** Takes the last change of the form back, whoever made it. */
function mountUndo(view: View): HTMLElement {
  const { store, signal } = view;
  const undo = () => {
    store.values.flush();
    void store.questions.ask({ type: "undo" });
  };
  const element = button("Undo", "link soft", undo, signal);
  view.paint(["values"], () => {
    attr(element, "aria-label", `Undo ${store.axes.undo}`);
    element.title = `Take back the last change: ${store.axes.undo}`;
    show(element, Boolean(store.axes.undo));
  });
  return element;
}

/** The search that a panel made without a model keeps behind its model's name. */
function mountChange(view: View) {
  let opener: HTMLElement | undefined;
  const set = (open: boolean) => {
    show(element, open, opener);
    if (opener) attr(opener, "aria-expanded", open);
    if (open) search.open();
  };
  const search = mountSearch(view, () => set(false));
  const element = h("div", { class: "drawer", hidden: true }, search.element);
  const follow = (name: HTMLElement) => {
    opener = name;
    attr(name, "aria-expanded", false);
  };
  return { element, follow, toggle: () => set(element.hidden !== false) };
}

/** No model is chosen yet: the catalogue is all there is. */
function offer(view: View, section: HTMLElement): HTMLElement[] {
  const search = mountSearch(view);
  acceptDrops(view, section, "dropping", holdsFiles, (event) => takePicture(view, event.dataTransfer));
  search.look();
  const hint = h("p", "soft", "Choose a model; its controls take this place.");
  const warning = h("p", { class: "bad", role: "alert" });
  view.paint(["link"], () => text(warning, view.store.link.state === "lost" ? GONE : ""));
  const body = h("div", "offer", hint, search.element, warning, mountSettingsButton(view));
  return [mountHeader(view, null, []).element, mountSettingsNote(view), body, announce(view)];
}

/** Words pasted where words go; a text editor's clipboard holds a picture of them as well. */
function writes(event: ClipboardEvent): boolean {
  const target = event.target as Element;
  const typing = target.matches("textarea, input") && !target.closest(".drop");
  return typing && event.clipboardData?.getData("text/plain") !== "";
}

/** Before there is a schema: quiet, or the reason why there is none. */
function wait(view: View): HTMLElement[] {
  const { store } = view;
  const [title, words] = [h("strong"), h("p")];
  const card = h("div", "", title, words);
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
  return [mountHeader(view, null, []).element, h("div", "waiting", card), announce(view)];
}

/** Polite, and silent until something changes after the panel is there. */
function announce(view: View): HTMLElement {
  let announced = announcement(view.store);
  view.paint(["status", "run", "link"], () => {
    const words = announcement(view.store);
    if (words === announced) return;
    announced = words;
    text(view.voice, words);
  });
  return view.voice;
}
