"""What a terminal is shown: text from the network may not move its cursor or rename its window."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return the text with its control characters blanked; lines stay lines."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else " " for letter in text)
