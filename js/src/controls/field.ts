import { attr, button, h, icon, show, text } from "../dom/dom.ts";
import { randomId } from "../kernel/host.ts";
import type { Parameter } from "../kernel/messages.ts";
import type { View } from "../view/view.ts";
import { mountVary } from "./axis_field.ts";

/** What a kind of control gives its field. */
export interface Control {
  element: HTMLElement;
  /** Takes the focus, the label and the description. */
  input: HTMLElement;
  /** Further inputs of the same field, described alike. */
  others?: HTMLElement[];
  /** Stands at the end of the label's line. */
  aside?: HTMLElement;
  draw(): void;
}

/** A field as the form sees it: it can be asked, shown wrong, and focused. */
export interface Field {
  element: HTMLElement;
  parameters: Parameter[];
  /** From now on the field says what is missing, not only what is wrong. */
  reveal(): void;
  invalid(): boolean;
  focus(): void;
}

export interface Context {
  view: View;
  p: Parameter;
  /** Tells that the field was left or changed by hand. */
  touched(): void;
}

export type MountControl = (context: Context) => Control;

/** Characters of a help that is one line of a wide field; a longer one waits behind a question mark. */
const LINE = 64;

interface Shape {
  label?: string;
  note?: string;
  wide?: boolean;
  /** The control carries its own label. */
  bare?: boolean;
}

export function mountField(
  view: View,
  parameters: Parameter[],
  mount: MountControl,
  shape: Shape = {},
): Field {
  const [p] = parameters as [Parameter];
  let revealed = false;
  const draw = () => view.schedule(drawAll);
  const control = mount({
    view,
    p,
    touched: () => {
      revealed = true;
      draw();
    },
  });
  const id = `f${randomId()}`;
  const help = h("p", { class: "help", id: `${id}h` });
  const error = h("p", { class: "error", id: `${id}e` });
  const about = mountAbout(view, p, draw);
  const name = shape.label ?? p.label;
  const vary = mountVary(view, parameters, name);
  const reset = mountReset(view, parameters, name, `${id}l`, () => control.input.focus());
  // Beside a narrow control a sentence would be three lines.
  const brief = shape.wide && (p.help ?? "").length <= LINE;
  const aids = [...(p.help && !brief ? [about.element] : []), reset.element];
  const label = shape.bare
    ? h("div", "label", control.element, ...aids)
    : mountLabel(id, name, shape.note ?? noteOf(p), aids);
  (label.firstElementChild as HTMLElement).id = `${id}l`;
  if (control.aside) label.append(control.aside);
  // What varies it comes last: the way by Tab leads to the control first.
  const controls = shape.bare ? [] : [control.element];
  const children: Node[] = [label, ...controls, vary.element, help, error, vary.toggle];
  const kinds = ["field", shape.wide && "wide", shape.bare && "bare"].filter(Boolean).join(" ");
  const element = h("div", kinds, ...children);
  element.dataset.field = parameters.map((one) => one.id).join(" ");
  control.input.id ||= id;

  const problem = () => firstProblem(view, parameters, revealed);
  function drawAll(): void {
    control.draw();
    const isAxis = vary.draw();
    const sentence = problem();
    const helpText = isAxis ? parameters.map((one) => view.store.values.words(one)).join(" \u00d7 ") : p.help;
    text(error, sentence ?? "");
    show(error, sentence !== null);
    text(help, helpText ?? "");
    show(help, Boolean(helpText) && sentence === null && (isAxis || brief || about.open()));
    reset.draw(isAxis);
    show(control.element, !isAxis || vary.inputs.length === 0);
    if (control.aside) show(control.aside, !isAxis);
    element.classList.toggle("invalid", sentence !== null);
    const inputs = [control.input, ...(control.others ?? []), ...vary.inputs];
    describe(inputs, sentence !== null ? error.id : helpText ? help.id : null, sentence !== null);
  }
  view.paint(["values", "uploads", "pictures"], drawAll);
  return {
    element,
    parameters,
    reveal: () => {
      revealed = true;
      drawAll();
    },
    // Python's word alone does not hold a Run back: running again is how it is asked anew.
    invalid: () =>
      parameters.some((one) => !view.store.coming(one) && view.store.values.ownProblem(one) !== null),
    focus: () => (control.element.hidden ? vary.inputs[0] : control.input)?.focus(),
  };
}

function firstProblem(view: View, parameters: Parameter[], revealed: boolean): string | null {
  for (const p of parameters) {
    const sentence = view.store.problem(p);
    // An empty required field is not scolded before it was visited or Run was pressed.
    if (sentence !== null && (revealed || !view.store.values.missing(p))) {
      return parameters.length > 1
        ? `${p.label}: ${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}`
        : sentence;
    }
  }
  return null;
}

function describe(inputs: HTMLElement[], by: string | null, invalid: boolean): void {
  for (const input of inputs) {
    attr(input, "aria-invalid", invalid);
    attr(input, "aria-describedby", by);
  }
}

function mountLabel(id: string, label: string, note: string, aids: HTMLElement[]): HTMLElement {
  const element = h("div", "label", h("label", { for: id }, label));
  if (note) element.append(h("span", "note", ` · ${note}`));
  element.append(...aids);
  return element;
}

/** Back to the model's default, where the control says something else; files have their own way out. */
function mountReset(view: View, parameters: Parameter[], label: string, labelId: string, after: () => void) {
  const { values } = view.store;
  const act = () => {
    for (const p of parameters) values.edit(p.id, p.default);
    values.flush();
    after();
  };
  const defaults = parameters.map((p) => p.default);
  const short = defaults.every((one) => one !== null && one !== "" && String(one).length < 20);
  const to = short ? ` to ${defaults.join(" \u00d7 ")}` : "";
  const element = icon("reset", `Reset${to}`, act, view.signal);
  element.title = `Reset ${label.toLowerCase()}${to}`;
  attr(element, "aria-describedby", labelId);
  const clears = defaults.every((one) => one === null || one === "");
  const draw = (isAxis: boolean) => {
    const changed = parameters.some((p) => p.kind !== "file" && values.differs(p));
    show(element, changed && !isAxis && !(clears && parameters[0]?.role === "prompt"));
  };
  return { element, draw };
}

function mountAbout(view: View, p: Parameter, draw: () => void) {
  let open = false;
  const element = button("?", "about", () => toggle(), view.signal);
  attr(element, "aria-label", `About ${p.label}`);
  attr(element, "aria-expanded", false);
  const toggle = () => {
    open = !open;
    attr(element, "aria-expanded", open);
    draw();
  };
  return { element, open: () => open };
}

function noteOf(p: Parameter): string {
  return p.required && (p.default === null || p.default === "") ? "required" : "";
}
