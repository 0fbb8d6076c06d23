import { expect, test } from "vitest";
import { HEIGHT, LINE, visible } from "../src/log/window.ts";

test("the window holds the rows in sight and one more", () => {
  expect(visible(0, 10_000)).toEqual({ from: 0, to: HEIGHT / LINE + 1 });
  expect(visible(50 * LINE, 10_000)).toEqual({ from: 50, to: 50 + HEIGHT / LINE + 1 });
});

test("at the end the last row is the last node", () => {
  expect(visible(10_000 * LINE - HEIGHT, 10_000)).toEqual({ from: 10_000 - HEIGHT / LINE, to: 10_000 });
});

test("a few rows are all shown, wherever the window was", () => {
  expect(visible(4_000, 3)).toEqual({ from: 0, to: 3 });
  expect(visible(-200, 0)).toEqual({ from: 0, to: 0 });
});
