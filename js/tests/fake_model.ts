import type { Model } from "../src/kernel/host.ts";
import type {
  Delta,
  Form,
  Output,
  Parameter,
  Row,
  Run,
  RunSummary,
  Sent,
  Snapshot,
  Status,
  Traits,
} from "../src/kernel/messages.ts";

/** A model that remembers what was sent; the tests play the kernel. */
export class FakeModel implements Model {
  readonly sent: Sent[] = [];
  readonly buffers: ArrayBuffer[][] = [];
  gone = false;
  readonly #state: Partial<Traits>;
  readonly #listeners = new Map<string, Set<(...args: never[]) => void>>();

  constructor(state: Partial<Traits> = {}) {
    this.#state = { values: {}, status: "idle", ...state };
  }

  get<K extends keyof Traits>(name: K): Traits[K] | undefined {
    return this.#state[name];
  }

  on(event: string, listener: (...args: never[]) => void): void {
    this.#listeners.set(event, (this.#listeners.get(event) ?? new Set()).add(listener));
  }

  off(event: string, listener: (...args: never[]) => void): void {
    this.#listeners.get(event)?.delete(listener);
  }

  send(content: Sent, _callbacks?: unknown, buffers: ArrayBuffer[] = []): void {
    if (this.gone) throw new Error("Cannot send");
    this.sent.push(structuredClone(content));
    this.buffers.push(buffers);
  }

  update(state: Partial<Traits>): void {
    Object.assign(this.#state, state);
    for (const name of Object.keys(state)) this.#emit(`change:${name}`);
  }

  tell(message: object, bytes?: Uint8Array): void {
    this.#emit("msg:custom", { v: 1, ...message }, bytes ? [bytes] : []);
  }

  emit(event: string): void {
    this.#emit(event);
  }

  of<T extends Sent["type"]>(type: T): Extract<Sent, { type: T }>[] {
    return this.sent.filter((message) => message.type === type) as Extract<Sent, { type: T }>[];
  }

  get listeners(): number {
    return [...this.#listeners.values()].reduce((sum, set) => sum + set.size, 0);
  }

  #emit(event: string, ...details: unknown[]): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) listener(...(details as never[]));
  }
}

export function parameter(id: string, facts: Partial<Parameter> = {}): Parameter {
  return {
    id,
    kind: "text",
    label: id,
    required: false,
    default: null,
    options: [],
    minimum: null,
    maximum: null,
    step: null,
    decimals: 0,
    slider: false,
    integer: false,
    help: null,
    placeholder: null,
    expected: "",
    advanced: false,
    multiple: false,
    max_files: null,
    accept: null,
    role: null,
    narrow: false,
    json: null,
    example: "",
    ...facts,
  };
}

export function form(...parameters: Parameter[]): Form {
  const groups = [{ title: "Input", advanced: false, parameters }];
  return { v: 1, model: "a/b", owner: "a", name: "b", title: "B", sandbox: false, groups };
}

export function rows(first: number, next: number): Row[] {
  return Array.from({ length: next - first }, (_, at) => [first + at, 0.1, "output", `line ${first + at}`]);
}

export function delta(first: number, next: number, facts: Partial<Delta> = {}): Delta {
  return { v: 1, type: "delta", epoch: "e", first, next, rows: rows(first, next), dropped: 0, ...facts };
}

export function snapshot(first: number, next: number, facts: Partial<Snapshot> = {}): Snapshot {
  const base: Omit<Snapshot, "first" | "next" | "rows"> = {
    v: 1,
    type: "snapshot",
    to: "",
    epoch: "e",
    dropped: first,
    run: null,
    runs: [],
  };
  return { ...base, first, next, rows: rows(first, next), ...facts };
}

export function run(facts: Partial<Run> = {}): Run {
  return {
    number: 1,
    task: "1",
    status: "running",
    seed: null,
    next_seed: null,
    prompt: "",
    starred: false,
    elapsed: 1,
    stages: [],
    progress: null,
    line: "Running",
    word: "Running",
    doing: "Generating",
    pace: "",
    said: "Running",
    empty: "Results appear here",
    price: null,
    notice: null,
    outputs: [],
    text: null,
    reason: "",
    choices: [],
    ...facts,
  };
}

export function summary(number: number, status: Status, facts: Partial<RunSummary> = {}): RunSummary {
  const base = {
    task: String(number),
    progress: null,
    prompt: "",
    line: "",
    starred: false,
    reason: "",
    choices: [],
  };
  return { number, status, ...base, ...facts };
}

export function output(id: string, facts: Partial<Output> = {}): Output {
  const base = { content_type: "image/png", size: 1, width: 512, height: 512, text: null, facts: "" };
  return { id, name: `${id}.png`, ...base, ...facts };
}
