import { attr, button, h, on, show, text } from "../dom/dom.ts";
import { onKey } from "../dom/keys.ts";
import type { Choice, RunSummary } from "../kernel/messages.ts";
import { TWICE } from "../state/runs.ts";
import { say, type View } from "./view.ts";

/** The choices of a run as buttons, while a kernel answers. What may cost money twice is asked once more. */
export function mountChoices(view: View, runOf: () => RunSummary | null | undefined): HTMLElement {
  const { store, signal } = view;
  const [said, row] = [h("small", "said"), h("span")];
  const element = h("div", { class: "choices", role: "group" }, row, said);
  let drawnKey = "";
  let armed: HTMLButtonElement | null = null;
  let armedAt = 0;
  let busy = false;
  // The second click of a double click means nothing, also where the longer words have moved another button under it.
  const isDouble = () => armed !== null && performance.now() - armedAt < TWICE;
  const disarm = () => {
    if (armed) text(armed, armed.dataset.label ?? "");
    armed?.classList.remove("stop");
    armed = null;
  };
  const arm = (made: HTMLButtonElement, confirm: string) => {
    disarm();
    armed = made;
    armedAt = performance.now();
    text(made, confirm);
    made.classList.add("stop");
    text(view.voice, `${confirm}. Press again to confirm.`);
  };
  const press = async (run: number, { name, confirm }: Choice, made: HTMLButtonElement) => {
    if (busy || isDouble()) return;
    if (confirm && armed !== made) return arm(made, confirm);
    disarm();
    busy = true;
    draw();
    const answer = await store.questions.ask({ type: "decide", run, choice: name });
    busy = false;
    if (signal.aborted) return;
    say(view, said, answer.error ?? answer.text ?? "", answer.error !== null);
    draw();
  };
  const build = (run: RunSummary) => {
    armed = null;
    const made = run.choices.map((choice) => {
      const one: HTMLButtonElement = button(
        choice.label,
        "",
        () => void press(run.number, choice, one),
        signal,
      );
      one.dataset.label = choice.label;
      one.title = choice.title;
      return one;
    });
    row.replaceChildren(...made);
  };
  const draw = () => {
    const run = runOf();
    const choices = (store.link.state !== "lost" && run?.choices) || [];
    const key = JSON.stringify([run?.number, choices]);
    // While the kernel carries one out it offers none; the pressed button stays, and keeps the focus.
    if (key !== drawnKey && !(busy && choices.length === 0) && run) {
      if (!drawnKey.startsWith(`[${run.number},`)) text(said, "");
      const focused = [...row.children].findIndex((one) => one.matches(":focus"));
      build({ ...run, choices });
      const next = row.children[focused] ?? element.closest("section");
      if (focused >= 0) (next as HTMLElement | null)?.focus();
      drawnKey = key;
    }
    if (!run) {
      row.replaceChildren();
      drawnKey = "";
    }
    for (const one of row.children) attr(one, "aria-disabled", busy);
    attr(element, "aria-label", `Choices for run ${run?.number}`);
    show(element, run != null && (choices.length > 0 || busy || said.textContent !== ""));
  };
  on(
    element,
    "focusout",
    (event) => isDouble() || element.contains(event.relatedTarget as Node | null) || disarm(),
    signal,
  );
  onKey(element, (event) => event.key === "Escape" && disarm(), signal);
  view.paint(["run", "status", "link"], draw);
  return element;
}
