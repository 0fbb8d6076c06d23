import type { ModuleMessage } from "./messages.ts";

interface Kernel {
  ask(question: { type: "module"; name: ModuleMessage["name"] }): Promise<{ text?: string }>;
}

/** A module that the kernel sends when it is first needed: a bundle has no room for what few panels show. */
export async function lateModule<T>(kernel: Kernel, name: ModuleMessage["name"]): Promise<T | null> {
  const { text } = await kernel.ask({ type: "module", name });
  if (!text) return null;
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  try {
    return (await import(url)) as T;
  } catch {
    return null; // a host may forbid it; what the module would draw stays plain
  } finally {
    URL.revokeObjectURL(url);
  }
}
