// What the kernel and the browser say to each other. The only place where these shapes are declared.

export type Scalar = string | number | boolean | null;

export type ParameterKind = "text" | "textarea" | "select" | "range" | "number" | "boolean" | "file";
export type ParameterRole = "prompt" | "seed" | "width" | "height";

export interface Option {
  value: Scalar;
  label: string;
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
  step: number | null;
  integer: boolean;
  help: string | null;
  placeholder: string | null;
  advanced: boolean;
  multiple: boolean;
  max_files: number | null;
  accept: "image" | "audio" | "video" | null;
  role: ParameterRole | null;
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
  groups: Group[];
}

export interface FileRef {
  id: string;
  name: string;
  mime: string;
  size: number | null;
  url: string | null;
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

/** The synced traits, written by the kernel only. */
export interface Traits {
  _form: Form | Record<string, never>;
  values: Record<string, Value>;
  _errors: Record<string, string>;
  status: Status;
  progress: number | null;
  _feed: Heartbeat | Record<string, never>;
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

export interface Progress {
  fraction: number | null;
  step: number | null;
  total: number | null;
  speed: string | null;
  left: string | null;
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
}

export interface TextResult {
  thinking: string;
  answer: string;
  done: boolean;
}

export interface Run {
  number: number;
  task: string | null;
  status: Status;
  elapsed: number;
  stages: Stage[];
  progress: Progress | null;
  cost: number | null;
  notice: Notice | null;
  outputs: Output[];
  text: TextResult | null;
}

export interface Delta {
  v: 1;
  type: "delta";
  epoch: string;
  first: number;
  next: number;
  rows: Row[];
  dropped: number;
  run?: Run | null;
}

export interface Snapshot {
  v: 1;
  type: "snapshot";
  to: string;
  epoch: string;
  first: number;
  next: number;
  rows: Row[];
  dropped: number;
  run: Run | null;
}

/** Carries its bytes in the first buffer. */
export interface ImageMessage {
  v: 1;
  type: "image";
  id: string;
  role: "thumb" | "full" | "preview";
  name: string;
  mime: string;
  width: number | null;
  height: number | null;
  to: string | null;
}

export interface Reply {
  v: 1;
  type: "reply";
  to: string;
  rev: number;
  error: string | null;
  upload?: string;
  received?: number;
}

export type Down = Delta | Snapshot | ImageMessage | Reply;

export type FileItem = string | { url: string };
export type Patch = Record<string, Scalar | FileItem[]>;

export interface SyncMessage {
  type: "sync";
  epoch: string;
  next: number;
}

export interface ValuesMessage {
  type: "values";
  rev: number;
  patch: Patch;
}

export interface RunMessage {
  type: "run";
  rev: number;
  values: Record<string, Scalar>;
}

export interface StopMessage {
  type: "stop";
}

/** Carries one chunk of the file in the first buffer. */
export interface FileMessage {
  type: "file";
  rev: number;
  field: string;
  upload: string;
  name: string;
  mime: string;
  size: number;
  offset: number;
}

export interface ImageRequest {
  type: "image";
  id: string;
}

export type Up = SyncMessage | ValuesMessage | RunMessage | StopMessage | FileMessage | ImageRequest;

/** Every message up names its format and the store that sent it. */
export type Sent = Up & { v: 1; client: string };
