import { expect, test } from "vitest";
import type { Day } from "../src/gallery/gallery_messages.ts";
import { HEADING, Layout } from "../src/gallery/layout.ts";
import { ScrollMap } from "../src/gallery/scroll_map.ts";

const DAYS: Day[] = [
  ["2026-05-03", 5],
  ["2026-05-02", 1],
  ["2026-05-01", 7],
];

/** Three columns of 100 px. */
const layout = new Layout(DAYS, 316, 100);

test("cards lie in rows beneath the heading of their day", () => {
  expect([layout.columns, layout.side, layout.rowHeight, layout.count]).toEqual([3, 100, 132, 13]);
  expect(layout.box(0)).toEqual({ left: 0, top: HEADING, width: 100, height: 124 });
  expect(layout.box(4)).toMatchObject({ left: 108, top: HEADING + 132 });
  expect(layout.box(5)).toMatchObject({ left: 0, top: 2 * HEADING + 2 * 132 });
  expect(layout.height).toBe(3 * HEADING + (2 + 1 + 3) * 132);
});

test("only what lies between two heights is drawn", () => {
  expect(layout.between(0, 10)).toEqual([
    { day: "2026-05-03", count: 5, top: 0, height: 304, from: 0, to: 3 },
  ]);
  const [first, second, third] = layout.between(200, 500);
  expect([first?.from, first?.to]).toEqual([3, 5]);
  expect([second?.from, second?.to]).toEqual([5, 6]);
  expect([third?.from, third?.to]).toEqual([6, 9]);
});

test("a place is found again by its height", () => {
  for (const place of [0, 3, 5, 6, 12])
    expect(layout.placeAt(layout.box(place).top)).toBeLessThanOrEqual(place);
  expect(layout.placeAt(layout.box(6).top + 1)).toBe(6);
  expect(new Layout([], 300, 100).placeAt(0)).toBe(0);
});

test("up and down keep the column, over the edge of a day too", () => {
  expect(layout.vertical(1, 1)).toBe(4);
  expect(layout.vertical(2, 1)).toBe(4); // the last row is shorter
  expect(layout.vertical(4, 1)).toBe(5);
  expect(layout.vertical(5, 1)).toBe(6);
  expect(layout.vertical(8, -1)).toBe(5);
  expect(layout.vertical(5, -1)).toBe(3);
  expect(layout.vertical(1, -1)).toBe(1);
  expect(layout.vertical(12, 1)).toBe(12);
});

test("a narrow wall has one column, and a list of a million cards takes no time", () => {
  expect(new Layout(DAYS, 60, 100).columns).toBe(1);
  const million = new Layout([["2026-05-01", 1_000_000]], 1000, 148);
  const { top } = million.box(999_999);
  expect(million.between(top, top + 500)[0]?.to).toBe(1_000_000);
});

test("a short list is scrolled as it is", () => {
  const map = new ScrollMap();
  map.resize(5_000, 600);
  expect(map.scrolled(1_234)).toBeNull();
  expect([map.at, map.shift, map.drawnHeight]).toEqual([1_234, 0, 5_000]);
});

test("a list higher than browsers draw is scrolled in true steps, and by large ones to its share", () => {
  const map = new ScrollMap();
  map.resize(80_000_000, 600);
  expect(map.drawnHeight).toBe(8_000_000);
  map.scrolled(100);
  map.scrolled(200);
  expect(map.at).toBe(200);
  map.scrolled(4_000_000);
  expect(map.at / 80_000_000).toBeCloseTo(0.5, 3);
  const { at } = map;
  map.scrolled(4_000_050);
  expect(map.at).toBe(at + 50);
  map.scrolled(8_000_000 - 600);
  expect(map.at).toBe(80_000_000 - 600);
  map.scrolled(0);
  expect(map.at).toBe(0);
});

test("a place is gone to wherever it is", () => {
  const map = new ScrollMap();
  map.resize(80_000_000, 600);
  const to = map.goTo(60_000_000);
  expect(map.at).toBe(60_000_000);
  expect(to).toBeLessThan(8_000_000);
  expect(map.scrolled(to)).toBeNull();
  expect(map.at).toBe(60_000_000);
});
