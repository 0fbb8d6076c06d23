import { Timers } from "../dom/timers.ts";
import type { Model } from "../kernel/host.ts";
import { Link } from "../kernel/link.ts";
import type {
  Axes,
  Down,
  ImageMessage,
  Outlook,
  Parameter,
  Question,
  Reply,
  Run,
  Status,
} from "../kernel/messages.ts";
import { Questions } from "../kernel/questions.ts";
import { GONE } from "../kernel/strings.ts";
import { unpackInOrder } from "../kernel/unpack.ts";
import { Covers } from "./covers.ts";
import { Feed } from "./feed.ts";
import { Gallery } from "./gallery.ts";
import { Originals } from "./originals.ts";
import { Pictures } from "./pictures.ts";
import { RecipeImport } from "./recipe_import.ts";
import { isActive, Runs } from "./runs.ts";
import { type Topic, Topics } from "./topics.ts";
import { Uploads } from "./uploads.ts";
import { Values } from "./values.ts";

const BEHIND = 1_000; // ms the heartbeat may be ahead before a snapshot is asked for
const FULL = 8; // originals of earlier runs that stay

/** All that one panel knows in this page. It belongs to the model; the views only draw it. */
export class Store {
  readonly topics = new Topics();
  readonly feed = new Feed();
  readonly gallery = new Gallery();
  readonly pictures = new Pictures();
  readonly link: Link;
  readonly covers: Covers;
  readonly questions: Questions;
  readonly originals: Originals;
  readonly uploads: Uploads;
  readonly values: Values;
  readonly recipeImport: RecipeImport;
  readonly runs: Runs;
  /** performance.now() of the last word about the run: its clock goes on from there. */
  updatedAt = 0;
  /** How many runs a press begins where nothing varies. */
  times = 1;

  readonly #model: Model;
  readonly #closing = new AbortController();
  readonly #timers = new Timers();

