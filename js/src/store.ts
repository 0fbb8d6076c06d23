import { Edits } from "./edits.ts";
import { Feed } from "./feed.ts";
import { type Model, randomId } from "./host.ts";
import type {
  Down,
  FileItem,
  FileRef,
  Form,
  ImageMessage,
  Parameter,
  Reply,
  Run,
  Scalar,
  Status,
  Up,
  Value,
} from "./messages.ts";
import { Pictures } from "./pictures.ts";
import { check, isEmpty } from "./rules.ts";
import { Topics } from "./topics.ts";
import { Uploads } from "./uploads.ts";

const TYPING = 120; // ms of quiet before an edit leaves
const BEHIND = 1_000; // ms the heartbeat may be ahead before a snapshot is asked for
const TAKEN = 2_000; // ms after the reply in which a Run that was taken shows in the status
const PATIENCE = 8_000; // ms without any word from the kernel before that is said

/** "waiting": nothing came back yet; "lost": the message could not even be sent. */
export type Link = "ok" | "waiting" | "lost";

const ACTIVE: Status[] = ["submitting", "queued", "running", "finishing"];

/** All that one panel knows in this page. It belongs to the model; the views only draw it. */
export class Store {
  readonly client = randomId();
  readonly topics = new Topics();
  readonly feed = new Feed();
  readonly edits = new Edits();
  readonly pictures = new Pictures();
  readonly uploads: Uploads;
  link: Link = "ok";
  /** Why the last Run or file was refused, when no field is to blame. */
  refusal: string | null = null;
  stopping = false;
  /** performance.now() of the last word about the run: its clock goes on from there. */
  heard = 0;

  readonly #model: Model;
  readonly #closing = new AbortController();
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #rev = 0;
  #answered = 0;
  #run = 0; // rev of the last Run sent from this page
  #submitting: number | null = null;
  #values: Record<string, Value> = {};

  constructor(model: Model) {
    this.#model = model;
    this.uploads = new Uploads(
      (message, bytes) => this.#send({ ...message, rev: this.#nextRev() }, bytes),
      () => this.#uploadsChanged(),
    );
    this.#values = model.get("values") ?? {};
    this.#listen();
    this.#sync();
  }

  // What is so -----------------------------------------------------------------------------------

  get form(): Form | null {
    const form = this.#model.get("_form");
    return form && "groups" in form ? (form as Form) : null;
  }

  get parameters(): Parameter[] {
    return this.form?.groups.flatMap((group) => group.parameters) ?? [];
  }

  get run(): Run | null {
    return this.feed.run;
  }

