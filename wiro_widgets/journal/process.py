"""Which process began a run, and whether it still lives: a system gives the number of an ended process to a new one."""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime, timedelta
from typing import Final

import psutil

from wiro_widgets.journal.row import JournalRow

ORPHANED_AFTER: Final = timedelta(hours=1)  # if start times cannot be compared
_ENDED: Final = (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
_SAME_START: Final = 0.05  # seconds; systems count starts in hundredths

# The journal rows of the Runs that this process is sending, whichever of its clients sends them.
sending: set[str] = set()


def is_attended(row: JournalRow) -> bool:
    """Return True if this process is sending the Run, or another one began it that lives here or is connected.

    Nobody attends a task that succeeded.
    """
    if row.pid is None or row.outcome == "succeeded":
        return False  # outputs that are still to come are fetched by whoever asks for them
    if row.is_connected:
        return True
    if row.host != platform.node():
        return False
    if row.pid == os.getpid():
        return row.id in sending
    return owner_is_alive(row.pid, row.born, row.intent_at)


def is_abandoned(row: JournalRow) -> bool:
    """Return True if the run became no task for certain: it waited to be sent again, and nobody sends it any more."""
    return row.is_waiting and not is_attended(row)


def is_alive(pid: int) -> bool:
    """Return True if a process with this number exists and has not ended; True if the system does not say."""
    try:
        return pid > 0 and psutil.Process(pid).status() not in _ENDED
    except psutil.NoSuchProcess:
        return False
    except (psutil.Error, OSError):
        return True


def start_time(pid: int) -> str | None:
    """Return when a process started, in seconds as text; None if there is no such process or the system does not say.

    On Linux the seconds count from boot: the time of day that psutil gives moves when the clock is set.
    """
    try:
        boot = psutil.boot_time() if sys.platform == "linux" else 0.0
        return f"{psutil.Process(pid).create_time() - boot:.2f}"
    except (psutil.Error, OSError, ValueError, RuntimeError):
        return None


def owner_is_alive(pid: int, started: str | None, since: datetime) -> bool:
    """Return True if the process that began a run still lives; `started` is its `start_time`, `since` when it began it.

    If start times cannot be compared, any process with the number counts until `ORPHANED_AFTER` has passed.
    """
    if not is_alive(pid):
        return False
    current = start_time(pid)
    try:
        if started is not None and current is not None:
            return abs(float(started) - float(current)) < _SAME_START
    except ValueError:
        pass  # written by an earlier version, which noted Linux's boot id and clock ticks
    return datetime.now(UTC) - since < ORPHANED_AFTER
