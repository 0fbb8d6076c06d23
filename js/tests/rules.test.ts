import { expect, test, vi } from "vitest";
import { withPoint } from "../src/dom/decimals.ts";
import type { Parameter, Value } from "../src/kernel/messages.ts";
import { check, parse, randomSeed, stepped } from "../src/state/rules.ts";
import { parameter } from "./fake_model.ts";

// What the kernel says of a field that is empty or wrong.
const WHOLE = "A whole number, 1 to 50";
const NUMBER = "A number, 0 to 10";
const SEED = "A whole number, 0 or more";
const CHOOSE = "Choose a file";

const whole = { kind: "range", integer: true, minimum: 1, maximum: 50, step: 1, expected: WHOLE } as const;
const steps = parameter("steps", whole);
const scale = parameter("scale", {
  kind: "range",
  minimum: 0,
  maximum: 10,
  step: 0.1,
  decimals: 1,
  expected: NUMBER,
});
const seed = parameter("seed", { kind: "number", integer: true, minimum: 0, role: "seed", expected: SEED });
const many = { kind: "file", multiple: true, max_files: 2, required: true, expected: CHOOSE } as const;
const files = parameter("files", many);

const cases: [Parameter, Value, string | null][] = [
  [steps, 20, null],
  [steps, null, null],
  [steps, 0, WHOLE],
  [steps, 51, WHOLE],
  [steps, 2.5, WHOLE],
  [steps, "abc", WHOLE],
  [steps, "20 steps", WHOLE],
  [scale, 3.5, null],
  [scale, 10.1, NUMBER],
  [seed, "7350148318", null],
  [seed, "99999999999999999999", null],
  [seed, "-1", SEED],
  [seed, "7350148318x", SEED],
  [{ ...seed, integer: false, kind: "text" }, "any text", null],
  [{ ...seed, maximum: 4294967295 }, "4294967296", SEED],
  [{ ...steps, required: true }, null, WHOLE],
  [parameter("prompt", { required: true, expected: "empty" }), "", "empty"],
  [parameter("prompt"), "", null],
  [parameter("mode", { kind: "select", options: [{ value: "a", label: "A" }] }), "not listed", null],
  [files, [], CHOOSE],
];

test.each(cases)("%o with %o says %o", (p, value, sentence) => {
  expect(check(p, value)).toBe(sentence);
});

test("more files than allowed are named", () => {
  const ref = { id: "1", name: "a", mime: "", size: 1, url: null, facts: "" };
  expect(check(files, [ref, ref])).toBeNull();
  expect(check(files, [ref, ref, ref])).toBe("At most 2 files");
  expect(check({ ...files, multiple: false }, [ref, ref])).toBe("One file only");
});

const typed: [Parameter, string, unknown][] = [
  [steps, " 20 ", 20],
  [steps, "", null],
  [steps, "abc", "abc"],
  [scale, "3.5", 3.5],
  [scale, ".5", 0.5],
  [scale, "1e1", 10],
  [scale, "20.", 20],
  [steps, "9007199254740993", "9007199254740993"],
  [seed, "7350148318", "7350148318"],
  [seed, "", null],
  [parameter("prompt"), " spaces stay ", " spaces stay "],
];

test.each(typed)("typed into %o, %o travels as %o", (p, words, value) => {
  expect(parse(p, words)).toBe(value);
});

const languages: [string, string, string][] = [
  ["de-DE", "0,5", "0.5"],
  ["de-DE", "-1,5", "-1.5"],
  ["de-DE", "1.000,5", "1000.5"],
  ["de-DE", "1.000.000,5", "1000000.5"],
  ["fr-FR", "1\u202f000,5", "1000.5"],
  ["fr-FR", "1 000,5", "1000.5"],
  ["tr-TR", "0,", "0."],
  ["ja-JP", "\uff10\uff0e\uff15", "0.5"],
  ["de-DE", "0.5", "0.5"],
  ["de-DE", "1.5,5", "1.5,5"],
  ["de-DE", "1,5,5", "1,5,5"],
  ["de-DE", "1,000.5", "1,000.5"],
  ["en-US", "0,5", "0,5"],
  ["en-US", "1,000", "1,000"],
  ["", "0,5", "0,5"],
  ["no language!", "0,5", "0,5"],
];

test.each(languages)("where the language is %o, %o is %o", (language, words, number) => {
  expect(withPoint(words, [language])).toBe(number);
});

test.each([
  ["en-US", "de", scale, 0.5, null],
  ["de-DE", "", scale, 0.5, null],
  ["en-US", "en", scale, "0,5", `${NUMBER}; decimals with a point, as in 0.5`],
  ["en-US", "en", steps, "0,5", `${WHOLE}, without a comma`],
] as const)("a comma in %o on a page in %o", (language, lang, p, value, sentence) => {
  vi.stubGlobal("navigator", { language });
  vi.stubGlobal("document", { documentElement: { lang } });
  expect(parse(p, "0,5")).toBe(value);
  expect(check(p, value)).toBe(sentence);
  vi.unstubAllGlobals();
});

test("a step leaves no binary noise and stays inside the bounds", () => {
  expect(stepped(scale, 0.2, 1)).toBe(0.3);
  expect(stepped(scale, 9.95, 1)).toBe(10);
  expect(stepped(steps, 1, -10)).toBe(1);
});

test("a random seed stays inside the bounds and is exact as a double", () => {
  expect(randomSeed(seed, () => 0)).toBe("0");
  expect(Number.isSafeInteger(Number(randomSeed(seed, () => 0.999999999)))).toBe(true);
  expect(randomSeed({ ...seed, minimum: 5, maximum: 6 }, () => 0.99)).toBe("6");
});

test.each([
  ["any", '{"a": 1}', true],
  ["any", "[1, 2", false],
  ["object", "[1]", false],
  ["object", '{"a": 1}', true],
  ["list", "one\ntwo", true], // lines are a list too
  ["list", '{"a": 1}, {"a": 2}', true], // and so are its items without brackets
  ["list", "[1,]", false],
] as const)("JSON of shape %s: %s", (json, typed, fits) => {
  expect(check(parameter("x", { kind: "textarea", json }), typed) === null).toBe(fits);
});
