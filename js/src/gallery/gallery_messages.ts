// What the kernel and the gallery's page say to each other; the mirror of wiro_widgets/widget/gallery.

import type { ImageMessage, ImageRequest, ModuleMessage, Output, PictureFacts } from "../kernel/messages.ts";

export interface GalleryTraits {
  _facts: { v: 1; sandbox: boolean; query: string };
  /** Ids of runs, in the order in which they were selected. */
  selected: string[];
  _card_id: string;
}

export type CardKind = "picture" | "video" | "audio" | "text" | "file" | "none";

export interface Card {
  id: string;
  task: string | null;
  /** On the kernel's clock. */
  time: string;
  model: string;
  prompt: string;
  outcome: "succeeded" | "failed" | "cancelled" | "running" | "unknown";
  /** What is said of a run that did not succeed. */
  word: string;
  /** How its first output is shown. */
  kind: CardKind;
  count: number;
  /** The answer of a language model, or why the run failed. */
  text: string;
  price: string;
  star: boolean;
  tags: string[];
  note: string;
}

export interface FoundOutput extends Output {
  /** Why its file is not there. */
  missing: string | null;
}

export interface Details extends Card {
  error: string;
  facts: [name: string, value: string][];
  values: [name: string, value: string][];
  recipe: string;
  outputs: FoundOutput[];
  /** Runs that it was made from, and runs that were made from it. */
  parents: Relative[];
  children: Relative[];
}

/** A run beside another; without an id it is not in the history. */
export interface Relative {
  id: string | null;
  label: string;
}

export type Day = [iso: string, count: number];

/** A new list of runs; with `items` null the cards that are here stay what they are. */
export interface ListingReply {
  listing: number;
  count: number;
  /** False while the rest of a long list is still read. */
  whole: boolean;
  days: Day[];
  notes: string[];
  items: (Card | null)[] | null;
  /** Where the card that was the first to be seen is now. */
  anchor?: number;
}

export interface Thumb extends PictureFacts {
  missing?: string | null;
}

export interface Choices {
  v: 1;
  type: "choices";
  models: [model: string, count: number][];
  tags: string[];
  outcomes: string[];
}

export interface GalleryReply extends Partial<Omit<ListingReply, "listing">> {
  v: 1;
  type: "reply";
  to: string;
  rev: number;
  error: string | null;
  listing?: number | null;
  first?: number;
  ids?: string[];
  cards?: Card[];
  details?: Details;
  text?: string;
  /** The id of a widget. */
  panel?: string;
  panels?: [name: string, label: string][];
  /** How often a person has chosen among these runs. */
  picks?: number;
}

export type GalleryDown = GalleryReply | Choices | (Omit<ImageMessage, "images"> & { images: Thumb[] });

export interface Filters {
  text: string;
  models: string[];
  outcomes: string[];
  tags: string[];
  star: boolean | null;
  since: string;
  until: string;
  low: number | null;
  high: number | null;
}

export interface FindMessage extends Filters {
  type: "find";
  rev: number;
}

export interface LookMessage {
  type: "look";
  rev: number;
  listing: number;
  anchor: number;
}

export interface ItemsMessage {
  type: "items";
  rev: number;
  listing: number;
  first: number;
  count: number;
}

export interface IdsMessage {
  type: "ids";
  rev: number;
  listing: number;
  first: number;
  count: number;
}

export interface ThumbsMessage {
  type: "thumbs";
  ids: string[];
}

export interface DetailsMessage {
  type: "details";
  rev: number;
  id: string;
}

export interface SelectMessage {
  type: "select";
  rev: number;
  ids: string[];
}

export interface MarkMessage {
  type: "mark";
  rev: number;
  ids: string[];
  on: boolean;
}

export interface TagMessage {
  type: "tag";
  rev: number;
  ids: string[];
  add: string[];
  remove: string[];
}

export interface NoteMessage {
  type: "note";
  rev: number;
  ids: string[];
  text: string;
}

export interface CodeOfMessage {
  type: "code";
  rev: number;
  id: string;
}

export interface ForgetMessage {
  type: "forget";
  rev: number;
  ids: string[];
  files: boolean;
}

export interface ExportMessage {
  type: "export";
  rev: number;
  ids: string[];
  folder: string;
  name: string;
  dataset: boolean;
}

export interface FetchMessage {
  type: "fetch";
  rev: number;
  id: string;
}

export interface OpenPanelMessage {
  type: "panel";
  rev: number;
  id: string;
  model: string;
}

export interface PanelsMessage {
  type: "panels";
  rev: number;
}

/** One output of a run, or all of its first one's kind; without a field in the first that takes them. */
export interface UseMessage {
  type: "use";
  rev: number;
  id: string;
  place: number | null;
  panel: string;
  field: string;
}

export interface PairMessage {
  type: "pair";
  rev: number;
  ids: string[];
}

export interface PickMessage {
  type: "pick";
  rev: number;
  better: string;
  worse: string;
  tie: boolean;
}

export type GalleryQuestion =
  | FindMessage
  | LookMessage
  | ItemsMessage
  | IdsMessage
  | DetailsMessage
  | SelectMessage
  | MarkMessage
  | TagMessage
  | NoteMessage
  | CodeOfMessage
  | ForgetMessage
  | ExportMessage
  | FetchMessage
  | OpenPanelMessage
  | PanelsMessage
  | UseMessage
  | PairMessage
  | PickMessage
  | ModuleMessage;

/** Carries a JPEG in the first buffer. */
export interface PosterMessage {
  type: "poster";
  id: string;
}

export type GalleryUp = GalleryQuestion | PosterMessage | ThumbsMessage | ImageRequest;
