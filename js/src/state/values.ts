import type { Timers } from "../dom/timers.ts";
import type { Model } from "../kernel/host.ts";
import type { Link } from "../kernel/link.ts";
import type {
  FileItem,
  FileRef,
  Form,
  Output,
  Parameter,
  Scalar,
  Value,
  ValueRow,
} from "../kernel/messages.ts";
import { Edits } from "./edits.ts";
import { check, fileLimit, isEmpty, isOn } from "./rules.ts";

/** A file of a field, as the kernel told of it or as it will. */
export type FieldFile = FileRef & { output?: string };

/** The name under which the text of a parameter's axis travels. */
export const axisOf = (p: Parameter) => `*${p.id}`;

/** The name under which the rows of an open form travel (value_rows.py). */
const ROWS = "**";

const TYPING = 120; // ms of quiet before an edit leaves

/** What the controls say: the kernel's values, under what the hand has changed since. */
export class Values {
  readonly #model: Model;
  readonly #link: Link;
  readonly #timers: Timers;
  readonly #onChange: () => void;
  readonly #edits = new Edits();
  #kernel: Record<string, Value>;
  #answeredRev = 0;

  constructor(model: Model, link: Link, timers: Timers, onChange: () => void) {
    this.#model = model;
    this.#link = link;
    this.#timers = timers;
    this.#onChange = onChange;
    this.#kernel = this.#read();
  }

  /** What is said of an axis: how many values, and which. */
  words(p: Parameter): string {
    return this.#edits.has(axisOf(p)) ? "" : (this.#model.get("_axes")?.words[p.id] ?? "");
  }

  get form(): Form | null {
    const form = this.#model.get("_form");
    return form && "groups" in form ? (form as Form) : null;
  }

  /** Whether the catalogue may be searched for another model. */
  get searchable(): boolean {
    return this.#model.get("_form")?.models === true;
  }

  get parameters(): Parameter[] {
    return this.form?.groups.flatMap((group) => group.parameters) ?? [];
  }

  /** Whether the control stands for an axis. */
  isAxis(p: Parameter): boolean {
    return this.get(axisOf(p)) !== null;
  }

  /** How many files a field takes. */
  limit(p: Parameter): number {
    return this.isAxis(p) ? Number.POSITIVE_INFINITY : fileLimit(p);
  }

  get(id: string): Value {
    return (this.#edits.has(id) ? this.#edits.get(id) : this.#kernel[id]) ?? null;
  }

  files(id: string): FileRef[] {
    const value = this.get(id);
    return Array.isArray(value) ? value : [];
  }

  /** What an open form says, complete or not. */
  get rows(): ValueRow[] {
    return JSON.parse(String(this.get(ROWS) ?? "[]"));
  }

  editRows(rows: ValueRow[]): void {
    this.edit(ROWS, JSON.stringify(rows));
  }

  /** Everything but files, as a Run sends it. */
  plain(): Record<string, Scalar> {
    if (this.form?.open) return { [ROWS]: JSON.stringify(this.rows) };
    const values: Record<string, Scalar> = {};
    for (const p of this.parameters) {
      const value = this.get(p.id);
      if (!Array.isArray(value) && p.kind !== "file") values[p.id] = value;
    }
    return values;
  }

  /** What is wrong with a field: our own rule at once, Python's word until the field is edited. */
  problem(p: Parameter): string | null {
    return this.ownProblem(p) ?? (this.isAxis(p) || this.#edits.has(p.id) ? null : this.#pythonError(p.id));
  }

  /** What the browser's own rules say; only Python reads the text of an axis. */
  ownProblem(p: Parameter): string | null {
    if (this.isAxis(p)) return this.#edits.has(axisOf(p)) ? null : this.#pythonError(axisOf(p));
    return check(p, this.get(p.id));
  }

  /** Whether the control says something else than the model's default. */
  differs(p: Parameter): boolean {
    if (this.isAxis(p)) return true;
    const value = this.get(p.id);
    if (p.kind === "boolean") return isOn(value) !== isOn(p.default);
    return p.kind === "file" ? !isEmpty(value) : String(value ?? "") !== String(p.default ?? "");
  }

  missing(p: Parameter): boolean {
    return !this.isAxis(p) && p.required && isEmpty(this.get(p.id));
  }

  edit(id: string, value: Scalar): void {
    this.#edit(id, value, value);
  }

  editFiles(id: string, refs: FieldFile[]): void {
    this.#edit(id, refs, refs.map(itemOf));
    this.flush();
  }

  /** An earlier result becomes an input: beside the others, or in place of the one before. */
  useOutput(p: Parameter, { id, name, content_type, size }: Output): void {
    const file: FieldFile = { id: "", name, mime: content_type, size, url: null, facts: "", output: id };
    const limit = this.limit(p);
    const before = limit === 1 ? [] : this.files(p.id).slice(0, limit - 1);
    this.editFiles(p.id, [...before, file]);
  }

  /** Sends what was typed and waits in the debounce. */
  flush(): void {
    this.#timers.cancel("typing");
    const patch = this.#edits.take(() => this.#link.nextRev());
    if (patch) this.#link.send({ type: "values", ...patch });
  }

  /** The kernel has seen everything up to `rev`; what is still wrong stays to be corrected. */
  settle(rev: number): void {
    this.#answeredRev = Math.max(this.#answeredRev, rev);
    const byId = new Map(this.parameters.map((p) => [p.id, p]));
    this.#edits.settle(rev, (id, shown) => {
      const p = byId.get(id);
      if (!p || p.kind === "file" || this.#kernel[id] === shown) return false;
      return check(p, shown) !== null || this.#pythonError(id) !== null;
    });
  }

  /** The trait changed: a value set from Python takes the place of what was typed and answered. */
  follow(): void {
    const before = this.#kernel;
    this.#kernel = this.#read();
    const changes = Object.keys(this.#kernel).filter((id) => !same(before[id], this.#kernel[id]));
    this.#edits.drop(changes, this.#answeredRev);
  }

  #read(): Record<string, Value> {
    return { ...this.#model.get("values"), ...this.#model.get("_axes")?.shown };
  }

  #pythonError(id: string): string | null {
    const errors = this.#model.get("_errors") ?? {};
    return Object.hasOwn(errors, id) ? (errors[id] ?? null) : null;
  }

  #edit(id: string, shown: Value, sent: Scalar | FileItem[]): void {
    this.#edits.set(id, shown, sent);
    this.#timers.set("typing", TYPING, () => this.flush());
    this.#onChange();
  }
}

/** A file the kernel has no id for yet travels as where it is found. */
function itemOf({ id, url, output }: FieldFile): FileItem {
  if (id) return id;
  return output ? { output } : { url: url ?? "" };
}

function same(a: Value | undefined, b: Value | undefined): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
