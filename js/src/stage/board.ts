import { attr, button, h, icon, rove, show, text } from "../dom/dom.ts";
import { onKey } from "../dom/keys.ts";
import type { Board } from "../kernel/messages.ts";
import { mountChoices } from "../view/choices.ts";
import { step } from "../view/run_list.ts";
import type { View } from "../view/view.ts";
import type { Shelf } from "./output_order.ts";

/** A sweep's cells in rows and columns, and what stands below the one that was chosen. */
export function mountBoard(view: View, shelf: Shelf): [HTMLElement, HTMLElement] {
  const { store, signal } = view;
  const [table, note] = [h("table"), h("p", "said")];
  const why = h("p", "said");
  const element = h(
    "div",
    "board",
    note,
    mountChoices(view, () => store.run),
    why,
    table,
  );
  const buttons = new Map<number, HTMLButtonElement>();
  const costs: HTMLElement[] = [];
  let drawnKey = "";
  const choose = (index: number) => {
    const id = store.feed.cells.get(index)?.outputs[0]?.id;
    if (!id) return text(why, buttons.get(index)?.title ?? "");
    shelf.choose(id);
    void store.originals.get(id);
  };
  const build = ({ columns, rows, titles, x, y }: Board) => {
    buttons.clear();
    costs.length = 0;
    const cell = (index: number | null) => {
      if (index === null) return h("td");
      const made = button("", "thumb", () => choose(index), signal);
      buttons.set(index, made);
      return h("td", "", made, columns.length ? "" : h("small", "", titles[index] ?? ""));
    };
    const heading = (words: string) => {
      const cost = h("small");
      costs.push(cost);
      return h("th", "", words, cost);
    };
    const corner = y ? [h("th", "", x ? `${y} / ${x}` : y)] : [];
    const head = h("tr", "", ...corner, ...columns.map(heading));
    table.replaceChildren(
      ...(columns.length ? [head] : []),
      ...rows.map(({ label, cells }) => h("tr", "", ...(label ? [heading(label)] : []), ...cells.map(cell))),
    );
    rove([...buttons.values()], undefined);
  };
  const fill = (made: HTMLElement, index: number, title: string) => {
    const cell = store.feed.cells.get(index);
    const url = store.pictures.get("thumb", cell?.outputs[0]?.id ?? "")?.url;
    const status = cell?.status ?? "pending";
    const answer = cell?.outputs[0]?.text?.slice(0, 300);
    const key = url ?? answer ?? status;
    const word = { pending: [], unknown: ["Unknown", h("span", "more", ": a task may exist")] }[
      status as string
    ] ?? [status];
    if (made.dataset.key !== key)
      made.replaceChildren(
        ...(url ? [h("img", { src: url, alt: "" })] : answer ? [h("span", "excerpt", answer)] : word),
      );
    made.dataset.key = key;
    made.dataset.status = status;
    const words = `${title}: ${cell?.note || status}`;
    attr(made, "title", words);
    attr(made, "aria-label", words);
  };
  const back = icon("back", "All of them", () => shelf.choose(""), signal);
  const caption = h("span");
  const choice = h("div", "chosen", back, caption);
  view.paint(["run", "status", "pictures"], () => {
    const { board } = shelf;
    const visible = board !== null && !shelf.current;
    show(element, visible);
    show(choice, board !== null && !visible);
    if (!board) return;
    const key = JSON.stringify([board.run, board.rows, board.columns]);
    if (key !== drawnKey) {
      build(board);
      text(why, "");
    }
    drawnKey = key;
    text(note, board.note);
    for (const [at, cost] of costs.entries()) text(cost, board.costs?.[at] ?? "");
    for (const [index, made] of buttons) fill(made, index, board.titles[index] ?? "");
    const cell = [...store.feed.cells.values()].find((one) =>
      one.outputs.some((output) => output.id === shelf.output?.id),
    );
    text(caption, cell ? `${board.titles[cell.index]} · ${cell.note}` : "");
  });
  onKey(table, (event) => step(event, table), signal);
  return [element, choice];
}
