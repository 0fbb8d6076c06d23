"""The messages between kernel and browser."""
