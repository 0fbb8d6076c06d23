"""Tasks: what the sandbox knows of each, and how each runs."""
