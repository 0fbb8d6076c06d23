import { h, show, text } from "../dom/dom.ts";
import { seconds } from "../dom/format.ts";
import type { Stage } from "../kernel/messages.ts";
import { ticking } from "../view/run_actions.ts";
import type { View } from "../view/view.ts";

const NAMES: Stage["name"][] = ["Queue", "Prepare", "Generate", "Finish"];

/** The stages as one thin line, each as long as it took. */
export function mountTimeline(view: View): HTMLElement {
  const { store } = view;
  const cells = NAMES.map((name) => {
    const time = h("span", "");
    return {
      name,
      time,
      element: h("li", "", h("i", { "aria-hidden": "true" }), h("b", "", name), " ", time),
    };
  });
  const element = h("ol", { class: "stages", "aria-label": "Stages" }, ...cells.map((cell) => cell.element));
  const draw = () => {
    const { run, active, elapsed } = store;
    show(element, run !== null && run.stages.length > 0);
    for (const { name, time, element: cell } of cells) {
      const stage = run?.stages.find((one) => one.name === name);
      const open = stage !== undefined && stage.end === null && active;
      const took = stage ? Math.max(0, (stage.end ?? elapsed) - stage.start) : 0;
      cell.className = open ? "on" : stage ? "past" : "off";
      cell.style.flexGrow = String(took);
      text(time, stage ? seconds(took, open) : "");
    }
  };
  view.paint(["run", "status"], draw);
  ticking(view, draw);
  return element;
}
