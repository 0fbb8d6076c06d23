import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { PictureFacts } from "../src/kernel/messages.ts";
import { Pictures } from "../src/state/pictures.ts";

const alive = new Set<string>();

function message(role: PictureFacts["role"], id: string): PictureFacts {
  return { id, role, name: id, mime: "image/png", width: 1, height: 1 };
}

beforeEach(() => {
  alive.clear();
  let count = 0;
  vi.stubGlobal("URL", {
    createObjectURL: () => {
      const url = `blob:${count++}`;
      alive.add(url);
      return url;
    },
    revokeObjectURL: (url: string) => alive.delete(url),
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

test("a picture that comes again takes the place of the first", () => {
  const pictures = new Pictures();
  pictures.take(message("thumb", "a"), "1");
  pictures.take(message("thumb", "a"), "2");
  expect([...alive]).toEqual([pictures.get("thumb", "a")?.url]);
});

test("what is wanted stays, and of the rest the newest", () => {
  const pictures = new Pictures();
  for (const id of ["a", "b", "c", "d"]) pictures.take(message("full", id), id);
  pictures.take(message("thumb", "a"), "a");
  pictures.prune("full", new Set(["a"]), 1);
  expect(["a", "b", "c", "d"].map((id) => pictures.get("full", id) !== undefined)).toEqual([
    true,
    false,
    false,
    true,
  ]);
  expect(alive.size).toBe(3);
});

test("closing frees every one", () => {
  const pictures = new Pictures();
  for (const role of ["thumb", "full", "preview"] as const) pictures.take(message(role, "a"), "1");
  pictures.clear();
  expect(alive.size).toBe(0);
});

test.each([
  "image/svg+xml",
  "IMAGE/SVG+XML; charset=utf-8",
  "text/html",
  "application/xhtml+xml",
  "image/anything+xml",
  "application/xml",
  "application/pdf",
  "",
])("a document (%s) has an address that only downloads it", (mime) => {
  const pictures = new Pictures();
  pictures.take({ ...message("full", "a"), mime }, "<svg/>");
  expect(pictures.get("full", "a")?.blob.type).toBe("application/octet-stream");
});

test.each(["image/png", "Image/WebP", "video/mp4", "video/webm; codecs=vp9", "audio/mpeg"])(
  "a file that runs nothing (%s) keeps its type",
  (mime) => {
    const pictures = new Pictures();
    pictures.take({ ...message("full", "a"), mime }, "1");
    expect(pictures.get("full", "a")?.blob.type).toBe(mime.split(";")[0]?.toLowerCase());
  },
);
