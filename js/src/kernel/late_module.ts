import type { ModuleMessage } from "./messages.ts";
import type { Questions } from "./questions.ts";

/** A module that the kernel sends when it is first needed: a bundle has no room for what few panels show. */
export async function lateModule<T>(questions: Questions, name: ModuleMessage["name"]): Promise<T | null> {
  const { text } = await questions.ask({ type: "module", name });
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