  get status(): Status {
    return this.#submitting === null ? (this.#model.get("status") ?? "idle") : "submitting";
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

  value(id: string): Value {
    return this.edits.get(id) ?? this.#values[id] ?? null;
  }

  files(id: string): FileRef[] {
    const value = this.value(id);
    return Array.isArray(value) ? value : [];
  }

  /** What is wrong with a field: our own rule at once, Python's word until the field is edited. */
  problem(p: Parameter): string | null {
    if (p.kind === "file" && this.uploads.of(p.id).some((upload) => !upload.error)) return null;
    return this.ownProblem(p) ?? (this.edits.has(p.id) ? null : this.pythonError(p.id));
  }

  /** What the browser's own rules say. */
  ownProblem(p: Parameter): string | null {
    return check(p, this.value(p.id));
  }

  missing(p: Parameter): boolean {
    return p.required && isEmpty(this.value(p.id));
  }

  pythonError(id: string): string | null {
    return this.#model.get("_errors")?.[id] ?? null;
  }

  // What the hand does ---------------------------------------------------------------------------

  edit(id: string, value: Scalar): void {
    this.#edit(id, value, value);
  }

  editFiles(id: string, refs: FileRef[]): void {
    // A reference without an id is a URL the kernel has not seen yet.
    const items: FileItem[] = refs.map((ref) => ref.id || { url: ref.url ?? "" });
    this.#edit(id, refs, items);
    this.flush();
  }

  /** Sends what was typed and waits in the debounce. */
  flush(): void {
    this.#cancel("typing");
    const taken = this.edits.take(() => this.#nextRev());
    if (taken) this.#send({ type: "values", ...taken });
  }

  start(): void {
    this.flush();
    const rev = this.#nextRev();
    const values: Record<string, Scalar> = {};
    for (const p of this.parameters) {
      const value = this.value(p.id);
      if (!Array.isArray(value) && p.kind !== "file") values[p.id] = value;
    }
    this.refusal = null;
    this.#run = this.#submitting = rev;
    if (!this.#send({ type: "run", rev, values })) this.#submitting = null;
    this.topics.emit("status", "run");
  }

  /** A Run that is not sent, and why. */
  refuse(reason: string): void {
    this.refusal = reason;
    this.topics.emit("status");
  }

  stop(): void {
    this.stopping = this.#send({ type: "stop" });
    this.topics.emit("status");
  }

  requestImage(id: string): void {
    if (!this.pictures.get("full", id)) this.#send({ type: "image", id });
  }

  close(): void {
    this.#closing.abort();
    for (const name of [...this.#timers.keys()]) this.#cancel(name);
    this.pictures.clear();
    this.uploads.clear();
  }

  #uploadsChanged(): void {
    if (!this.uploads.busy) this.refusal = null; // it may have been the wait for them
    this.topics.emit("uploads", "status");
  }

  // What the kernel says -------------------------------------------------------------------------

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
    on("comm_live_update", () => this.#sync());
  }

  #receive(message: Down, buffers: BlobPart[]): void {
    if (message?.v !== 1 || ("to" in message && message.to !== null && message.to !== this.client)) return;
    this.#hear();
    switch (message.type) {
      case "delta":
        if (this.feed.delta(message) === "gap") this.#sync();
        else this.#fed(message.run !== undefined);
        break;
      case "snapshot":
        this.feed.snapshot(message);
        this.#cancel("sync");
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
    this.#answered = Math.max(this.#answered, message.rev);
    const byId = new Map(this.parameters.map((p) => [p.id, p]));
    this.edits.settle(message.rev, (id, shown) => {
      const p = byId.get(id);
      if (!p || p.kind === "file" || this.#values[id] === shown) return false;
      return check(p, shown) !== null || this.pythonError(id) !== null;
    });
    if (message.upload !== undefined) this.uploads.answered(message);
    if (message.rev === this.#run) this.#runAnswered(message.error);
    this.topics.emit("values", "status");
  }

  #runAnswered(error: string | null): void {
    this.refusal = error;
    if (error !== null) this.#submitting = null;
    // Taken, but nothing came of it: another page had started one already.
    else this.#after("submitting", TAKEN, () => this.#statusChanged());
  }

  #valuesChanged(): void {
    const before = this.#values;
    this.#values = this.#model.get("values") ?? {};
    const changed = Object.keys(this.#values).filter((id) => !same(before[id], this.#values[id]));
    this.edits.drop(changed, this.#answered);
    const refs = this.parameters.filter((p) => p.kind === "file").flatMap((p) => this.files(p.id));
    this.pictures.prune(["preview"], new Set(refs.map((ref) => ref.id)));
    this.#hear("values");
  }

  #statusChanged(): void {
    this.#submitting = null;
    this.#cancel("submitting");
    if (!this.active) this.stopping = false;
    this.#hear("status", "run");
  }

  #beat(): void {
    this.#hear();
    const behind = this.feed.behind(this.#model.get("_feed"));
    if (!behind) this.#cancel("behind");
    if (!behind || this.#timers.has("behind")) return;
    this.#after("behind", BEHIND, () => {
      if (this.feed.behind(this.#model.get("_feed"))) this.#sync();
    });
  }

  #hear(...topics: Parameters<Topics["emit"]>): void {
    this.#cancel("patience");
    const changed = this.link !== "ok";
    this.link = "ok";
    this.topics.emit(...topics, ...(changed ? (["link"] as const) : []));
  }

  // What goes out --------------------------------------------------------------------------------

  #edit(id: string, shown: Value, sent: Scalar | FileItem[]): void {
    this.edits.set(id, shown, sent);
    this.refusal = null;
    this.#after("typing", TYPING, () => this.flush());
    this.topics.emit("values");
  }

  /** Asks for a snapshot, once until it comes, and again if it does not. */
  #sync(wait = 2_000): void {
    if (this.#timers.has("sync")) return;
    this.#after("sync", wait, () => this.#sync(Math.min(wait * 2, 30_000)));
    this.#send({ type: "sync", epoch: this.feed.epoch ?? "", next: this.feed.next });
  }

  #send(message: Up, bytes?: ArrayBuffer): boolean {
    try {
      this.#model.send({ ...message, v: 1, client: this.client }, undefined, bytes ? [bytes] : []);
    } catch {
      // A disposed comm throws: the kernel was restarted or is gone.
      this.#setLink("lost");
      return false;
    }
    if (!this.#timers.has("patience")) this.#after("patience", PATIENCE, () => this.#setLink("waiting"));
    return true;
  }

  #setLink(link: Link): void {
    this.link = link;
    this.topics.emit("link");
  }

  #nextRev(): number {
    this.#rev += 1;
    return this.#rev;
  }

  #after(name: string, ms: number, act: () => void): void {
    this.#cancel(name);
    const timer = setTimeout(() => {
      this.#timers.delete(name);
      act();
    }, ms);
    this.#timers.set(name, timer);
  }

  #cancel(name: string): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }
}

function same(a: Value | undefined, b: Value | undefined): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
