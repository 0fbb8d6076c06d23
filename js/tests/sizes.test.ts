import { expect, test } from "vitest";
import type { Parameter } from "../src/kernel/messages.ts";
import { RATIOS, ratioName, sideOf, sizeLike, sizeOf } from "../src/state/sizes.ts";
import { parameter } from "./fake_model.ts";

const side = (facts: Partial<Parameter> = {}) =>
  parameter("width", { kind: "range", integer: true, step: 1, minimum: 256, maximum: 2048, ...facts });

test.each(RATIOS)("%s keeps the area, the step and the limits", (name, w, h) => {
  for (const facts of [
    {},
    { step: 16, minimum: 0 },
    { step: 64 },
    { step: 8, minimum: null, maximum: null },
  ]) {
    const p = side(facts);
    for (const area of [512 * 512, 1024 * 1024, 1536 * 640]) {
      const [width, height] = sizeOf(w / h, area, p, p);
      for (const value of [width, height]) {
        expect((value - (p.minimum ?? 0)) % (p.step ?? 1)).toBe(0);
        expect(value).toBeGreaterThanOrEqual(p.minimum ?? 1);
        expect(value).toBeLessThanOrEqual(p.maximum ?? Number.POSITIVE_INFINITY);
      }
      const limited = Math.min(width, height) === p.minimum || Math.max(width, height) === p.maximum;
      if (!limited)
        expect(Math.abs(Math.log((width * height) / area))).toBeLessThan(p.step === 64 ? 0.2 : 0.05);
      expect(Math.abs(Math.log((width * h) / (height * w)))).toBeLessThan(p.step === 64 ? 0.13 : 0.02);
      if (p.step !== 64) expect(ratioName([width, height])).toBe(name);
    }
  }
});

test("a size that is too large for its ratio is made smaller, not another ratio", () => {
  const p = side({ maximum: 1024, step: 8 });
  expect(sizeOf(16 / 9, 1024 * 1024, p, p)).toEqual([1024, 576]);
  expect(sizeOf(9 / 16, 1024 * 1024, p, p)).toEqual([576, 1024]);
});

test("there and back again", () => {
  const p = side();
  const wide = sizeOf(16 / 9, 1024 * 1024, p, p);
  const [w, h] = sizeOf(1, wide[0] * wide[1], p, p);
  expect([w, h]).toEqual([1024, 1024]);
});

test("a picture's own size, as far as the model takes it", () => {
  const p = side();
  expect(sizeLike([853, 480], p, p)).toEqual([853, 480]);
  expect(sizeLike([853, 480], side({ step: 16 }), side({ step: 16 }))).toEqual([848, 480]);
  const [w, h] = sizeLike([6000, 4000], p, p);
  expect(w).toBeLessThanOrEqual(2048);
  expect(ratioName([w, h])).toBe("3:2");
});

test("the other side of a locked ratio stays on its steps", () => {
  expect(sideOf(side({ step: 16, minimum: 0 }), 517)).toBe(512);
  expect(sideOf(side(), 9000)).toBe(2048);
});

test("a size without a name", () => {
  expect(ratioName([1000, 610])).toBe("");
});
