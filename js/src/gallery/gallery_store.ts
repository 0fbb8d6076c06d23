import { Timers } from "../dom/timers.ts";
import type { Model } from "../kernel/host.ts";
import { Link } from "../kernel/link.ts";
import { Questions } from "../kernel/questions.ts";
import { GONE } from "../kernel/strings.ts";
import { Originals } from "../state/originals.ts";
import { Pictures } from "../state/pictures.ts";
import { Topics } from "../state/topics.ts";
import type { View } from "../view/view.ts";
import type {
  Card,
  Choices,
  Day,
  Details,
  Filters,
  GalleryDown,
  GalleryQuestion,
  GalleryReply,
  GalleryTraits,
  GalleryUp,
  ListingReply,
} from "./gallery_messages.ts";
import { Selection } from "./selection.ts";

/** What can change: the list, its cards, the small pictures, the selection, the filters' choices, the way to the kernel. */
export type GalleryTopic = "listing" | "cards" | "pictures" | "selection" | "choices" | "link";
export type GalleryView = View<GalleryStore, GalleryTopic>;
type GalleryModel = Model<GalleryTraits, GalleryUp & { v: 1; client: string }> & {
  /** Jupyter's, which draws other widgets; other hosts have none. */
  widget_manager?: {
    get_model(id: string): Promise<unknown>;
    create_view(model: unknown): Promise<{ el: HTMLElement; remove?(): void }>;
  };
};

const PAGE = 60; // cards that are asked for at once
const FORGOTTEN = 0; // the kernel answers for so many pages, and this one was not among the last
const AT_ONCE = 3; // pages of them that are on their way
const THUMBS = 500; // small pictures that stay when they are out of sight
const FULL = 6;
const LOOK = 4_000; // ms between two questions whether there is anything new, while somebody can see it
export const NO_FILTERS: Filters = {
  text: "",
  models: [],
  outcomes: [],
  tags: [],
  star: null,
  since: "",
  until: "",
  low: null,
  high: null,
};

/** All that one gallery knows in this page. It belongs to the model; the views only draw it. */
export class GalleryStore {
  readonly topics = new Topics<GalleryTopic>();
  readonly pictures = new Pictures();
  readonly link: Link<GalleryUp>;
  readonly questions: Questions<GalleryQuestion, GalleryReply>;
  readonly originals: Originals;
  readonly selection: Selection;
  filters: Filters = NO_FILTERS;
  /** The list that answers the filters; 0 before there is one. */
  listing = 0;
  count = 0;
  whole = true;
  days: Day[] = [];
  notes: string[] = [];
  error = "";
  /** What is to be the first card in sight after a new list: one of a place, the first of all, or that which is. */
  anchor: number | "top" | null = null;
  choices: Pick<Choices, "models" | "tags" | "outcomes"> = { models: [], tags: [], outcomes: [] };
  /** Why an output's file is not there, by its id. */
  readonly missing = new Map<string, string>();
  /** True from a question until its answer. */
  searching = true;

  readonly #model: GalleryModel;
  readonly #timers = new Timers();
  readonly #closing = new AbortController();
  #cards = new Map<number, Card | null>();
  #byId = new Map<string, Card>();
  readonly #asked = new Set<number>();
  readonly #needs = new Map<string, [from: number, to: number]>();
  #findRev = 0;
  #selecting = 0; // selections that the kernel has not answered yet
  #wanted = "";

