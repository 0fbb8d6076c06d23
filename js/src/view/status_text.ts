import { GONE } from "../kernel/strings.ts";
import type { Store } from "../state/store.ts";

export function statusWord(store: Store): string {
  if (store.link.state === "lost") return "No kernel";
  if (store.stopping) return "Stopping";
  return store.runs.submitting ? "Submitting" : (store.run?.word ?? "Ready");
}

/** What a screen reader is told when the status changes; never the log, never each step. */
export function announcement(store: Store): string {
  if (store.link.state === "lost") return GONE;
  if (store.runs.submitting) return "Submitting";
  const { run } = store;
  const which = run?.said && store.runs.list.length > 1 ? `Run ${run.number}: ` : "";
  return which + (run?.said ?? "");
}
