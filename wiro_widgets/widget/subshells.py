"""Lets a panel be heard while a cell is busy, where the kernel has subshells."""

from __future__ import annotations

from typing import Any


def hear_while_busy(comm: Any) -> None:
    """Have this comm's messages come on the subshell that the page chose.

    ipykernel 7.1 to 7.3 do so; 7.4 sends them to the loop that last spoke, which is the main one, so that Stop would
    wait for the cell that waits for the task. A panel only hands messages over, so any thread will do for it. Other
    kernels have no such attribute, and are left as they are.
    """
    if callable(getattr(comm, "_reply_subshell_for", None)):
        comm._reply_subshell_for = _as_the_page_chose  # noqa: SLF001 - there is no public way (ipykernel 7.4 comm.py)


def _as_the_page_chose(_data: object, chosen: str | None) -> str | None:
    return chosen
