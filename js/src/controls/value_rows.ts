import { attr, button, h, icon, on, show, text } from "../dom/dom.ts";
import { randomId } from "../kernel/host.ts";
import type { ValueRow } from "../kernel/messages.ts";
import type { View } from "../view/view.ts";
import type { Field } from "./field.ts";

interface Line {
  element: HTMLElement;
  name: HTMLInputElement;
  value: HTMLTextAreaElement;
  remove: HTMLElement;
  error: HTMLElement;
}

const EMPTY: ValueRow = { name: "", text: "", key: null };
const INTRO = "Wiro does not say what this model takes: enter names and values as its page has them.";
const HINT = "A number, true or false is sent as such; in quotes it is text. A file is given by its URL.";

/** The form of a model whose parameters nobody tells: rows of a name and a value. */
export function mountRows(view: View): Field {
  const { signal, store } = view;
  const hint = h("p", { class: "help", id: `h${randomId()}` }, HINT);
  const intro = h("p", { class: "soft", id: `i${randomId()}` }, INTRO);
  const list = h("div", "value-rows");
  const lines: Line[] = [];
  let revealed = false;
  const rows = () => {
    const own = store.values.rows;
    return own.length > 0 ? own : [EMPTY];
  };
  const edit = (at: number, change: Partial<ValueRow>) => {
    store.values.editRows(rows().map((row, index) => (index === at ? { ...row, ...change } : row)));
  };
  const add = () => {
    store.values.editRows([...rows(), EMPTY]);
    draw();
    lines.at(-1)?.name.focus();
  };
  // The focus stays in the list: on the row that takes the place of the one that went.
  const remove = (at: number) => {
    const name = rows()[at]?.name.trim();
    store.values.editRows(rows().filter((_, index) => index !== at));
    draw();
    lines[Math.min(at, lines.length - 1)]?.name.focus();
    text(view.voice, name ? `Removed ${name}` : "Removed the row");
  };
  const more = button("Add a value", "link", add, signal);
  const element = h("fieldset", "open", h("legend", "", "Values"), intro, list, more, hint);
  attr(element, "aria-describedby", `${intro.id} ${hint.id}`);

  const mountLine = (at: number): Line => {
    const id = `e${randomId()}`;
    const name = h("input", {
      type: "text",
      autocomplete: "off",
      spellcheck: "false",
      autocapitalize: "off",
    });
    const value = h("textarea", { rows: 1 });
    name.placeholder = at === 0 ? "prompt" : "name";
    value.placeholder = "value";
    const error = h("p", { class: "error", id });
    const remover = icon("remove", "Remove", () => remove(at), signal);
    on(name, "input", () => edit(at, { name: name.value }), signal);
    on(value, "input", () => edit(at, { text: value.value }), signal);
    on(name, "blur", () => view.schedule(draw), signal);
    const line = h("div", { class: "value-row", role: "group" }, name, value, remover, error);
    return { element: line, name, value, remove: remover, error };
  };

  function draw(): void {
    const now = rows();
    while (lines.length < now.length) {
      const line = mountLine(lines.length);
      lines.push(line);
      list.append(line.element);
    }
    for (const line of lines.splice(now.length)) line.element.remove();
    for (const [at, row] of now.entries()) drawLine(lines[at] as Line, row, at, problem(now, at, revealed));
  }

  function drawLine(line: Line, row: ValueRow, at: number, wrong: string | null): void {
    const number = `value ${at + 1}`;
    const called = row.name.trim() || number;
    attr(line.element, "aria-label", `Value ${at + 1}`);
    attr(line.name, "aria-label", `Name of ${number}`);
    attr(line.value, "aria-label", row.name.trim() ? called : `Value of ${number}`);
    attr(line.remove, "aria-label", `Remove ${called}`);
    attr(line.value, "readonly", row.key !== null);
    attr(line.remove, "title", `Remove ${called}`);
    show(line.remove, lines.length > 1 || row.name !== "" || row.text !== "");
    if (line.name.value !== row.name) line.name.value = row.name;
    if (line.value.value !== row.text) line.value.value = row.text;
    text(line.error, wrong ?? "");
    show(line.error, wrong !== null);
    line.element.classList.toggle("invalid", wrong !== null);
    attr(line.name, "aria-invalid", wrong !== null);
    attr(line.name, "aria-describedby", wrong !== null ? line.error.id : null);
  }

  const wrongAt = () => rows().findIndex((_, at) => problem(rows(), at, true) !== null);
  view.paint(["values"], draw);
  return {
    element,
    parameters: [],
    reveal: () => {
      revealed = true;
      draw();
    },
    invalid: () => wrongAt() >= 0,
    focus: () => lines[Math.max(0, wrongAt())]?.name.focus(),
  };
}

/** A value without a name could not be sent, and of two with the same name only one. */
function problem(rows: ValueRow[], at: number, revealed: boolean): string | null {
  const { name, text: words, key } = rows[at] as ValueRow;
  const id = name.trim();
  if (!id) return revealed && (words.trim() || key) ? "This value needs a name" : null;
  const twice = rows.some((row, other) => other < at && row.name.trim() === id);
  return twice ? "This name is taken by another row" : null;
}
