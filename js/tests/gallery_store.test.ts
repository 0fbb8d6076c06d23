import { expect, test } from "vitest";
import type { Card } from "../src/gallery/gallery_messages.ts";
import { GalleryStore } from "../src/gallery/gallery_store.ts";
import { Selection } from "../src/gallery/selection.ts";

interface Sent {
  type: string;
  rev: number;
  client: string;
  [name: string]: unknown;
}

/** The kernel's end, played by the test. */
class Kernel {
  readonly sent: Sent[] = [];
  readonly #listeners = new Map<string, (...args: unknown[]) => void>();
  selected: string[] = [];
  readonly model = {
    get: (name: string) => (name === "selected" ? this.selected : {}),
    on: (event: string, act: (...args: unknown[]) => void) => this.#listeners.set(event, act),
    off: () => {},
    send: (content: Sent) => this.sent.push(structuredClone(content)),
  };

  of(type: string): Sent[] {
    return this.sent.filter((message) => message.type === type);
  }

  tell(message: object): void {
    const to = this.sent[0]?.client;
    this.#listeners.get("msg:custom")?.({ v: 1, type: "reply", to, error: null, ...message }, []);
  }

  list(count: number, first = 60, facts: object = {}): void {
    const items = Array.from({ length: Math.min(first, count) }, (_, at) => card(`r${at}`));
    const rev = this.of("find").at(-1)?.rev;
    this.tell({
      rev,
      listing: 1,
      count,
      whole: true,
      days: [["2026-05-01", count]],
      notes: [],
      items,
      ...facts,
    });
  }

  select(ids: string[]): void {
    this.selected = ids;
    this.#listeners.get("change:selected")?.();
  }
}

function card(id: string, facts: Partial<Card> = {}): Card {
  const base = {
    task: id,
    time: "12:00",
    model: "a/b",
    prompt: id,
    outcome: "succeeded",
    word: "",
    kind: "picture",
  };
  return { ...base, id, count: 1, text: "", price: "", star: false, tags: [], note: "", ...facts } as Card;
}

function begin(): [Kernel, GalleryStore] {
  const kernel = new Kernel();
  return [kernel, new GalleryStore(kernel.model as never)];
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

test("a gallery asks for runs at once, and takes the answer to its last question alone", () => {
  const [kernel, store] = begin();
  const [first] = kernel.of("find");
  store.find({ text: "fox" });
  kernel.tell({
    rev: first?.rev,
    listing: 9,
    count: 1,
    whole: true,
    days: [["2026-05-01", 1]],
    notes: [],
    items: [],
  });
  expect(store.count).toBe(0);
  kernel.list(3);
  expect([store.count, store.card(2)?.id, store.searching]).toEqual([3, "r2", false]);
});

test("cards that are not here are asked for by pages, once", async () => {
  const [kernel, store] = begin();
  kernel.list(500);
  store.need("wall", 0, 30);
  store.need("wall", 100, 130);
  store.need("wall", 100, 140);
  expect(kernel.of("items").map(({ first }) => first)).toEqual([60, 120]);
  kernel.tell({ rev: kernel.of("items")[0]?.rev, listing: 1, first: 60, items: [card("x")] });
  await settled();
  expect(store.card(60)?.id).toBe("x");
});

test("of a list that is scrolled through fast, what is passed is not asked for", async () => {
  const [kernel, store] = begin();
  kernel.list(6000);
  store.topics.on(["cards"], () => store.need("wall", 5500, 5530), new AbortController().signal);
  for (let place = 1000; place <= 5500; place += 60) store.need("wall", place, place + 30);
  store.need("large", 3000, 3001);
  expect(kernel.of("items").map(({ first }) => first)).toEqual([960, 1020, 1080]);
  for (const { rev } of kernel.of("items")) kernel.tell({ rev, listing: 1, first: 960, items: [card("x")] });
  await settled();
  expect(kernel.of("items").map(({ first }) => first)).toEqual([960, 1020, 1080, 5460, 5520, 3000]);
});

test("a page that the kernel has forgotten asks again, and none does so at once for ever", async () => {
  const [kernel, store] = begin();
  kernel.list(500);
  store.need("wall", 100, 110);
  const [asked] = kernel.of("items");
  kernel.tell({ rev: asked?.rev, listing: 1, first: 60, items: [] });
  await settled();
  store.look(0);
  kernel.tell({ rev: kernel.of("look")[0]?.rev, listing: 0 });
  await settled();
  expect(kernel.of("items").length).toBe(1);
  expect(kernel.of("find").length).toBe(2);
});

test("cards of an older list are not taken for those of the new one", async () => {
  const [kernel, store] = begin();
  kernel.list(500);
  store.need("wall", 100, 110);
  store.find({ text: "fox" });
  kernel.list(500, 0, { listing: 2 });
  kernel.tell({ rev: kernel.of("items")[0]?.rev, listing: 1, first: 60, items: [card("old")] });
  await settled();
  expect(store.card(60)).toBeUndefined();
});

test("what a person selects is not undone by what the kernel said before", async () => {
  const [kernel, store] = begin();
  kernel.list(3);
  store.selection.set(["r0"]);
  store.selection.set(["r0", "r1"]);
  kernel.select(["r0"]);
  expect(store.selection.ids).toEqual(["r0", "r1"]);
  kernel.selected = ["r0", "r1"];
  for (const { rev } of kernel.of("select")) kernel.tell({ rev });
  await settled();
  expect(store.selection.ids).toEqual(["r0", "r1"]);
  kernel.select(["r2"]);
  expect(store.selection.ids).toEqual(["r2"]);
});

test("a card that was annotated is drawn anew wherever it is", async () => {
  const [kernel, store] = begin();
  kernel.list(3);
  const done = store.annotate({ type: "mark", ids: ["r1"], on: true });
  kernel.tell({ rev: kernel.of("mark")[0]?.rev, cards: [card("r1", { star: true })] });
  expect(await done).toBe("");
  expect([store.card(1)?.star, store.cardOf("r1")?.star]).toEqual([true, true]);
});

test("the ids of a range come from the kernel where a card is not here", async () => {
  const [kernel, store] = begin();
  kernel.list(100);
  expect(await store.idsBetween(0, 2)).toEqual(["r0", "r1"]);
  const all = store.idsBetween(0, 100);
  kernel.tell({ rev: kernel.of("ids")[0]?.rev, ids: ["a", "b"] });
  expect(await all).toEqual(["a", "b"]);
});

test("a selection keeps its order, and nothing is sent for nothing", () => {
  const sent: string[][] = [];
  const selection = new Selection(
    (ids) => sent.push(ids),
    () => {},
  );
  selection.set([]);
  selection.toggle("b");
  selection.toggle("a");
  selection.toggle("b");
  expect(sent).toEqual([["b"], ["b", "a"], ["a"]]);
});
