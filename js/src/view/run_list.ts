import { attr, button, h, icon, show, text } from "../dom/dom.ts";
import { count } from "../dom/format.ts";
import { onKey } from "../dom/keys.ts";
import type { RunSummary } from "../kernel/messages.ts";
import { isActive } from "../state/runs.ts";
import { mountChoices } from "./choices.ts";
import type { View } from "./view.ts";

interface Line {
  element: HTMLElement;
  buttons: HTMLElement[];
  draw(run: RunSummary, isShown: boolean): void;
}

/** The runs, newest first, once there is more than one: each can be shown, stopped and starred. */
export function mountRunList(view: View): HTMLElement {
  const { store, signal } = view;
  const lines = new Map<number, Line>();
  const list = h("ul");
  const busy = h("span");
  const element = h("div", "runs", h("div", "label", "Runs", busy), list);
  const draw = () => {
    const runs = store.runs.list;
    show(element, runs.length > 1);
    if (runs.length < 2) return;
    const { activeCount } = store.runs;
    text(busy, activeCount > 1 ? ` · ${count(activeCount, "active", "active")}` : "");
    const numbers = new Set(runs.map((run) => run.number));
    for (const [number, line] of lines) if (!numbers.has(number)) forget(number, line);
    for (const run of runs) {
      const line = lines.get(run.number) ?? begin(run.number);
      line.draw(run, run.number === store.run?.number);
    }
    // One stop of Tab for the list: the run that is shown.
    const current = lines.get(store.run?.number ?? -1) ?? [...lines.values()].at(-1);
    for (const one of lines.values())
      for (const each of one.buttons) each.tabIndex = one === current ? 0 : -1;
  };
  const begin = (number: number) => {
    const line = mountLine(view, number);
    lines.set(number, line);
    list.prepend(line.element);
    return line;
  };
  const forget = (number: number, line: Line) => {
    line.element.remove();
    lines.delete(number);
  };
  view.paint(["run", "status"], draw);
  onKey(list, (event) => step(event, list), signal);
  return element;
}

function mountLine(view: View, number: number): Line {
  const { store, signal } = view;
  const [dot, snippet, state] = [h("i"), h("span", "snippet"), h("span")];
  const shower = button("", "quiet show", () => store.runs.show(number), signal);
  shower.append(dot, h("span", "unseen", "Run "), h("span", "soft", String(number)), snippet, state);
  let starred = false;
  const star = icon("star", `Star run ${number}`, () => setStar(view, number, !starred), signal);
  const stop = icon("halt", `Stop run ${number}`, () => store.runs.stop(number), signal);
  const own = () => store.runs.list.find((run) => run.number === number && number !== store.run?.number);
  const choices = mountChoices(view, own); // those of the run that is shown are on the stage
  const element = h("li", "", shower, stop, star, choices);
  const draw = (run: RunSummary, isShown: boolean) => {
    const stopping = store.runs.stopping(number);
    const active = isActive(run.status);
    const isLost = active && store.link.state === "lost";
    starred = run.starred;
    dot.dataset.status = isLost ? "unknown" : run.status;
    text(snippet, run.prompt || "without a prompt");
    text(state, isLost ? "Unknown" : stopping ? "Stopping" : run.line);
    attr(shower, "title", run.reason || null);
    attr(shower, "aria-current", isShown);
    attr(star, "aria-pressed", starred);
    attr(stop, "aria-disabled", stopping);
    show(stop, active && !isLost, shower);
  };
  return { element, buttons: [shower, stop, star], draw };
}

export function setStar(view: View, run: number, to: boolean): void {
  void view.store.questions.ask({ type: "star", run, on: to });
}

/** Up and down to the same button of the next line, left and right within it. */
export function step(event: KeyboardEvent, list: Element): void {
  const line = (event.target as Element).closest("li, tr");
  if (!line) return;
  const buttons = (of: Element | null | undefined) => [
    ...(of?.querySelectorAll<HTMLElement>("button:not([hidden])") ?? []),
  ];
  const own = buttons(line);
  const at = own.indexOf(event.target as HTMLElement);
  const lines = [...list.children];
  const beside = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  const within = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const there = beside ? buttons(lines[lines.indexOf(line) + beside]) : [];
  const next = within ? own[at + within] : there[Math.min(at, there.length - 1)];
  if (!next) return;
  event.preventDefault();
  next.focus();
}
