import { expect, test } from "vitest";
import { Feed } from "../src/state/feed.ts";
import { delta, run, snapshot } from "./fake_model.ts";

test("rows arrive in order and each once", () => {
  const feed = new Feed();
  feed.delta(delta(0, 3));
  feed.delta(delta(3, 5));
  expect(feed.rows.map((row) => row[0])).toEqual([0, 1, 2, 3, 4]);
  expect(feed.next).toBe(5);
});

test("a delta applied twice changes nothing", () => {
  const feed = new Feed();
  feed.delta(delta(0, 3));
  feed.delta(delta(0, 3));
  feed.delta(delta(1, 3));
  expect(feed.rows).toHaveLength(3);
});

test("a delta that overlaps adds only what is new", () => {
  const feed = new Feed();
  feed.delta(delta(0, 3));
  feed.delta(delta(2, 5));
  expect(feed.rows.map((row) => row[0])).toEqual([0, 1, 2, 3, 4]);
});

test("a gap takes nothing and is told", () => {
  const feed = new Feed();
  feed.delta(delta(0, 3));
  expect(feed.delta(delta(4, 6))).toBe("gap");
  expect(feed.next).toBe(3);
});

test("another epoch in the middle of its rows is a gap", () => {
  const feed = new Feed();
  feed.delta(delta(0, 3));
  expect(feed.delta(delta(7, 9, { epoch: "other" }))).toBe("gap");
  expect(feed.epoch).toBe("e");
});

test("another epoch from its first row starts anew", () => {
  const feed = new Feed();
  feed.delta(delta(0, 3, { run: run() }));
  feed.delta(delta(0, 1, { epoch: "other" }));
  expect([feed.epoch, feed.rows.length, feed.run]).toEqual(["other", 1, null]);
});

test("a snapshot replaces what is here", () => {
  const feed = new Feed();
  feed.delta(delta(0, 3));
  feed.snapshot(snapshot(10, 14, { run: run({ number: 2 }) }));
  expect(feed.rows.map((row) => row[0])).toEqual([10, 11, 12, 13]);
  expect([feed.next, feed.dropped, feed.run?.number]).toEqual([14, 10, 2]);
});

test("a snapshot older than what is here is ignored", () => {
  const feed = new Feed();
  feed.delta(delta(0, 9));
  feed.snapshot(snapshot(0, 4));
  expect(feed.next).toBe(9);
});

test("an old delta does not bring back an old run", () => {
  const feed = new Feed();
  feed.delta(delta(0, 5, { run: run({ number: 2 }) }));
  feed.delta(delta(0, 3, { run: run({ number: 1 }) }));
  expect(feed.run?.number).toBe(2);
});

test("a delta without a run keeps the run", () => {
  const feed = new Feed();
  feed.delta(delta(0, 1, { run: run() }));
  feed.delta(delta(1, 2));
  expect(feed.run?.number).toBe(1);
});

test("a heartbeat ahead of the rows means that some are missing", () => {
  const feed = new Feed();
  feed.delta(delta(0, 3));
  expect(feed.behind({ epoch: "e", head: 3 })).toBe(false);
  expect(feed.behind({ epoch: "e", head: 4 })).toBe(true);
  expect(feed.behind({ epoch: "other", head: 0 })).toBe(true);
  expect(feed.behind({})).toBe(false);
});

test("the ring is bounded and keeps the newest rows", () => {
  const feed = new Feed();
  for (let first = 0; first < 250_000; first += 1_000) feed.delta(delta(first, first + 1_000));
  expect(feed.rows.length).toBeLessThanOrEqual(110_000);
  expect(feed.rows.at(-1)?.[0]).toBe(249_999);
});
