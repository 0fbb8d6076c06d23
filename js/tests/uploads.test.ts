import { expect, test, vi } from "vitest";
import type { FileMessage } from "../src/kernel/messages.ts";
import { CHUNK, Uploads } from "../src/state/uploads.ts";

function start(alive = true) {
  const sent: [offset: number, bytes: number][] = [];
  const uploads = new Uploads(
    (message: Omit<FileMessage, "rev">, bytes: ArrayBuffer) => {
      sent.push([message.offset, bytes.byteLength]);
      return alive;
    },
    () => {},
  );
  const answer = (received: number, error: string | null = null) =>
    uploads.answer({
      v: 1,
      type: "reply",
      to: "",
      rev: 1,
      error,
      upload: uploads.of("image")[0]?.id ?? "",
      received,
    });
  return { uploads, sent, answer };
}

const file = (size: number) => new File([new Uint8Array(size)], "a.png", { type: "image/png" });

test("a small file is one chunk", async () => {
  const { uploads, sent, answer } = start();
  uploads.start("image", file(10));
  await vi.waitFor(() => expect(sent).toEqual([[0, 10]]));
  answer(10);
  expect(uploads.busy).toBe(false);
});

test("an empty file is one empty chunk", async () => {
  const { uploads, sent, answer } = start();
  uploads.start("image", file(0));
  await vi.waitFor(() => expect(sent).toEqual([[0, 0]]));
  answer(0);
  expect(uploads.of("image")).toEqual([]);
});

test("chunks run four ahead of what the kernel has, in order", async () => {
  const { uploads, sent, answer } = start();
  uploads.start("image", file(6 * CHUNK + 5));
  await vi.waitFor(() => expect(sent).toHaveLength(4));
  answer(CHUNK);
  answer(2 * CHUNK);
  answer(3 * CHUNK);
  await vi.waitFor(() => expect(sent).toHaveLength(7));
  expect(sent.map(([offset]) => offset / CHUNK)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(sent.at(-1)).toEqual([6 * CHUNK, 5]);
});

test("the kernel's refusal stops the file and stays to be read", async () => {
  const { uploads, sent, answer } = start();
  uploads.start("image", file(6 * CHUNK));
  await vi.waitFor(() => expect(sent).toHaveLength(4));
  answer(CHUNK, "Too large");
  expect(uploads.of("image")[0]?.error).toBe("Too large");
  expect(uploads.busy).toBe(false);
});

test("a kernel that is gone is told at the file", async () => {
  const { uploads } = start(false);
  uploads.start("image", file(10));
  await vi.waitFor(() => expect(uploads.of("image")[0]?.error).toContain("run the cell again"));
});

test("a file that is known not to fit is never sent", async () => {
  const { uploads, sent } = start();
  uploads.start("image", file(10), "This is not an image");
  await Promise.resolve();
  expect(sent).toEqual([]);
});

test("a removed file stops being sent", async () => {
  const { uploads, sent, answer } = start();
  uploads.start("image", file(9 * CHUNK));
  await vi.waitFor(() => expect(sent).toHaveLength(4));
  uploads.remove(uploads.of("image")[0]?.id ?? "");
  answer(CHUNK);
  expect(sent).toHaveLength(4);
});
