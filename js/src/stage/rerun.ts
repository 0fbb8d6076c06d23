import type { Store } from "../store.ts";

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

/** The seed after this run's: it may be longer than a double is exact. Null where there is none. */
export function nextSeed({ run, values }: Store): string | null {
  const parameter = values.parameters.find((p) => p.role === "seed");
  if (!parameter || !/^\d+$/.test(run?.seed ?? "")) return null;
  const next = BigInt(run?.seed ?? "") + 1n;
  const { maximum } = parameter;
  return maximum !== null && next > BigInt(Math.floor(maximum)) ? null : String(next);
}
