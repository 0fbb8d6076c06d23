"""HTTP, the task socket and downloads; knows no task."""
