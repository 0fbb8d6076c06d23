// What the kernel and the browser say to each other. The only place where these shapes are declared.

import type { Board, Cell, ChoiceName, Conversation, Row, Run, RunSummary, Scalar } from "./message_parts.ts";

export type * from "./message_parts.ts";

/** Where there is a buffer the rows are in it: JSON, compressed by zlib. So it is with a snapshot. */
export interface Delta {
  v: 1;
  type: "delta";
  epoch: string;
  first: number;
  next: number;
  rows: Row[];
  dropped: number;
  run?: Run | null;
  runs?: RunSummary[];
  board?: Board;
  cells?: Cell[];
  talk?: Conversation;
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
  runs: RunSummary[];
  board?: Board;
  cells?: Cell[];
  talk?: Conversation;
}

/** Carries the bytes of each in a buffer. */
export interface ImageMessage {
  v: 1;
  type: "image";
  to: string | null;
  images: PictureFacts[];
}

export interface PictureFacts {
  id: string;
  role: "thumb" | "full" | "preview" | "cover";
  name: string;
  mime: string;
  width: number | null;
  height: number | null;
}

export interface Reply {
  v: 1;
  type: "reply";
  to: string;
  rev: number;
  error: string | null;
  upload?: string;
  received?: number;
  /** The answer to `code` and `recipe`. */
  text?: string;
  /** The answer to `prompts`. */
  prompts?: string[];
  /** The answer to `preset`. */
  presets?: PresetItem[];
  /** The answer to `about`. */
  about?: About;
}

/** What Wiro tells of the model: its readme is Markdown, `cover` and `samples` are names of pictures. */
export interface About {
  title: string;
  description: string;
  categories: string[];
  price: string;
  readme: string;
  cover: string | null;
  samples: string[];
  /** The address of its page at Wiro. */
  page: string | null;
}

/** A style stands around the prompt that is in the field. */
export interface PresetItem {
  name: string;
  is_default: boolean;
  is_style: boolean;
}

export interface ModelSummary {
  model: string;
  title: string;
  description: string;
  categories: string[];
  /** What a run costs, in words; empty if the catalogue does not say. */
  price: string;
}

/** The answer to `search`. */
export interface ModelsMessage {
  v: 1;
  type: "models";
  to: string;
  rev: number;
  models: ModelSummary[];
  error: string | null;
}

/** The first word of a panel that still loads: somebody is there. The questions are answered later. */
export interface LoadingMessage {
  v: 1;
  type: "loading";
  to: null;
}

export type Down = Delta | Snapshot | ImageMessage | Reply | ModelsMessage | LoadingMessage;

export type FileItem = string | { url: string } | { output: string };
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
  /** How many runs, with the seed counted up. */
  times: number;
}

/** Null is the run that is shown. */
export interface StopMessage {
  type: "stop";
  run: number | null;
}

export interface ShowMessage {
  type: "show";
  run: number;
}

export interface StarMessage {
  type: "star";
  rev: number;
  run: number;
  on: boolean;
}

/** What a person decided about a run; answered by a `reply` whose `text` says what came of it. */
export interface DecideMessage {
  type: "decide";
  rev: number;
  run: number;
  choice: ChoiceName;
}

export interface SearchMessage {
  type: "search";
  rev: number;
  text: string;
}

export interface ModelMessage {
  type: "model";
  rev: number;
  model: string;
  /** A result that becomes the other model's input. */
  output: string | null;
}

/** Uses an output of this panel in another panel of the kernel, which is known by its card. */
export interface UseMessage {
  type: "use";
  rev: number;
  output: string;
  panel: string;
  field: string;
}

/** One more model beside the panel's own, or one less; without a name only that one is left. */
export interface VaryMessage {
  type: "vary";
  rev: number;
  model: string;
  on: boolean;
}

export interface UndoMessage {
  type: "undo";
  rev: number;
}

/** Whether the seed stays as it is, or moves on with each press of Run. */
export interface LockMessage {
  type: "lock";
  rev: number;
  on: boolean;
}

export interface CodeMessage {
  type: "code";
  rev: number;
}

/** Asks for a module that the bundle does not have; answered with its source. */
export interface ModuleMessage {
  type: "module";
  rev: number;
  name: ModuleName;
}

export type ModuleName = "markdown" | "about" | "alerts" | "models" | "presets";

/** Asks what Wiro tells of the model. */
export interface AboutMessage {
  type: "about";
  rev: number;
}

/** The controls are to say what an example of this model says. */
export interface ExampleMessage {
  type: "example";
  rev: number;
  model: string;
  index: number;
}

/** Asks for the prompts of earlier runs. */
export interface PromptsMessage {
  type: "prompts";
  rev: number;
}

/** `to` is a new name. */
export interface PresetMessage {
  type: "preset";
  rev: number;
  action: "list" | "save" | "load" | "rename" | "delete" | "default";
  name: string;
  to: string;
}

export interface RecipeMessage {
  type: "recipe";
  rev: number;
  id: string;
  /** The controls are to say what it says. */
  take: boolean;
}

/** Carries one chunk of the file in the first buffer; the field "*recipe" takes a picture for its settings. */
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

/** Answered by images of the role "cover", as far as there are any. */
export interface CoversMessage {
  type: "covers";
  ids: string[];
}

export interface ImageRequest {
  type: "image";
  id: string;
}

/** What is answered by a `reply`, or by `models`, under its rev. */
export type Question =
  | StarMessage
  | DecideMessage
  | SearchMessage
  | ModelMessage
  | UseMessage
  | VaryMessage
  | UndoMessage
  | LockMessage
  | CodeMessage
  | ModuleMessage
  | PromptsMessage
  | PresetMessage
  | AboutMessage
  | ExampleMessage
  | RecipeMessage;

export type Up =
  | SyncMessage
  | ValuesMessage
  | RunMessage
  | StopMessage
  | ShowMessage
  | Question
  | FileMessage
  | CoversMessage
  | ImageRequest;

/** Every message up names its format and the store that sent it. */
export type Sent = Up & { v: 1; client: string };
