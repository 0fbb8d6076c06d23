import { mountAnswer } from "./answer.ts";
import { attr, button, h, on, show, text } from "./dom.ts";
import type { Output } from "./messages.ts";
import { mountOutputs } from "./outputs.ts";
import { mountProgress } from "./progress.ts";
import type { Store } from "./store.ts";
import { mountTimeline } from "./timeline.ts";
import type { View } from "./view.ts";
import { mountViewer, pictures } from "./viewer.ts";

/** The result, in room that is kept from the start: nothing moves when it comes. */
export function mountStage(view: View, showLog: () => void): HTMLElement {
  const viewer = mountViewer(view);
  const shelf = new Shelf(view.store);
  const frame = h(
    "div",
    { class: "frame" },
    mountEmpty(view, shelf),
    mountLarge(view, shelf, viewer.open),
    mountAnswer(view),
    mountNotice(view, showLog),
    mountProgress(view),
  );
  view.paint(["run", "status", "pictures"], () => {
    frame.classList.toggle("pictured", shelf.visible);
    frame.classList.toggle("telling", Boolean(view.store.run?.text));
  });
  const below = [mountStrip(view, shelf), mountOutputs(view), mountTimeline(view)];
  return h("div", { class: "stage" }, h("div", { class: "result" }, frame, ...below), viewer.element);
}

/** Which pictures are on the stage: this run's, or the last ones until this run has some. */
class Shelf {
  selected = 0;
  #outputs: Output[] = [];
  #number = -1;
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  get outputs(): Output[] {
    const { run } = this.#store;
    const own = pictures(this.#store);
    if (run && own.length > 0) {
      if (run.number !== this.#number) this.selected = 0;
      this.#number = run.number;
      this.#outputs = own;
    }
    return this.#outputs;
  }

  /** Left from an earlier run. */
  get stale(): boolean {
    return this.#store.status === "submitting" || this.#store.run?.number !== this.#number;
  }

  get current(): Output | undefined {
    return this.outputs[Math.min(this.selected, this.outputs.length - 1)];
  }

  /** A failure or an answer takes the stage from an earlier run's pictures. */
  get visible(): boolean {
    const { run, active, status } = this.#store;
    if (this.outputs.length === 0) return false;
    return !this.stale || (active && !run?.text) || status === "submitting";
  }
}

function mountEmpty(view: View, shelf: Shelf): HTMLElement {
  const { store } = view;
  const first = h("p");
  const second = h("small", {}, "and in Python as ", h("code", {}, "panel.images"));
  const element = h("div", { class: "empty" }, first, second);
  view.paint(["run", "status", "pictures"], () => {
    const { run, active, status } = store;
    const quiet = !shelf.visible && !run?.text && (!run?.notice || active) && !run?.outputs.length;
    show(element, quiet && !active);
    show(second, status === "idle");
    text(
      first,
      {
        succeeded: "The run ended without a result",
        cancelled: "Stopped before there was a result",
        failed: "The run failed",
        unknown: "It is not known how the run ended",
      }[status as string] ?? "Results appear here",
    );
  });
  return element;
}

function mountLarge(view: View, shelf: Shelf, open: (id: string) => void): HTMLElement {
  const { store } = view;
  const image = h("img");
  const element = button(
    "",
    "large",
    () => shelf.current && !shelf.stale && open(shelf.current.id),
    view.signal,
  );
  element.append(image);
  view.paint(["run", "status", "pictures"], () => {
    const output = shelf.current;
    const picture =
      output && (store.pictures.get("full", output.id) ?? store.pictures.get("thumb", output.id));
    show(element, shelf.visible && picture !== undefined);
    attr(image, "src", picture?.url ?? null);
    image.alt = `Picture ${shelf.selected + 1} of ${shelf.outputs.length}`;
    attr(element, "aria-label", `${image.alt}, open full size`);
    element.classList.toggle("stale", shelf.stale);
    attr(element, "aria-disabled", shelf.stale ? "true" : null);
  });
  return element;
}

function mountStrip(view: View, shelf: Shelf): HTMLElement {
  const { store, signal } = view;
  const element = h("div", { class: "strip", role: "group", "aria-label": "Pictures" });
  let drawn = "";
  const select = (index: number) => {
    shelf.selected = index;
    store.topics.emit("pictures");
  };
  const draw = () => {
    const { outputs } = shelf;
    show(element, shelf.visible && outputs.length > 1);
    const urls = outputs.map((output) => store.pictures.get("thumb", output.id)?.url ?? "");
    if (urls.join() !== drawn)
      element.replaceChildren(
        ...urls.map((url, index) => thumb(url, index, outputs.length, () => select(index), signal)),
      );
    drawn = urls.join();
    for (const [index, child] of [...element.children].entries()) {
      attr(child, "aria-current", index === shelf.selected ? "true" : null);
    }
    element.classList.toggle("stale", shelf.stale);
  };
  view.paint(["run", "status", "pictures"], draw);
  on(element, "keydown", (event) => arrow(event, element), signal);
  return element;
}

function thumb(url: string, index: number, total: number, act: () => void, signal: AbortSignal): HTMLElement {
  const element = button("", "thumb", act, signal);
  attr(element, "aria-label", `Picture ${index + 1} of ${total}`);
  if (url) element.append(h("img", { src: url, alt: "" }));
  return element;
}

function arrow(event: KeyboardEvent, strip: HTMLElement): void {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const all = [...strip.children] as HTMLElement[];
  const next = by && all[all.indexOf(event.target as HTMLElement) + by];
  if (!next) return;
  event.preventDefault();
  next.focus();
  next.click();
}

function mountNotice(view: View, showLog: () => void): HTMLElement {
  const { store } = view;
  const [title, words] = [h("strong"), h("p")];
  const element = h(
    "div",
    { class: "notice" },
    title,
    words,
    button("Show the log", "", showLog, view.signal),
  );
  view.paint(["run", "status"], () => {
    const notice = store.status === "submitting" ? null : (store.run?.notice ?? null);
    show(element, notice !== null);
    element.classList.toggle("info", notice?.kind === "info");
    text(title, notice?.title ?? "");
    text(words, notice?.text ?? "");
  });
  return element;
}
