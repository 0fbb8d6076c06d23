import type { Down, Row } from "./messages.ts";

type Receive = (message: Down, buffers: BlobPart[]) => void;

/** Unpacks rows that came compressed; since that takes a moment, what comes meanwhile waits its turn. */
export function inbox(receive: Receive): (message: Down, buffers?: BlobPart[]) => void {
  let waiting = 0;
  let last = Promise.resolve();
  return (message, buffers = []) => {
    const packed = "rows" in message && buffers[0];
    if (!packed && !waiting) {
      receive(message, buffers);
      return;
    }
    waiting++;
    last = last
      .then(async () => {
        if (packed) message.rows = await unpacked(packed);
        receive(message, buffers);
      })
      .catch(() => {}) // the next message finds a gap, and a snapshot is asked for
      .then(() => {
        waiting--;
      });
  };
}

function unpacked(packed: BlobPart): Promise<Row[]> {
  const rows = new Response(packed as BodyInit).body?.pipeThrough(new DecompressionStream("deflate"));
  return new Response(rows).json();
}
