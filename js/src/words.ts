import type { Store } from "./store.ts";

export const GONE = "The kernel was restarted or is gone: run the cell again.";
export const GOES_ON = "The task that was under way goes on; client.history.unfinished() finds it.";
export const QUIET =
  "No answer from the kernel yet. It may be busy; if it was restarted, run the cell again.";

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
