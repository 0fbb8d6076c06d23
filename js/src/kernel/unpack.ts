import type { Down, Row } from "./messages.ts";

type Receive = (message: Down, buffers: BlobPart[]) => void;

/** Unpacks rows that came compressed; since that takes a moment, what comes meanwhile waits its turn. */
export function unpackInOrder(receive: Receive): (message: Down, buffers?: BlobPart[]) => void {
  let waiting = 0;
  let last = Promise.resolve();
  return (message, buffers = []) => {
    const compressed = "rows" in message && buffers[0];
    if (!compressed && !waiting) {
      receive(message, buffers);
      return;
    }
    waiting++;
    last = last
      .then(async () => {
        if (compressed) message.rows = await decompress(compressed);
        receive(message, buffers);
      })
      .catch(() => {}) // the next message finds a gap, and a snapshot is asked for
      .then(() => {
        waiting--;
      });
  };
}

function decompress(compressed: BlobPart): Promise<Row[]> {
  const rows = new Response(compressed as BodyInit).body?.pipeThrough(new DecompressionStream("deflate"));
  return new Response(rows).json();
}
