import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Store } from "../src/state/store.ts";
import { delta, FakeModel, form, parameter, run, snapshot } from "./fake_model.ts";

const prompt = parameter("prompt", { kind: "textarea", required: true });
const whole = { integer: true, minimum: 1, maximum: 50, step: 1, expected: "A whole number" };
const steps = parameter("steps", { kind: "range", ...whole });
const image = parameter("image", { kind: "file", max_files: 1 });

function start(state = {}) {
  const model = new FakeModel({
    _form: form(prompt, steps, image),
    values: { prompt: "a cat", steps: 20, image: [] },
    ...state,
  });
  const store = new Store(model);
  const reply = (rev: number, error: string | null = null) =>
    model.tell({ type: "reply", to: store.link.client, rev, error });
  return { model, store, reply };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("a new store questions for a snapshot", () => {
  const { model, store } = start();
  expect(model.sent).toEqual([{ type: "sync", epoch: "", next: 0, v: 1, client: store.link.client }]);
});

test("it questions again until a snapshot comes", () => {
  const { model, store } = start();
  vi.advanceTimersByTime(2_000);
  expect(model.of("sync")).toHaveLength(2);
  model.tell(snapshot(0, 0, { to: store.link.client }));
  vi.advanceTimersByTime(60_000);
  expect(model.of("sync")).toHaveLength(2);
});

test("typing is sent once, when it has paused", () => {
  const { model, store } = start();
  for (const words of ["a", "a d", "a dog"]) {
    store.values.edit("prompt", words);
    vi.advanceTimersByTime(50);
  }
  expect(model.of("values")).toHaveLength(0);
  vi.advanceTimersByTime(120);
  expect(model.of("values")).toMatchObject([{ rev: 1, patch: { prompt: "a dog" } }]);
});

test("Run sends what is still waiting, then every value but files", () => {
  const { model, store } = start();
  store.values.edit("steps", 30);
  store.start();
  expect(model.sent.slice(1)).toMatchObject([
    { type: "values", patch: { steps: 30 } },
    { type: "run", values: { prompt: "a cat", steps: 30 } },
  ]);
  expect(model.of("run")[0]?.values).not.toHaveProperty("image");
});

test("an edited field stays as typed until its reply, other fields follow Python", () => {
  const { model, store, reply } = start();
  store.values.edit("prompt", "a dog");
  vi.advanceTimersByTime(120);
  model.update({ values: { prompt: "from Python", steps: 5, image: [] } });
  expect([store.values.get("prompt"), store.values.get("steps")]).toEqual(["a dog", 5]);
  reply(1);
  expect(store.values.get("prompt")).toBe("from Python");
});

test("a reply to an earlier edit does not undo a later one", () => {
  const { store, reply } = start();
  store.values.edit("prompt", "a d");
  vi.advanceTimersByTime(120);
  store.values.edit("prompt", "a dog");
  vi.advanceTimersByTime(120);
  reply(1);
  expect(store.values.get("prompt")).toBe("a dog");
});

test("wrong input stays to be corrected when the kernel keeps its own value", () => {
  const { store, reply } = start();
  store.values.edit("steps", "twenty");
  vi.advanceTimersByTime(120);
  reply(1, "steps: a whole number");
  expect(store.values.get("steps")).toBe("twenty");
  expect(store.problem(steps)).toBe("A whole number");
});

test("a value set from Python afterwards takes the place of wrong input", () => {
  const { model, store, reply } = start();
  store.values.edit("steps", "twenty");
  vi.advanceTimersByTime(120);
  reply(1);
  model.update({ values: { prompt: "a cat", steps: 7, image: [] } });
  expect(store.values.get("steps")).toBe(7);
});

test("Python's word on a field is quiet while the field is being edited", () => {
  const { model, store, reply } = start();
  model.update({ _errors: { prompt: "Too long" } });
  expect(store.problem(prompt)).toBe("Too long");
  store.values.edit("prompt", "short");
  expect(store.problem(prompt)).toBeNull();
  vi.advanceTimersByTime(120);
  model.update({ _errors: {}, values: { prompt: "short", steps: 20, image: [] } });
  reply(1);
  expect(store.problem(prompt)).toBeNull();
});

test("a click shows submitting before the kernel has said anything", () => {
  const { model, store } = start();
  store.start();
  expect(store.status).toBe("submitting");
  model.tell(delta(0, 0, { run: run({ status: "queued" }) }));
  expect(store.status).toBe("queued");
});

test("a refused Run returns to what was, and says why", () => {
  const { model, store, reply } = start({ status: "succeeded" });
  store.start();
  reply(model.of("run")[0]?.rev ?? 0, "No API key was found.");
  expect([store.status, store.runs.refusal]).toEqual(["succeeded", "No API key was found."]);
});

test("a Run that was taken and came to nothing does not stay submitting", () => {
  const { model, store, reply } = start();
  store.start();
  reply(model.of("run")[0]?.rev ?? 0);
  expect(store.status).toBe("submitting");
  vi.advanceTimersByTime(2_000);
  expect(store.status).toBe("idle");
});

test("a gap questions for a snapshot, and the snapshot closes it", () => {
  const { model, store } = start();
  model.tell(snapshot(0, 2, { to: store.link.client }));
  model.tell(delta(5, 6));
  expect(model.of("sync").at(-1)).toMatchObject({ epoch: "e", next: 2 });
  model.tell(snapshot(0, 6, { to: store.link.client }));
  expect(store.feed.rows).toHaveLength(6);
});

test("a heartbeat that stays ahead for a second questions for a snapshot", () => {
  const { model, store } = start();
  model.tell(snapshot(0, 2, { to: store.link.client }));
  model.update({ _feed: { epoch: "e", head: 4 } });
  vi.advanceTimersByTime(900);
  expect(model.of("sync")).toHaveLength(1);
  vi.advanceTimersByTime(200);
  expect(model.of("sync")).toHaveLength(2);
});

test("a heartbeat that the next delta catches up with questions nothing", () => {
  const { model, store } = start();
  model.tell(snapshot(0, 2, { to: store.link.client }));
  model.update({ _feed: { epoch: "e", head: 4 } });
  model.tell(delta(2, 4));
  vi.advanceTimersByTime(2_000);
  expect(model.of("sync")).toHaveLength(1);
});

test("messages to another page are not ours", () => {
  const { model, store } = start();
  model.tell(snapshot(0, 3, { to: "somebody else" }));
  expect(store.feed.rows).toHaveLength(0);
});

test("messages of another format are left alone", () => {
  const { model, store } = start();
  model.tell({ ...delta(0, 3), v: 2 });
  expect(store.feed.rows).toHaveLength(0);
});

test("the clock of a run goes on here between the kernel's words", () => {
  const { model, store } = start();
  model.update({ status: "running" });
  model.tell(delta(0, 1, { run: run({ elapsed: 4 }) }));
  vi.advanceTimersByTime(2_000);
  model.tell(delta(1, 2));
  expect(store.elapsed).toBeCloseTo(6, 1);
});

test("a kernel that cannot be reached is told, and forgiven when it speaks", () => {
  const { model, store } = start();
  model.gone = true;
  store.start();
  expect([store.link.state, store.status]).toEqual(["lost", "idle"]);
  model.tell(delta(0, 1));
  expect(store.link.state).toBe("ok");
});

test("a kernel that stays silent is told after eight seconds", () => {
  const { model, store } = start();
  model.tell(snapshot(0, 0, { to: store.link.client }));
  store.start();
  vi.advanceTimersByTime(7_900);
  expect(store.link.state).toBe("ok");
  vi.advanceTimersByTime(200);
  expect(store.link.state).toBe("waiting");
});

test("a kernel that never spoke is given three seconds", () => {
  const { store } = start();
  vi.advanceTimersByTime(2_900);
  expect(store.link.state).toBe("ok");
  vi.advanceTimersByTime(200);
  expect([store.link.state, store.link.hasAnswered]).toEqual(["waiting", false]);
});

test("a URL leaves at once, in order with the files that are there", () => {
  const { model, store } = start();
  const kept = { id: "f1", name: "a.png", mime: "image/png", size: 1, url: null, facts: "" };
  store.values.editFiles("image", [
    kept,
    { id: "", name: "b", mime: "", size: null, url: "https://example.com/b.png", facts: "" },
  ]);
  expect(model.of("values")).toMatchObject([
    { patch: { image: ["f1", { url: "https://example.com/b.png" }] } },
  ]);
});

test("closing lets go of the model and of every timer", () => {
  const { model, store } = start();
  store.values.edit("prompt", "x");
  store.close();
  expect(model.listeners).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});
