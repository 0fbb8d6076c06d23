"""The SQLite journal, the history over it, and its tables."""
