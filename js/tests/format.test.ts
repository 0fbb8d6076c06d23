import { expect, test } from "vitest";
import { safeUrl } from "../src/dom/dom.ts";
import { bytes, count, seconds } from "../src/dom/format.ts";
import { schemeOf } from "../src/dom/theme.ts";

test("seconds have tenths once they stand still", () => {
  expect(seconds(18.24)).toBe("18.2 s");
  expect(seconds(18.94, true)).toBe("18 s");
  expect(seconds(125)).toBe("2 min 05 s");
  expect(seconds(-0.2)).toBe("0.0 s");
});

test("bytes are told in the unit a person would use", () => {
  expect(bytes(0)).toBe("0 B");
  expect(bytes(202_472)).toBe("202 kB");
  expect(bytes(2_345_678)).toBe("2.3 MB");
  expect(bytes(999_999)).toBe("1.0 MB");
});

test("one is singular, thousands have commas", () => {
  expect(count(1, "picture")).toBe("1 picture");
  expect(count(10_000, "line")).toBe("10,000 lines");
});

test("only encrypted, own and loopback addresses may be followed", () => {
  expect(safeUrl("https://cdn1.wiro.ai/a/0.png")).toBe("https://cdn1.wiro.ai/a/0.png");
  expect(safeUrl("http://127.0.0.1:8000/0.png")).toBe("http://127.0.0.1:8000/0.png");
  expect(safeUrl("http://example.com/0.png")).toBeNull();
  expect(safeUrl("javascript:alert(1)")).toBeNull();
  expect(safeUrl("data:text/html,hi")).toBeNull();
  expect(safeUrl("not an address")).toBeNull();
});

test("a computed background tells its colour scheme", () => {
  expect(schemeOf("rgb(33, 33, 33)")).toBe("dark");
  expect(schemeOf("rgba(255, 255, 255, 1)")).toBe("light");
  expect(schemeOf("color(srgb 0 0 0)")).toBeNull();
});
