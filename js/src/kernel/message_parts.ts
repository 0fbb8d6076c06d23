// What the messages and the traits are made of: the form, the values, a run and its outputs.

export type Scalar = string | number | boolean | null;

export type ParameterKind = "text" | "textarea" | "select" | "range" | "number" | "boolean" | "file";
export type ParameterRole = "prompt" | "seed" | "width" | "height" | "session";

export interface Option {
  value: Scalar;
  label: string;
  /** The name by which its picture is asked for. */
  cover?: string;
}

export interface Parameter {
  id: string;
  kind: ParameterKind;
  label: string;
  required: boolean;
  default: Scalar;
  options: Option[];
  minimum: number | null;
  maximum: number | null;
  /** By how much an arrow key moves a number. */
  step: number | null;
  /** How many of them the step questions for. */
  decimals: number;
  slider: boolean;
  integer: boolean;
  help: string | null;
  placeholder: string | null;
  /** What is said beside a field that is empty or wrong. */
  expected: string;
  /** It stands under More. */
  advanced: boolean;
  multiple: boolean;
  max_files: number | null;
  accept: "image" | "audio" | "video" | null;
  role: ParameterRole | null;
  /** Half a row is enough for its text. */
  narrow: boolean;
  /** What its text has to be as JSON; a list may be lines as well. */
  json: "list" | "object" | "any" | null;
  /** What stands in the field of an axis while it is empty. */
  example: string;
}

/** A row of an open form; `key` stands for a value that Python set and that cannot be typed, as a file. */
export interface ValueRow {
  name: string;
  text: string;
  key: string | null;
}

export interface Group {
  title: string;
  advanced: boolean;
  parameters: Parameter[];
}

export interface Form {
  v: 1;
  model: string;
  owner: string;
  name: string;
  title: string;
  sandbox: boolean;
  /** What a run makes, as far as the catalogue tells. */
  makes?: "image" | "video" | "audio" | "text" | "file" | null;
  /** The panel was made without a model: the catalogue is offered. */
  models?: boolean;
  /** Nobody tells what the model takes: rows of a name and a value stand for the controls. */
  open?: boolean;
  groups: Group[];
}

/** While no model is chosen, and while there is no schema. */
export type NoForm = { v: 1; models: true } | Record<string, never>;

export interface FileRef {
  id: string;
  name: string;
  mime: string;
  size: number | null;
  url: string | null;
  /** Its kind and its weight, in words. */
  facts: string;
}

export type Value = Scalar | FileRef[];

export type Status =
  | "idle"
  | "submitting"
  | "queued"
  | "running"
  | "finishing"
  | "succeeded"
  | "failed"
  | "cancelled"
  | "unknown";

export interface Heartbeat {
  epoch: string;
  head: number;
}

/** What stands over the values while controls are varied, what is said beside them, and how many runs they make. */
export interface Axes {
  shown: Record<string, Value>;
  words: Record<string, string>;
  runs: number;
  /** The last change, which can be taken back; empty if there is none. */
  undo: string;
  /** Whether the seed stays as it is with each press of Run. */
  locked: boolean;
  /** The models that run side by side, the panel's own first; absent while it runs alone. */
  models?: SideModel[];
}

/** `note` says what it goes without, `about` names all of that, `error` says what it refuses of the values. */
export interface SideModel {
  model: string;
  title: string;
  note: string;
  about: string;
  error: string;
}

/** What pressing Run would cost, in words, and why it is that. */
export interface Outlook {
  price: string;
  reason: string;
  /** The price of each model, while several run side by side. */
  models?: Record<string, string>;
}

/** The synced traits, written by the kernel only. */
export interface Traits {
  _form: Form | NoForm;
  values: Record<string, Value>;
  _errors: Record<string, string>;
  status: Status;
  progress: number | null;
  _feed: Heartbeat | Record<string, never>;
  _axes: Axes;
  _outlook: Outlook | Record<string, never>;
  /** Example inputs of the model, each in a few words. */
  _examples: string[];
  _card_id: string;
}

export type RowKind =
  | "queue"
  | "accept"
  | "prepare"
  | "assign"
  | "start"
  | "output"
  | "stderr"
  | "progress"
  | "text"
  | "finish"
  | "done"
  | "cancel"
  | "note"
  | "error";

/** Sequence number, seconds since the run started, kind, text. */
export type Row = [seq: number, seconds: number, kind: RowKind, text: string];

export interface Stage {
  name: "Queue" | "Prepare" | "Generate" | "Finish";
  start: number;
  end: number | null;
}

export interface Notice {
  kind: "error" | "info";
  title: string;
  text: string;
}

export interface Output {
  id: string;
  name: string;
  content_type: string;
  size: number | null;
  width: number | null;
  height: number | null;
  /** What a small text or JSON file says. */
  text: string | null;
  /** Its type, its extent and its weight, in words. */
  facts: string;
}

export interface TextResult {
  thinking: string;
  answer: string;
  done: boolean;
  /** That the answer is cut off, and what to do. */
  note?: string;
}

export type ChoiceName = "look" | "send" | "close" | "fetch";

/** A button; one with `confirm` asks that before it acts. */
export interface Choice {
  name: ChoiceName;
  label: string;
  title: string;
  confirm: string | null;
}

/** A run as one line of the list of runs; `progress` is 0..1, `line` what the line says at its end. */
export interface RunSummary {
  number: number;
  task: string | null;
  status: Status;
  progress: number | null;
  prompt: string;
  starred: boolean;
  line: string;
  /** Why it did not end well. */
  reason: string;
  /** What can be done about an outcome that is unknown, and about outputs that are still to come. */
  choices: Choice[];
}

/** `word` says how it stands, `doing` and `pace` what it is at, `said` is read out, `price` what it has cost. */
export interface Run extends RunSummary {
  seed: string | null;
  next_seed: string | null;
  elapsed: number;
  stages: Stage[];
  word: string;
  doing: string;
  pace: string;
  said: string;
  /** What stands where its result would. */
  empty: string;
  price: string | null;
  notice: Notice | null;
  outputs: Output[];
  text: TextResult | null;
}

/** Where a sweep's cells lie, by index; `x` and `y` name its axes, `note` says what is not shown or not done. */
export interface Board {
  run: number;
  x: string;
  y: string;
  columns: string[];
  rows: { label: string; cells: (number | null)[] }[];
  titles: Record<string, string>;
  note: string;
  /** What is said of the cost below the headings, of the columns and then of the rows. */
  costs?: string[];
}

export interface Cell {
  index: number;
  status: "pending" | "running" | "succeeded" | "failed" | "cancelled" | "refused" | "unknown";
  /** What became of it, in words. */
  note: string;
  outputs: Output[];
}

/** The conversation that a run goes on with: what it asks, and the earlier turns, oldest first. */
export interface Conversation {
  run: number;
  prompt: string;
  turns: { prompt: string; answer: string }[];
}
