import { Feed } from "./feed.ts";
import type { Model } from "./host.ts";
import { Link } from "./link.ts";
import type { Down, ImageMessage, Parameter, Reply, Run, Status } from "./messages.ts";
import { Pictures } from "./pictures.ts";
import { Timers } from "./timers.ts";
import { type Topic, Topics } from "./topics.ts";
import { Uploads } from "./uploads.ts";
import { Values } from "./values.ts";

const BEHIND = 1_000; // ms the heartbeat may be ahead before a snapshot is asked for
const TAKEN = 2_000; // ms after the reply in which a Run that was taken shows in the status

const ACTIVE: Status[] = ["submitting", "queued", "running", "finishing"];

/** All that one panel knows in this page. It belongs to the model; the views only draw it. */
export class Store {
  readonly topics = new Topics();
  readonly feed = new Feed();
  readonly pictures = new Pictures();
  readonly uploads: Uploads;
  readonly link: Link;
  readonly values: Values;
  /** Why the last Run or file was refused, when no field is to blame. */
  refusal: string | null = null;
  stopping = false;
  /** performance.now() of the last word about the run: its clock goes on from there. */
  heard = 0;

  readonly #model: Model;
  readonly #closing = new AbortController();
  readonly #timers = new Timers();
  #run = 0; // rev of the last Run sent from this page
  #submitting: number | null = null;

  constructor(model: Model) {
    this.#model = model;
    this.link = new Link(model, this.#timers, () => this.topics.emit("link"));
    this.values = new Values(model, this.link, this.#timers, () => this.#edited());
    this.uploads = new Uploads(
      (message, bytes) => this.link.send({ ...message, rev: this.link.nextRev() }, bytes),
      () => this.#uploadsChanged(),
    );
    this.#listen();
    this.#sync();
  }

  get run(): Run | null {
    return this.feed.run;
  }

  /** Of the run that is shown, which need not be the newest; the trait speaks until a run is known. */
  get status(): Status {
    if (this.#submitting !== null) return "submitting";
    return this.run?.status ?? this.#model.get("status") ?? "idle";
  }

  /** Names the static card that stands for the panel where no view can live. */
  get cardId(): string {
    return this.#model.get("_card_id") ?? "";
  }

  get fraction(): number | null {
    return this.run?.progress?.fraction ?? this.#model.get("progress") ?? null;
  }

  get active(): boolean {
    return ACTIVE.includes(this.status);
  }

  /** Seconds since the run started, going on by this page's clock while it is active. */
  get elapsed(): number {
    const base = this.run?.elapsed ?? 0;
    return this.active && this.run ? base + (performance.now() - this.heard) / 1000 : base;
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
    this.#timers.cancel("submitting");
    const rev = this.link.nextRev();
    this.refusal = null;
    this.#run = this.#submitting = rev;
    if (!this.link.send({ type: "run", rev, values: this.values.plain() })) this.#submitting = null;
    this.topics.emit("status", "run");
  }

  /** A Run that is not sent, and why. */
  refuse(reason: string): void {
    this.refusal = reason;
    this.topics.emit("status");
  }

  stop(): void {
    this.stopping = this.link.send({ type: "stop" });
    this.topics.emit("status");
  }

  requestImage(id: string): void {
    if (!this.pictures.get("full", id)) this.link.send({ type: "image", id });
  }

  close(): void {
    this.#closing.abort();
    this.#timers.clear();
    this.pictures.clear();
    this.uploads.clear();
  }

  #uploadsChanged(): void {
    if (!this.uploads.busy) this.refusal = null; // it may have been the wait for them
    this.topics.emit("uploads", "status");
  }

  #listen(): void {
    const on = (event: string, listener: (...args: never[]) => void) => {
      this.#model.on(event, listener);
      this.#closing.signal.addEventListener("abort", () => this.#model.off(event, listener));
    };
    on("change:_form", () => this.#hear("form"));
    on("change:values", () => this.#valuesChanged());
    on("change:_errors", () => this.#hear("values"));
    on("change:status", () => this.#statusChanged());
    on("change:progress", () => this.#hear("run"));
    on("change:_feed", () => this.#beat());
    on("msg:custom", (content: Down, buffers?: BlobPart[]) => this.#receive(content, buffers ?? []));
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
        else this.#fed(message.run !== undefined);
        break;
      case "snapshot":
        this.feed.snapshot(message);
        this.#timers.cancel("sync");
        this.#fed(true);
        break;
      case "image":
        this.#image(message, buffers);
        break;
      case "reply":
        this.#reply(message);
        break;
    }
  }

  #fed(aboutRun: boolean): void {
    if (aboutRun) this.heard = performance.now();
    const outputs = this.run?.outputs ?? [];
    // The last pictures stay until others take their place, so that a new run does not blank the stage.
    if (outputs.length > 0)
      this.pictures.prune(["thumb", "full"], new Set(outputs.map((output) => output.id)));
    this.topics.emit("log", "run", "status");
  }

  #image(message: ImageMessage, buffers: BlobPart[]): void {
    const [bytes] = buffers;
    if (bytes === undefined) return;
    this.pictures.take(message, bytes);
    this.topics.emit("pictures");
  }

  #reply(message: Reply): void {
    this.values.settle(message.rev);
    if (message.upload !== undefined) this.uploads.answered(message);
    if (message.rev === this.#run) this.#runAnswered(message.error);
    this.topics.emit("values", "status");
  }

  #runAnswered(error: string | null): void {
    this.refusal = error;
    if (error !== null) this.#submitting = null;
    // Taken, but nothing came of it: another page had started one already.
    if (this.#submitting !== null) this.#timers.set("submitting", TAKEN, () => this.#statusChanged());
  }

  #valuesChanged(): void {
    this.values.follow();
    this.link.marimo.valuesChanged();
    const refs = this.values.parameters.flatMap((p) => this.values.files(p.id));
    this.pictures.prune(["preview"], new Set(refs.map((ref) => ref.id)));
    this.#hear("values");
  }

  #statusChanged(): void {
    this.#submitting = null;
    this.#timers.cancel("submitting");
    if (!this.active) this.stopping = false;
    if (!ACTIVE.includes(this.#model.get("status") ?? "idle")) this.link.marimo.runEnded();
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
    this.link.heard();
    this.topics.emit(...topics);
  }

  #edited(): void {
    this.refusal = null;
    this.topics.emit("values");
  }

  /** Asks for a snapshot, once until it comes, and again if it does not. */
  #sync(wait = 2_000): void {
    if (this.#timers.has("sync")) return;
    this.#timers.set("sync", wait, () => this.#sync(Math.min(wait * 2, 30_000)));
    this.link.send({ type: "sync", epoch: this.feed.epoch ?? "", next: this.feed.next });
  }
}
