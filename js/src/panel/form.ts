import { mountBoolean } from "../controls/checkbox.ts";
import { type Field, type MountControl, mountField } from "../controls/field.ts";
import { fileNote, mountFile } from "../controls/file_field.ts";
import { takeTransfer } from "../controls/file_intake.ts";
import { mountNumber } from "../controls/number_field.ts";
import { mountSeed } from "../controls/seed_field.ts";
import { mountSelect } from "../controls/select_field.ts";
import { mountSize } from "../controls/size_field.ts";
import { mountSlider } from "../controls/slider.ts";
import { mountText } from "../controls/text_field.ts";
import { mountRows } from "../controls/value_rows.ts";
import { h, on, text } from "../dom/dom.ts";
import type { Form, Group, Parameter } from "../kernel/messages.ts";
import type { View } from "../view/view.ts";
import { mountExamples } from "./late/late_drawer.ts";
import { mountModels } from "./models.ts";

export interface FormView {
  element: HTMLElement;
  /** Opens the list of models. */
  models: HTMLElement;
  /** Shows every complaint and focuses the first; true when there is none. */
  ready(): boolean;
  /** A file that was dropped or pasted somewhere on the panel. */
  take(transfer: DataTransfer | null, target: EventTarget | null): boolean;
}

export function mountForm(view: View, form: Form): FormView {
  const element = h("form", { novalidate: true, autocomplete: "off", "aria-label": "Parameters" });
  // Enter in a single text field would submit a form; a Run costs money and is never an accident.
  on(element, "submit", (event) => event.preventDefault(), view.signal);
  // What Tab comes to is not left behind the bar of Run; a click stays where it is.
  const reveal = ({ target }: FocusEvent) =>
    (target as Element).matches(":focus-visible") && (target as Element).scrollIntoView({ block: "nearest" });
  on(element, "focusin", reveal, view.signal);
  const { opener: models, field } = mountModels(view);
  const fields: Field[] = [field];
  element.append(mountExamples(view, form.model), field.element);
  const plain = form.groups.filter((group) => !group.advanced);
  for (const group of plain) {
    const basics = group.parameters.filter((p) => !p.advanced);
    if (basics.length > 0)
      element.append(mountGroup(view, basics, plain.length > 1 ? group.title : "", fields));
  }
  if (form.open) {
    const rows = mountRows(view);
    fields.push(rows);
    element.append(rows.element);
  }
  const more = moreOf(form.groups);
  if (more.length > 0) element.append(mountMore(view, more, fields));
  return {
    element,
    models,
    ready: () => ready(fields),
    take: (transfer, target) => takeFile(view, fields, transfer, target),
  };
}

function moreOf(groups: Group[]): Parameter[] {
  return groups.flatMap((group) => group.parameters.filter((p) => group.advanced || p.advanced));
}

function mountGroup(view: View, parameters: Parameter[], title: string, fields: Field[]): HTMLElement {
  const rows = h("div", "rows");
  const group = title ? h("fieldset", "", h("legend", "", title), rows) : rows;
  const own = mountFields(view, parameters);
  fields.push(...own);
  rows.append(...own.map((field) => field.element));
  fillRows(own.map((field) => field.element));
  return group;
}

/** A half that stands alone before a whole row takes the row. */
function fillRows(elements: HTMLElement[]): void {
  let halves = 0;
  for (const [index, element] of elements.entries()) {
    const wide = element.classList.contains("wide");
    if (wide && halves % 2 === 1) elements[index - 1]?.classList.add("lone");
    halves = wide ? 0 : halves + 1;
  }
}

/** The rest, folded, with how many of them say something else than the model's defaults. */
function mountMore(view: View, parameters: Parameter[], fields: Field[]): HTMLElement {
  const changed = h("span", "note");
  view.paint(["values"], () => {
    const count = parameters.filter((p) => view.store.values.differs(p)).length;
    text(changed, count ? ` · ${count} changed` : "");
  });
  const rows = mountGroup(view, parameters, "", fields);
  return h("details", "more-fields", h("summary", "", "More", changed), rows);
}

function mountFields(view: View, parameters: Parameter[]): Field[] {
  const height = parameters.find((p) => p.role === "height");
  const width = height && parameters.find((p) => p.role === "width");
  return parameters
    .filter((p) => !width || p !== height)
    .map((p) => (p === width && height ? mountPair(view, p, height) : mountOne(view, p)));
}

function mountPair(view: View, width: Parameter, height: Parameter): Field {
  const label = `${width.label} × ${height.label.toLowerCase()}`;
  return mountField(view, [width, height], mountSize(height), { label, wide: true });
}

function mountOne(view: View, p: Parameter): Field {
  const wide =
    p.kind === "file" || p.kind === "textarea" || (p.kind === "text" && p.role !== "seed" && !p.narrow);
  const shape = { wide, bare: p.kind === "boolean", ...(p.kind === "file" ? { note: fileNote(p) } : {}) };
  return mountField(view, [p], controlFor(p), shape);
}

function controlFor(p: Parameter): MountControl {
  if (p.kind === "file") return mountFile;
  if (p.kind === "select") return mountSelect;
  if (p.kind === "boolean") return mountBoolean;
  if (p.role === "seed") return mountSeed;
  if (p.slider) return mountSlider;
  return p.kind === "number" || p.kind === "range" ? mountNumber : mountText;
}

function ready(fields: Field[]): boolean {
  for (const field of fields) field.reveal();
  const bad = fields.find((field) => field.invalid());
  const folded = bad?.element.closest("details");
  if (folded) folded.open = true;
  bad?.focus();
  return bad === undefined;
}

/** To the file field that has the focus, else to the first one. */
function takeFile(
  view: View,
  fields: Field[],
  transfer: DataTransfer | null,
  target: EventTarget | null,
): boolean {
  const takers = fields.filter((field) => field.parameters[0]?.kind === "file");
  const field = takers.find((one) => target instanceof Node && one.element.contains(target)) ?? takers[0];
  const [p] = field?.parameters ?? [];
  const files = (transfer?.files.length ?? 0) > 0;
  const inside = field?.element.contains(target as Node) ?? false;
  return p !== undefined && (files || inside) && takeTransfer(view, p, transfer);
}
