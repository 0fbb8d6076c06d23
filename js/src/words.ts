import { count, seconds } from "./format.ts";
import type { Run, Status } from "./messages.ts";
import type { Store } from "./store.ts";

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
  if (store.stopping && store.active) return "Stopping";
  const { status, run } = store;
  return status === "succeeded" && run ? `Done · ${seconds(run.elapsed)}` : WORDS[status];
}

/** What a screen reader is told when the status changes; never the log, never each step. */
export function announcement(store: Store): string {
  const { status, run } = store;
  if (status === "idle") return "";
  if (status === "succeeded" && run) return `Done in ${seconds(run.elapsed)}. ${resultWords(run)}`.trim();
  if (status === "failed" && run?.notice) return `Failed. ${run.notice.title}`;
  return WORDS[status];
}

export function resultWords(run: Run): string {
  if (run.outputs.length === 0) return run.text ? "The answer is shown." : "";
  const pictures = run.outputs.every((output) => output.content_type.startsWith("image/"));
  return count(run.outputs.length, pictures ? "picture" : "file");
}
