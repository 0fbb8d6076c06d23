import { expect, test } from "vitest";
import type { Row } from "../src/kernel/messages.ts";
import { Filter } from "../src/log/filter.ts";
import { Feed } from "../src/state/feed.ts";
import { delta } from "./fake_model.ts";

const LINES: Row[] = [
  [0, 0, "note", "Waiting"],
  [1, 0, "output", "Loading weights"],
  [2, 0, "stderr", "a warning"],
  [3, 0, "progress", "step 1"],
];

function start(rows = LINES) {
  const feed = new Feed();
  feed.delta({ ...delta(0, rows.length), rows });
  return { feed, filter: new Filter(feed) };
}

const texts = (filter: Filter) => filter.rows.map((row) => row[3]);

test("nothing is left out until it is asked for, and nothing is copied", () => {
  const { feed, filter } = start();
  expect([filter.narrows, filter.rows === feed.rows]).toEqual([false, true]);
});

test("levels go and come back", () => {
  const { filter } = start();
  expect(filter.toggle("output")).toBe(false);
  expect(texts(filter)).toEqual(["Waiting", "a warning", "step 1"]);
  expect(filter.toggle("output")).toBe(true);
  expect(texts(filter)).toHaveLength(4);
});

test("words are found whatever their case", () => {
  const { filter } = start();
  filter.search("WA");
  expect(texts(filter)).toEqual(["Waiting", "a warning"]);
});

test("a new row is looked at once and joins what was found", () => {
  const { feed, filter } = start();
  filter.search("wa");
  const found = filter.rows;
  feed.delta({
    ...delta(4, 6),
    rows: [
      [4, 0, "output", "no"],
      [5, 0, "output", "await"],
    ],
  });
  expect(filter.rows).toBe(found);
  expect(texts(filter)).toEqual(["Waiting", "a warning", "await"]);
});

test("another run begins anew", () => {
  const { feed, filter } = start();
  filter.search("wa");
  expect(filter.rows).toHaveLength(2);
  feed.delta({ ...delta(0, 1, { epoch: "f" }), rows: [[0, 0, "output", "swan"]] });
  expect(texts(filter)).toEqual(["swan"]);
});

test("rows that were let go are found no longer", () => {
  const { feed, filter } = start();
  filter.search("line 1");
  feed.delta({ ...delta(4, 5), rows: [[4, 0, "output", "line 1"]] });
  expect(texts(filter)).toEqual(["line 1"]);
  for (let first = 5; first < 200_000; first += 5_000)
    feed.delta({
      ...delta(first, first + 5_000),
      rows: Array.from({ length: 5_000 }, (_, at) => [first + at, 0, "output", "other"] as Row),
    });
  expect(feed.trimmed).toBeGreaterThan(0);
  expect(texts(filter)).toEqual([]);
});

test("keeping up with a hundred thousand rows costs as much for each as for the first", () => {
  const { feed, filter } = start();
  filter.search("7");
  const took: number[] = [];
  for (let first = 4; first < 100_004; first += 500) {
    feed.delta(delta(first, first + 500));
    const begun = performance.now();
    filter.rows.length;
    took.push(performance.now() - begun);
  }
  const sum = (part: number[]) => part.reduce((a, b) => a + b, 0);
  // Rebuilt each time, the last twenty would cost some ten times the first.
  expect(sum(took.slice(-20))).toBeLessThan(sum(took.slice(0, 20)) * 8 + 5);
});
