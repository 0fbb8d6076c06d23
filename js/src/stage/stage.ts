import { h } from "../dom/dom.ts";
import type { Output } from "../kernel/messages.ts";
import type { Store } from "../state/store.ts";
import { asFile, type Dragged, offerDrag } from "../view/dragged.ts";
import type { View } from "../view/view.ts";
import { mountViewer } from "../viewer/viewer.ts";
import { mountAnswer } from "./answer.ts";
import { mountBoard } from "./board.ts";
import { mountDocument } from "./document.ts";
import { mountLarge } from "./large_picture.ts";
import { mountMedia } from "./media.ts";
import { mountEmpty, mountNotice } from "./notice.ts";
import { Shelf } from "./output_order.ts";
import { mountProgress } from "./progress.ts";
import { mountStrip } from "./strip.ts";
import { mountTimeline } from "./timeline.ts";
import { mountTools } from "./tools.ts";

/** The result, in room that is kept from the start: nothing moves when it comes. */
export function mountStage(view: View, showLog: () => void): HTMLElement {
  const viewer = mountViewer(view);
  const shelf = new Shelf(view.store);
  const [board, choice] = mountBoard(view, shelf);
  const frame = h(
    "div",
    "frame",
    mountEmpty(view, shelf),
    board,
    mountLarge(view, shelf, viewer.open),
    mountMedia(view, shelf),
    mountDocument(view, shelf),
    mountAnswer(view, shelf),
    mountNotice(view, showLog),
    mountProgress(view),
  );
  view.paint(["run", "status", "pictures"], () => {
    frame.classList.toggle("pictured", shelf.shows("picture"));
    frame.classList.toggle("telling", shelf.shows("answer") || !board.hidden);
  });
  const find = (event: Event) => {
    const tile = (event.target as Element).closest(".strip .thumb");
    const item = tile ? shelf.items[[...(tile.parentElement?.children ?? [])].indexOf(tile)] : shelf.current;
    return item && "output" in item && !shelf.stale ? dragOf(view.store, item.output) : null;
  };
  const below = [choice, mountTimeline(view), mountStrip(view, shelf), mountTools(view, shelf, viewer)];
  const result = h("div", "result", frame, ...below);
  offerDrag(result, find, view.signal);
  return h("div", "stage", result, viewer.element);
}

function dragOf(store: Store, output: Output): Dragged {
  const { id } = output;
  return {
    owner: store,
    output,
    handOver: async (panel, field) =>
      (await store.questions.ask({ type: "use", output: id, panel, field })).text,
    file: async () => asFile(await store.originals.get(id)),
  };
}
