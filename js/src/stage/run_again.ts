import type { Store } from "../state/store.ts";

/** Runs with what the controls say, but for the seed; returns why not when it cannot be. */
export function rerun(store: Store, seed: string | null): string {
  const parameter = store.values.parameters.find((p) => p.role === "seed");
  if (!parameter || seed === null) return "";
  const wrong = store.values.parameters.find((p) => store.values.ownProblem(p) !== null);
  if (wrong && wrong !== parameter) return "Something in the controls needs attention first.";
  store.values.edit(parameter.id, seed);
  store.start();
  return "";
}
