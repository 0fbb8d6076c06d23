"""Text from the network is made safe for a terminal: it must not move the cursor or rename the window."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return the text with a blank for each control character except newline and tab."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else " " for letter in text)
