import { h } from "../dom/dom.ts";
import type { Output } from "../kernel/messages.ts";
import type { Store } from "../state/store.ts";

/** Hands an output to the browser's own download; returns why not when it cannot be had. */
export async function saveOutput(store: Store, output: Output): Promise<string> {
  const original = await store.originals.get(output.id);
  if (typeof original === "string") return original;
  h("a", { href: original.url, download: output.name }).click();
  return "";
}
