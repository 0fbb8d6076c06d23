import { expect, test, vi } from "vitest";
import { Store } from "../src/state/store.ts";
import { FakeModel, form, parameter } from "./fake_model.ts";

function start() {
  const model = new FakeModel({ _form: form(parameter("prompt")), values: { prompt: "before" } });
  const store = new Store(model);
  const take = (name: string, type: string) => store.recipeImport.take(new File(["x"], name, { type }));
  const answer = async (error: string | null) => {
    await vi.waitFor(() => expect(model.of("file")).toHaveLength(1));
    const chunk = model.of("file")[0];
    const facts = { upload: chunk?.upload, received: error ? 0 : 1, error };
    model.tell({ type: "reply", to: store.link.client, rev: chunk?.rev, ...facts });
  };
  return { model, store, take, answer };
}

test("a picture goes up to be read for its recipe", async () => {
  const { model, store, take, answer } = start();
  take("a.png", "image/png");
  expect(store.recipeImport.last?.state).toBe("reading");
  await answer(null);
  expect(model.of("file")[0]).toMatchObject({ field: "*recipe", name: "a.png", size: 1 });
  expect([store.recipeImport.last?.state, store.recipeImport.undoable]).toEqual(["taken", true]);
});

test("undo puts back what the controls said", async () => {
  const { model, store, take, answer } = start();
  take("a.png", "image/png");
  await answer(null);
  model.update({ values: { prompt: "from the picture" } });
  store.recipeImport.undo();
  expect([store.values.get("prompt"), store.recipeImport.last]).toEqual(["before", null]);
});

test("there is no way back to another model's controls", async () => {
  const { model, store, take, answer } = start();
  take("a.png", "image/png");
  await answer(null);
  model.update({ _form: { ...form(parameter("text")), model: "a/other" } });
  expect(store.recipeImport.undoable).toBe(false);
});

test("a picture without a recipe is told, and leaves no upload behind", async () => {
  const { store, take, answer } = start();
  take("a.png", "image/png");
  await answer("a.png carries no recipe");
  expect(store.recipeImport.last).toMatchObject({ state: "failed", error: "a.png carries no recipe" });
  expect(store.uploads.busy).toBe(false);
  expect(store.uploads.of("*recipe")).toEqual([]);
});

test("what can carry no recipe is not sent", () => {
  const { model, store, take } = start();
  take("film.mp4", "video/mp4");
  expect(store.recipeImport.last?.state).toBe("failed");
  expect(model.of("file")).toEqual([]);
  expect(store.uploads.of("*recipe")).toEqual([]);
});
