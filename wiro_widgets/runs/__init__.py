"""One run, from the call to the closed journal row."""