  constructor(model: GalleryModel) {
    this.#model = model;
    this.link = new Link<GalleryUp>(model, this.#timers, () => this.#linkChanged());
    this.questions = new Questions<GalleryQuestion, GalleryReply>(this.link);
    this.originals = new Originals(this.link, this.pictures);
    this.selection = new Selection(
      (ids) => this.#select(ids),
      () => this.topics.emit("selection"),
    );
    this.#listen();
    this.find({});
  }

  get cardId(): string {
    return this.#model.get("_card_id") ?? "";
  }

  readonly cardKey = "";

  get facts(): Partial<GalleryTraits["_facts"]> {
    return this.#model.get("_facts") ?? {};
  }

  get filtered(): boolean {
    return JSON.stringify(this.filters) !== JSON.stringify(NO_FILTERS);
  }

  card(place: number): Card | null | undefined {
    return this.#cards.get(place);
  }

  cardOf(id: string): Card | undefined {
    return this.#byId.get(id);
  }

  /** Looks for the runs of other filters. */
  find(change: Partial<Filters>): void {
    this.filters = { ...this.filters, ...change };
    this.searching = true;
    this.#findRev = this.link.nextRev();
    this.link.send({ type: "find", rev: this.#findRev, ...this.filters });
    this.topics.emit("listing");
  }

  /**
   * Asks for the cards between two places that are not here, a few pages at a time: who has scrolled on meanwhile does
   * not wait for what was passed.
   */
  need(viewer: "wall" | "large", from: number, to: number): void {
    this.#needs.set(viewer, [from, to]);
    for (const [first, end] of this.#needs.values()) {
      for (let page = Math.floor(first / PAGE); page * PAGE < Math.min(end, this.count); page++) {
        if (this.#asked.size >= AT_ONCE) return;
        if (!this.#asked.has(page) && !this.#isHere(page)) void this.#fetchPage(page);
      }
    }
  }

  async #fetchPage(page: number): Promise<void> {
    const { listing } = this;
    this.#asked.add(page);
    const reply = await this.questions.ask({ type: "items", listing, first: page * PAGE, count: PAGE });
    if (this.listing !== listing) return;
    this.#asked.delete(page);
    if (reply.first === undefined || !reply.items?.length) return; // a newer list is on its way
    this.#put(reply.first, reply.items);
    this.topics.emit("cards"); // which asks for what is needed now
  }

  /** Asks for the small pictures of what can be seen, and for no others any more. */
  show(ids: string[]): void {
    const wanted = ids.filter((id) => !this.pictures.get("thumb", id) && !this.missing.has(id));
    this.pictures.prune("thumb", new Set(ids), THUMBS);
    const key = wanted.join();
    if (key === this.#wanted) return;
    this.#wanted = key;
    if (wanted.length === 0) return;
    this.#timers.set("thumbs", 60, () => this.link.send({ type: "thumbs", ids: wanted }));
  }

  /** Whether there is anything new, asked at most every few seconds; `anchor` is the first place that can be seen. */
  look(anchor: number): void {
    if (this.#timers.has("look") || this.searching || this.link.state === "lost") return;
    this.#timers.set("look", LOOK, () => {});
    void this.questions.ask({ type: "look", listing: this.listing, anchor }).then((reply) => {
      if (this.searching) return;
      if (reply.listing === FORGOTTEN) this.find({});
      else if (reply.listing != null) this.#takeListing(reply as ListingReply);
    });
  }

  /** The next look comes at once. */
  hurry(): void {
    this.#timers.cancel("look");
  }

  async idsBetween(from: number, to: number): Promise<string[]> {
    const here = Array.from({ length: to - from }, (_, at) => this.#cards.get(from + at)?.id);
    if (here.every((id) => id !== undefined)) return here as string[];
    const reply = await this.questions.ask({
      type: "ids",
      listing: this.listing,
      first: from,
      count: to - from,
    });
    return reply.ids ?? [];
  }

  async details(id: string): Promise<Details | string> {
    const reply = await this.questions.ask({ type: "details", id });
    if (reply.details) this.found(reply.details);
    return reply.details ?? reply.error ?? GONE;
  }

  /** Two of these runs to choose between, and how many choices there were; or why there are none. */
  async pair(ids: string[]): Promise<{ ids: [string, string]; picks: number } | string> {
    const reply = await this.questions.ask({ type: "pair", ids });
    const [first, second] = reply.cards ?? [];
    if (!first || !second) return reply.error ?? GONE;
    for (const card of [first, second]) this.#byId.set(card.id, card);
    return { ids: [first.id, second.id], picks: reply.picks ?? 0 };
  }

  /** What is known of a run now: which of its files are there. */
  found(run: Details): void {
    for (const { id, missing } of run.outputs) {
      if (missing) this.missing.set(id, missing);
      else this.missing.delete(id);
    }
    this.#replace(run);
    this.topics.emit("cards", "pictures");
  }

  /** Says something of runs; returns what went wrong. */
  async annotate(
    change:
      | { type: "mark"; ids: string[]; on: boolean }
      | { type: "tag"; ids: string[]; add: string[]; remove: string[] }
      | { type: "note"; ids: string[]; text: string },
  ): Promise<string> {
    const reply = await this.questions.ask(change);
    for (const card of reply.cards ?? []) this.#replace(card);
    this.topics.emit("cards");
    return reply.error ?? "";
  }

  /** Draws another widget; null where the host cannot. */
  async widget(id: string): Promise<HTMLElement | null> {
    const manager = this.#model.widget_manager;
    if (!manager) return null;
    try {
      return (await manager.create_view(await manager.get_model(id))).el;
    } catch (error) {
      console.warn(error);
      return null;
    }
  }

  close(): void {
    this.#closing.abort();
    this.#timers.clear();
    this.pictures.clear();
  }

  /** What the kernel says of the selection meanwhile is older than this. */
  async #select(ids: string[]): Promise<void> {
    this.#selecting += 1;
    await this.questions.ask({ type: "select", ids });
    this.#selecting -= 1;
    if (this.#selecting === 0) this.selection.follow(this.#model.get("selected") ?? []);
  }

  #listen(): void {
    const on = (event: string, listener: (...args: never[]) => void) => {
      this.#model.on(event, listener);
      this.#closing.signal.addEventListener("abort", () => this.#model.off(event, listener));
    };
    on("msg:custom", (message: GalleryDown, buffers: BlobPart[]) => this.#receive(message, buffers ?? []));
    on("change:selected", () => {
      this.link.noteAnswer();
      if (this.#selecting === 0) this.selection.follow(this.#model.get("selected") ?? []);
    });
    on("comm_live_update", () => this.find({}));
  }

  #receive(message: GalleryDown, buffers: BlobPart[]): void {
    if (message?.v !== 1 || ("to" in message && message.to !== null && message.to !== this.link.client))
      return;
    this.link.noteAnswer();
    if (message.type === "image") {
      for (const [at, facts] of message.images.entries()) {
        if (facts.missing == null) this.pictures.take(facts, buffers[at] ?? "");
        else this.missing.set(facts.id, facts.missing);
        if (facts.role === "full") this.originals.resolve(facts.id);
      }
      this.topics.emit("pictures");
    } else if (message.type === "choices") {
      this.choices = message;
      this.topics.emit("choices");
    } else {
      if (message.rev === this.#findRev) this.#answer(message);
      if (message.rev === 0 && message.error !== null) this.originals.fail(message.error);
      this.questions.answer(message.rev, message);
    }
  }

  /** The answer to the last question, and what follows it: the rest of a long list. */
  #answer(reply: GalleryReply): void {
    this.error = reply.error ?? "";
    if (this.searching) this.selection.focus = this.selection.anchor = 0;
    this.anchor = this.searching ? "top" : null;
    this.searching = false;
    if (reply.listing != null) this.#takeListing(reply as ListingReply);
    else this.topics.emit("listing");
  }

  #takeListing(reply: ListingReply): void {
    this.listing = reply.listing;
    this.count = reply.count;
    this.whole = reply.whole;
    this.days = reply.days;
    this.notes = reply.notes;
    this.#asked.clear();
    if (reply.items) this.#cards = new Map();
    this.#put(0, reply.items ?? []);
    this.anchor = reply.anchor ?? this.anchor;
    this.topics.emit("listing", "cards");
  }

  #isHere(page: number): boolean {
    const end = Math.min((page + 1) * PAGE, this.count);
    for (let place = page * PAGE; place < end; place++) if (!this.#cards.has(place)) return false;
    return true;
  }

  #put(first: number, cards: (Card | null)[]): void {
    for (const [at, card] of cards.entries()) {
      this.#cards.set(first + at, card);
      if (card) this.#byId.set(card.id, card);
    }
    if (this.#byId.size > 20_000)
      this.#byId = new Map([...this.#cards.values()].flatMap((card) => (card ? [[card.id, card]] : [])));
  }

  #replace(card: Card): void {
    this.#byId.set(card.id, card);
    for (const [place, one] of this.#cards) if (one?.id === card.id) this.#cards.set(place, card);
  }

  #linkChanged(): void {
    if (this.link.state === "lost") {
      this.questions.failAll();
      this.originals.fail(GONE);
      this.searching = false;
    }
    this.topics.emit("link");
  }

  keepFull(ids: Set<string>): void {
    this.pictures.prune("full", ids, FULL);
  }
}
