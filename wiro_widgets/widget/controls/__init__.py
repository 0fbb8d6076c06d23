"""The state of a form, and its changes."""
