import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

const SRC = resolve(import.meta.dirname, "../src");
// From the bottom up: a room imports itself and the rooms before it; the widgets stand at the top.
const ORDER = [
  "dom",
  "kernel",
  "state",
  "view",
  "controls",
  "log",
  "viewer",
  "stage",
  "panel/late",
  "panel",
  "styles",
  "gallery",
  "gallery/large",
  "gallery/actions",
];
const MAX_FILES = 15; // of a folder

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((name) =>
  /\.(ts|css)$/.test(name),
);
const sources = files.filter((name) => name.endsWith(".ts"));

/** Every import of ours: type-only ones, re-exports and dynamic ones count. */
function imports(name) {
  const text = readFileSync(join(SRC, name), "utf8");
  return [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map(([, path]) =>
    relative(SRC, resolve(SRC, dirname(name), path ?? "")),
  );
}

function place(name) {
  return name.includes("/") ? ORDER.indexOf(dirname(name)) : ORDER.length;
}

/** The first circle that can be reached from a file, as the files along it. */
function circle(arrows) {
  const done = new Set();
  const visit = (name, path) => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
    if (done.has(name)) return [];
    for (const next of arrows.get(name) ?? []) {
      const ring = visit(next, [...path, name]);
      if (ring.length > 0) return ring;
    }
    done.add(name);
    return [];
  };
  for (const name of arrows.keys()) {
    const ring = visit(name, []);
    if (ring.length > 0) return ring;
  }
  return [];
}

test("every folder is a room of the order", () => {
  const rooms = new Set(files.filter((name) => name.includes("/")).map((name) => dirname(name)));
  expect([...rooms].sort()).toEqual([...ORDER].sort());
});

test("rooms import in one order", () => {
  const up = sources.flatMap((name) =>
    imports(name)
      .filter((target) => place(target) > place(name))
      .map((target) => `${name} imports ${target}`),
  );
  expect(up).toEqual([]);
});

test("no circle of files", () => {
  expect(circle(new Map(sources.map((name) => [name, imports(name)])))).toEqual([]);
});

test("the circle finder finds a circle", () => {
  const arrows = { a: ["b"], b: ["c"], c: ["d", "b"], d: [] };
  expect(circle(new Map(Object.entries(arrows)))).toEqual(["b", "c", "b"]);
});

test("keys are heard through dom/keys.ts alone, which leaves those of input methods", () => {
  const raw = /["'`](keydown|keyup|keypress)["'`]|\bonkey(down|up|press)\b|\.keyCode\b|\bisComposing\b/;
  const users = sources.filter((name) => raw.test(readFileSync(join(SRC, name), "utf8")));
  expect(users).toEqual(["dom/keys.ts"]);
});

test("a folder has at most fifteen files, and a name stands for one file", () => {
  const counts = new Map();
  for (const name of files) counts.set(dirname(name), (counts.get(dirname(name)) ?? 0) + 1);
  expect([...counts].filter(([, count]) => count > MAX_FILES)).toEqual([]);
  const names = sources.map((name) => name.split("/").at(-1));
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
});
