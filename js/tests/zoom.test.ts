import { expect, test } from "vitest";
import { Zoom } from "../src/viewer/zoom.ts";

function zoom(picture = { width: 1000, height: 1000 }): Zoom {
  const made = new Zoom();
  made.resize({ width: 500, height: 400 }, picture);
  return made;
}

test("a picture is shown whole at first", () => {
  expect(zoom().scale).toBe(0.4);
});

test("a small picture is not blown up", () => {
  expect(zoom({ width: 100, height: 100 }).scale).toBe(1);
});

test("what is under the pointer stays under it", () => {
  const one = zoom();
  const at = { x: 50, y: -30 };
  one.to(2);
  const before = (at.x - one.x) / one.scale;
  one.to(3, at);
  expect((at.x - one.x) / one.scale).toBeCloseTo(before);
});

test("nothing beyond the edges is moved into sight", () => {
  const one = zoom();
  one.to(1);
  one.pan(10_000, -10_000);
  expect([one.x, one.y]).toEqual([250, -300]);
});

test("a picture that fits stays in the middle", () => {
  const one = zoom();
  one.pan(100, 100);
  expect([one.x, one.y, one.pannable]).toEqual([0, 0, false]);
});

test("it goes no smaller than whole and no larger than sixteenfold", () => {
  const one = zoom();
  one.to(100);
  expect(one.scale).toBe(16);
  one.to(0.01);
  expect([one.scale, one.fitted]).toEqual([0.4, true]);
});

test("a window that changes keeps a whole picture whole and a scale a scale", () => {
  const one = zoom();
  one.resize({ width: 200, height: 200 }, { width: 1000, height: 1000 });
  expect(one.scale).toBe(0.2);
  one.to(1);
  one.resize({ width: 400, height: 400 }, { width: 1000, height: 1000 });
  expect(one.scale).toBe(1);
});

test("a step there and a step back are no step", () => {
  const one = zoom();
  one.to(1);
  one.step(1);
  one.step(-1);
  expect(one.scale).toBeCloseTo(1);
});
