import { count, dollars, seconds } from "./format.ts";
import type { Run, RunSummary, Status } from "./messages.ts";
import type { Store } from "./store.ts";

export const GONE = "The kernel was restarted or is gone: run the cell again.";
export const GOES_ON = "The task that was under way goes on; client.history.unfinished() finds it.";
export const QUIET =
  "No answer from the kernel yet. It may be busy; if it was restarted, run the cell again.";

const WORDS: Record<Status, string> = {
  idle: "Ready",
  submitting: "Submitting",
  queued: "Queued",
  running: "Running",
  finishing: "Finishing",
  succeeded: "Done",
  failed: "Failed",
  cancelled: "Stopped",
  unknown: "Outcome unknown",
};

export function statusWord(store: Store): string {
  if (store.link.state === "lost") return "No kernel";
  if (store.stopping) return "Stopping";
  const { status, run } = store;
  return status === "succeeded" && run ? `Done · ${seconds(run.elapsed)}` : WORDS[status];
}

/** What a line in the list of runs says of its run. */
export function summaryWords(run: RunSummary, stopping: boolean): string {
  if (stopping) return "Stopping";
  if (run.status === "running" && run.progress !== null) return `${Math.round(run.progress * 100)}%`;
  if (run.status !== "succeeded" || run.cost === null) return WORDS[run.status];
  return run.cost === 0 ? "Free" : dollars(run.cost);
}

/** What a screen reader is told when the status changes; never the log, never each step. */
export function announcement(store: Store): string {
  if (store.link.state === "lost") return GONE;
  const { status, run } = store;
  if (status === "idle") return "";
  const which = run && store.runs.list.length > 1 && status !== "submitting" ? `Run ${run.number}: ` : "";
  return which + outcome(status, run);
}

function outcome(status: Status, run: Run | null): string {
  if (status === "succeeded" && run) return `Done in ${seconds(run.elapsed)}. ${resultWords(run)}`.trim();
  if (status === "failed" && run?.notice) return `Failed. ${run.notice.title}`;
  return WORDS[status];
}

export function resultWords(run: Run): string {
  if (run.text) return "The answer is shown.";
  if (run.outputs.length === 0) return "";
  const pictures = run.outputs.every((output) => output.content_type.startsWith("image/"));
  return count(run.outputs.length, pictures ? "picture" : "file");
}
