import { expect, test } from "vitest";
import { reorder } from "../src/controls/file_order.ts";
import { pretty } from "../src/stage/document.ts";
import { nameOf, Shelf } from "../src/stage/output_order.ts";
import { rerun } from "../src/stage/run_again.ts";
import { Gallery } from "../src/state/gallery.ts";
import { kindOf } from "../src/state/output_kind.ts";
import { Store } from "../src/state/store.ts";
import { delta, FakeModel, form, output, parameter, run } from "./fake_model.ts";

const seed = parameter("seed", { kind: "number", role: "seed", integer: true, minimum: 0 });

function start(...parameters: ReturnType<typeof parameter>[]) {
  const model = new FakeModel({ _form: form(...parameters), values: {} });
  return { model, store: new Store(model) };
}

test.each([
  ["image/png", 512, null, "picture"],
  ["image/avif", null, null, "image"],
  ["video/mp4", null, null, "video"],
  ["audio/wav", null, null, "audio"],
  ["application/json", null, "{}", "text"],
  ["application/zip", null, null, "file"],
  ["", null, null, "file"],
])("%s is shown as what it is", (content_type, width, text, kind) => {
  expect(kindOf(output("1-0", { content_type, width, text }))).toBe(kind);
});

test("JSON is indented, broken JSON and other text stay as they are", () => {
  const json = { content_type: "application/json" };
  expect(pretty(output("1-0", { ...json, text: '{"a":[1]}' }))).toBe('{\n  "a": [\n    1\n  ]\n}');
  expect(pretty(output("1-0", { ...json, text: "{oops" }))).toBe("{oops");
  expect(pretty(output("1-0", { content_type: "text/plain", text: "{}" }))).toBe("{}");
});

test("the pictures of earlier runs are remembered, a run's own all of them", () => {
  const gallery = new Gallery();
  for (let number = 1; number <= 30; number++)
    gallery.take(run({ number, outputs: [output(`${number}-0`)] }));
  expect(gallery.pictures).toHaveLength(24);
  expect(gallery.find("30-0")).toMatchObject({ run: 30, place: 1 });
  expect(gallery.find("1-0")).toBeUndefined();
});

test("an earlier run that is shown again stands where it was", () => {
  const gallery = new Gallery();
  for (const number of [1, 2, 1]) gallery.take(run({ number, outputs: [output(`${number}-0`)] }));
  expect(gallery.pictures.map((one) => one.output.id)).toEqual(["1-0", "2-0"]);
});

test("the last pictures stay until the next run has some, words do not", () => {
  const { model, store } = start();
  const shelf = new Shelf(store);
  const outputs = [output("1-0"), output("1-1", { content_type: "text/plain", width: null, text: "words" })];
  model.tell(delta(0, 1, { run: run({ status: "succeeded", outputs }) }));
  expect(shelf.items.map((item) => item.kind)).toEqual(["picture", "text"]);
  shelf.selected = 1;
  model.tell(delta(1, 2, { run: run({ number: 2 }) }));
  expect([shelf.items.length, shelf.stale, shelf.visible]).toEqual([1, true, true]);
  model.tell(delta(2, 3, { run: run({ number: 2, status: "failed" }) }));
  expect(shelf.visible).toBe(false);
  model.tell(delta(3, 4, { run: run({ number: 2, status: "succeeded", outputs: [output("2-0")] }) }));
  expect([shelf.output?.id, shelf.selected]).toEqual(["2-0", 0]);
});

test("an answer comes first, and its raw file is not shown beside it", () => {
  const { model, store } = start();
  const shelf = new Shelf(store);
  const outputs = [output("1-0", { content_type: "raw", width: null }), output("1-1")];
  const text = { thinking: "", answer: "Hello", done: true };
  model.tell(delta(0, 1, { run: run({ outputs, text }) }));
  expect(shelf.items.map(nameOf)).toEqual(["Answer", "1-1.png"]);
});

test("running again with a seed sends what the controls say besides", () => {
  const { model, store } = start(seed, parameter("prompt"));
  store.values.edit("prompt", "a fox");
  expect(rerun(store, "7")).toBe("");
  expect(model.of("run")[0]?.values).toEqual({ prompt: "a fox", seed: "7" });
});

test("running again waits for controls that are right", () => {
  const { model, store } = start(seed, parameter("prompt", { required: true }));
  expect(rerun(store, "7")).not.toBe("");
  expect(model.of("run")).toEqual([]);
});

test("an output becomes an input in place of the one before, or beside the others", () => {
  const one = parameter("one", { kind: "file" });
  const several = parameter("several", { kind: "file", multiple: true, max_files: 2 });
  const { model, store } = start(one, several);
  const kept = { id: "f1", name: "a.png", mime: "image/png", size: 1, url: null, facts: "" };
  model.update({ values: { one: [kept], several: [kept] } });
  for (const p of [one, several]) store.values.useOutput(p, output("1-0"));
  const patches = model.of("values").map((message) => message.patch);
  expect(patches).toEqual([{ one: [{ output: "1-0" }] }, { several: ["f1", { output: "1-0" }] }]);
});

test("an element goes to another place and the others keep their order", () => {
  expect(reorder(["a", "b", "c"], 0, 2)).toEqual(["b", "c", "a"]);
  expect(reorder(["a", "b", "c"], 2, 0)).toEqual(["c", "a", "b"]);
  expect(reorder(["a", "b"], 1, 1)).toEqual(["a", "b"]);
});
