export const GONE = "The kernel was restarted or is gone: run the cell again.";
export const GOES_ON = "The task that was under way goes on; client.history.unfinished() finds it.";
export const QUIET =
  "No answer from the kernel yet. It may be busy; if it was restarted, run the cell again.";
