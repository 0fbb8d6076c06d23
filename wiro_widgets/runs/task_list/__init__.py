"""Wiro's list of tasks: read page by page, and taken into the history."""
