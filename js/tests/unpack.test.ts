import { expect, test, vi } from "vitest";
import type { Down, Reply, Row } from "../src/kernel/messages.ts";
import { unpackInOrder } from "../src/kernel/unpack.ts";
import { delta, rows } from "./fake_model.ts";

async function packed(first: number, next: number): Promise<[Down, BlobPart[]]> {
  const plain = new Response(JSON.stringify(rows(first, next))).body;
  const bytes = new Response(plain?.pipeThrough(new CompressionStream("deflate"))).arrayBuffer();
  return [{ ...delta(first, next), rows: [] }, [await bytes]];
}
const reply: Reply = { v: 1, type: "reply", to: "me", rev: 1, error: null };

function start() {
  const got: Down[] = [];
  const take = unpackInOrder((message) => got.push(message));
  return {
    got,
    take,
    first: () => got.map((one) => ("rows" in one ? one.rows.map((row: Row) => row[0]) : one.type)),
  };
}

test("what needs no unpacking is handed on at once", () => {
  const { take, first } = start();
  take(delta(0, 2));
  take(reply, []);
  expect(first()).toEqual([[0, 1], "reply"]);
});

test("rows are unpacked, and what came after them waits its turn", async () => {
  const { got, take, first } = start();
  const [some, more] = [await packed(0, 3), await packed(3, 4)];
  take(...some);
  take(reply);
  take(...more);
  take(delta(4, 5));
  expect(got).toEqual([]);
  await vi.waitFor(() => expect(got).toHaveLength(4));
  expect(first()).toEqual([[0, 1, 2], "reply", [3], [4]]);
  take(reply);
  expect(got).toHaveLength(5);
});

test("bytes that cannot be read cost their message alone", async () => {
  const { got, take, first } = start();
  take({ ...delta(0, 9), rows: [] }, [new Uint8Array([1, 2, 3])]);
  take(delta(9, 10));
  await vi.waitFor(() => expect(got).toHaveLength(1));
  expect(first()).toEqual([[9]]);
});
