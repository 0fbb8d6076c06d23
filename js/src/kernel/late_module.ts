import type { ModuleName } from "./messages.ts";

interface Kernel {
  ask(question: { type: "module"; name: ModuleName }): Promise<{ text?: string }>;
}

const loads = new WeakMap<Kernel, Map<ModuleName, Promise<unknown>>>();

/** A module that the kernel sends when it is first needed: a bundle has no room for what few panels show. */
export function lateModule<T>(kernel: Kernel, name: ModuleName): Promise<T | null> {
  const own = loads.get(kernel) ?? new Map();
  loads.set(kernel, own);
  const load = own.get(name) ?? fetchModule(kernel, name);
  own.set(name, load);
  // What did not come is asked for again the next time.
  void load.then((got: unknown) => got || own.delete(name));
  return load;
}

async function fetchModule(kernel: Kernel, name: ModuleName): Promise<unknown> {
  const { text } = await kernel.ask({ type: "module", name });
  if (!text) return null;
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  try {
    return await import(url);
  } catch {
    return null; // a host may forbid it; what the module would draw stays plain
  } finally {
    URL.revokeObjectURL(url);
  }
}