  constructor(model: Model) {
    this.#model = model;
    this.link = new Link(model, this.#timers, () => this.#linkChanged());
    this.covers = new Covers(this.link, this.#timers);
    this.questions = new Questions<Question>(this.link);
    this.originals = new Originals(this.link, this.pictures);
    this.values = new Values(model, this.link, this.#timers, () => this.#onEdit());
    this.uploads = new Uploads(
      (message, bytes) => this.link.send({ ...message, rev: this.link.nextRev() }, bytes),
      () => this.#uploadsChanged(),
    );
    this.recipeImport = new RecipeImport(this.uploads, this.values, () => this.topics.emit("uploads"));
    this.runs = new Runs(this.feed, this.link, this.#timers, () => this.topics.emit("status", "run"));
    this.#listen();
    this.#sync();
  }

  get run(): Run | null {
    return this.feed.run;
  }

  /** Of the run that is shown, which need not be the newest; the trait speaks until a run is known. */
  get status(): Status {
    if (this.runs.submitting) return "submitting";
    return this.run?.status ?? this.#model.get("status") ?? "idle";
  }

  /** Names the static card that stands for the panel where no view can live. */
  get cardId(): string {
    return this.#model.get("_card_id") ?? "";
  }

  get cardKey(): string {
    return `${this.run?.number} ${this.status}`;
  }

  get outlook(): Partial<Outlook> {
    return this.#model.get("_outlook") ?? {};
  }

  /** Example inputs of the model, each in a few words. */
  get examples(): string[] {
    return this.#model.get("_examples") ?? [];
  }

  get axes(): Partial<Axes> {
    return this.#model.get("_axes") ?? {};
  }

  /** How many runs a press of Run begins. */
  get count(): number {
    const runs = this.axes.runs ?? 1;
    return runs === 1 ? this.times : runs;
  }

  get fraction(): number | null {
    return this.run?.progress ?? null;
  }

  /** Whether the shown run is under way, as far as anybody here can know. */
  get active(): boolean {
    return isActive(this.status) && this.link.state !== "lost";
  }

  get stopping(): boolean {
    return this.run !== null && this.active && this.runs.stopping(this.run.number);
  }

  /** Seconds since the run started, going on by this page's clock while it is active. */
  get elapsed(): number {
    const base = this.run?.elapsed ?? 0;
    return this.active && this.run ? base + (performance.now() - this.updatedAt) / 1000 : base;
  }

  /** What to say beside a field; a file that is on its way is not missing. */
  problem(p: Parameter): string | null {
    return this.coming(p) ? null : this.values.problem(p);
  }

  coming(p: Parameter): boolean {
    return this.uploads.of(p.id).some((upload) => !upload.error);
  }

  start(): void {
    this.values.flush();
    this.runs.start(this.values.plain(), this.times);
  }

  close(): void {
    this.#closing.abort();
    this.#timers.clear();
    this.pictures.clear();
    this.uploads.clear();
  }

  #linkChanged(): void {
    if (this.link.state === "lost") {
      this.questions.failAll();
      this.originals.fail(GONE);
      this.runs.fail();
    }
    this.topics.emit("link", "status", "run");
  }

  #uploadsChanged(): void {
    if (!this.uploads.busy) this.runs.refusal = null; // it may have been the wait for them
    this.topics.emit("uploads", "status");
  }

  #listen(): void {
    const on = (event: string, listener: (...args: never[]) => void) => {
      this.#model.on(event, listener);
      this.#closing.signal.addEventListener("abort", () => this.#model.off(event, listener));
    };
    on("change:_form", () => {
      this.covers.forget();
      this.pictures.prune("cover", new Set());
      this.#hear("form", "values");
    });
    on("change:values", () => this.#valuesChanged());
    on("change:_errors", () => this.#hear("values"));
    on("change:status", () => this.#statusChanged());
    on("change:_feed", () => this.#beat());
    on("change:_axes", () => this.#valuesChanged());
    on("change:_outlook", () => this.#hear("status"));
    on("change:_examples", () => this.#hear("values"));
    on(
      "msg:custom",
      unpackInOrder((message, buffers) => this.#receive(message, buffers)),
    );
    // ipywidgets tells a model so when its kernel restarts or goes; a question shows which it is.
    on("comm_live_update", () => {
      this.#timers.cancel("sync");
      this.#sync();
    });
  }

  #receive(message: Down, buffers: BlobPart[]): void {
    if (message?.v !== 1 || ("to" in message && message.to !== null && message.to !== this.link.client))
      return;
    this.#hear();
    switch (message.type) {
      case "delta":
        if (this.feed.delta(message) === "gap") this.#sync();
        else this.#onFeed(message.run !== undefined);
        break;
      case "snapshot":
        this.feed.snapshot(message);
        this.#timers.cancel("sync");
        this.#onFeed(true);
        break;
      case "image":
        this.#image(message, buffers);
        break;
      case "reply":
        this.#reply(message);
        break;
      case "models":
        this.questions.answer(message.rev, message);
        break;
    }
  }

  #onFeed(aboutRun: boolean): void {
    const { run } = this;
    if (aboutRun) this.updatedAt = performance.now();
    this.runs.update();
    // The last pictures stay until others take their place, so that a new run does not blank the stage.
    if (run && run.outputs.length > 0) {
      this.gallery.take(run);
      const own = new Set(run.outputs.map((output) => output.id));
      const ids = this.gallery.pictures.map((one) => one.output.id);
      this.pictures.prune("thumb", new Set([...own, ...ids]));
      this.pictures.prune("full", own, FULL);
    }
    this.topics.emit("log", "run", "status");
  }

  #image({ images }: ImageMessage, buffers: BlobPart[]): void {
    for (const [at, facts] of images.entries()) {
      this.pictures.take(facts, buffers[at] ?? "");
      if (facts.role === "full") this.originals.resolve(facts.id);
    }
    this.topics.emit("pictures");
  }

  #reply(message: Reply): void {
    this.values.settle(message.rev);
    if (message.upload !== undefined) this.uploads.answer(message);
    if (message.rev === 0 && message.error !== null) this.originals.fail(message.error);
    this.runs.answer(message.rev, message.error);
    this.questions.answer(message.rev, message);
    this.topics.emit("values", "status");
  }

  #valuesChanged(): void {
    this.values.follow();
    this.link.marimo.valuesChanged();
    const refs = this.values.parameters.flatMap((p) => this.values.files(p.id));
    this.pictures.prune("preview", new Set(refs.map((ref) => ref.id)));
    this.#hear("values");
  }

  #statusChanged(): void {
    if (!isActive(this.#model.get("status") ?? "idle")) this.link.marimo.runEnded();
    this.#hear("status", "run");
  }

  #beat(): void {
    this.#hear();
    const behind = this.feed.behind(this.#model.get("_feed"));
    if (!behind) this.#timers.cancel("behind");
    if (!behind || this.#timers.has("behind")) return;
    this.#timers.set("behind", BEHIND, () => {
      if (this.feed.behind(this.#model.get("_feed"))) this.#sync();
    });
  }

  #hear(...topics: Topic[]): void {
    this.link.noteAnswer();
    this.topics.emit(...topics);
  }

  #onEdit(): void {
    this.runs.refusal = null;
    this.topics.emit("values");
  }

  /** Questions for a snapshot, once until it comes, and again if it does not. */
  #sync(wait = 2_000): void {
    if (this.#timers.has("sync")) return;
    this.#timers.set("sync", wait, () => this.#sync(Math.min(wait * 2, 30_000)));
    this.link.send({ type: "sync", epoch: this.feed.epoch ?? "", next: this.feed.next });
  }
}
