import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Store } from "../src/state/store.ts";
import { delta, FakeModel, form, parameter, run, summary } from "./fake_model.ts";

function start() {
  const model = new FakeModel({ _form: form(parameter("prompt")), values: { prompt: "a cat" } });
  const store = new Store(model);
  const reply = (rev: number, error: string | null = null) =>
    model.tell({ type: "reply", to: store.link.client, rev, error });
  const answer = () => reply(model.of("run").at(-1)?.rev ?? 0);
  return { model, store, reply, answer };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("the second press of a double click starts nothing", () => {
  const { model, store, answer } = start();
  store.start();
  answer();
  vi.advanceTimersByTime(300);
  store.start();
  expect(model.of("run")).toHaveLength(1);
});

test("a later press starts a run beside the first", () => {
  const { model, store, answer } = start();
  store.start();
  answer();
  model.tell(delta(0, 1, { run: run(), runs: [summary(1, "running")] }));
  vi.advanceTimersByTime(500);
  store.start();
  expect(model.of("run")).toHaveLength(2);
  expect(store.status).toBe("submitting");
});

test("a Run that the kernel has not answered holds the next one back", () => {
  const { model, store, answer } = start();
  store.start();
  vi.advanceTimersByTime(60_000);
  store.start();
  expect(model.of("run")).toHaveLength(1);
  answer();
  store.start();
  expect(model.of("run")).toHaveLength(2);
});

test("submitting ends with a newer run, not with news of those that were known", () => {
  const { model, store } = start();
  model.tell(delta(0, 1, { run: run({ number: 4 }), runs: [summary(3, "running"), summary(4, "running")] }));
  store.start();
  model.tell(delta(1, 2, { runs: [summary(3, "succeeded"), summary(4, "running")] }));
  expect(store.status).toBe("submitting");
  model.tell(delta(2, 3, { run: run({ number: 5, status: "queued" }) }));
  expect(store.status).toBe("queued");
});

test("Stop names its run; before the kernel knows one it means the one that is coming", () => {
  const { model, store } = start();
  model.tell(delta(0, 1, { run: run({ number: 2 }) }));
  store.runs.stop(2);
  expect(store.stopping).toBe(true);
  model.tell(delta(1, 2, { run: run({ number: 2, status: "cancelled" }) }));
  expect([store.stopping, store.runs.stopping(2)]).toEqual([false, false]);
  store.runs.stop(null);
  expect(model.of("stop").map((message) => message.run)).toEqual([2, null]);
});

test("the run that is shown already is not asked for again", () => {
  const { model, store } = start();
  model.tell(delta(0, 1, { run: run({ number: 2 }) }));
  store.runs.show(2);
  store.runs.show(1);
  expect(model.of("show").map((message) => message.run)).toEqual([1]);
});

test("active runs are counted, whichever is shown", () => {
  const { model, store } = start();
  const runs = [summary(1, "running"), summary(2, "failed"), summary(3, "queued")];
  model.tell(delta(0, 1, { run: run({ number: 2, status: "failed" }), runs }));
  expect([store.runs.activeCount, store.active]).toEqual([2, false]);
});

test("a kernel that goes ends the wait, and what is asked of it is answered", async () => {
  const { model, store } = start();
  store.start();
  const code = store.questions.ask({ type: "code" });
  const picture = store.originals.get("1-0");
  model.gone = true;
  model.emit("comm_live_update");
  expect([store.status, store.runs.pending, store.active]).toEqual(["idle", false, false]);
  expect((await code).error).toContain("run the cell again");
  expect(await picture).toContain("run the cell again");
});

test("each question has its own answer, whatever the order", async () => {
  const { model, store } = start();
  const [code, recipe] = [
    store.questions.ask({ type: "code" }),
    store.questions.ask({ type: "recipe", id: "1-0", take: false }),
  ];
  const reply = (rev: number, text: string) =>
    model.tell({ type: "reply", to: store.link.client, rev, error: null, text });
  reply(model.of("recipe")[0]?.rev ?? 0, "the recipe");
  reply(model.of("code")[0]?.rev ?? 0, "the call");
  expect([(await code).text, (await recipe).text]).toEqual(["the call", "the recipe"]);
});

test("an output is asked for once, by whoever wants it", async () => {
  const { model, store } = start();
  const both = [store.originals.get("1-0"), store.originals.get("1-0")];
  const facts = { id: "1-0", role: "full", name: "0.png", mime: "image/png", width: 1, height: 1 };
  model.tell({ type: "image", to: null, images: [facts] }, new Uint8Array([1]));
  expect((await Promise.all(both)).map((got) => typeof got)).toEqual(["object", "object"]);
  expect(await store.originals.get("1-0")).toMatchObject({ name: "0.png" });
  expect(model.of("image")).toHaveLength(1);
});

test("why an output cannot be read is the answer to whoever waits for it", async () => {
  const { store, reply } = start();
  const wanted = store.originals.get("1-0");
  reply(0, "0.png has expired.");
  expect(await wanted).toBe("0.png has expired.");
});
