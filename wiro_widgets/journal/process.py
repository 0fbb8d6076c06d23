"""Which process began a run, and whether that very one is still there: numbers of processes are given out again."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

_STARTED: Final = 19  # the place of the start time in what `_stat` gives
ORPHANED_AFTER: Final = timedelta(hours=1)  # where a process cannot be told from a later one with its number

if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _MAY_ASK, _STILL_ACTIVE, _ACCESS_DENIED = 0x1000, 259, 5

    def is_alive(pid: int) -> bool:
        """Tell whether there is such a process; os.kill would end it here."""
        if pid == os.getpid():
            return True
        if not 0 < pid < 2**32:
            return False
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.OpenProcess.argtypes = (wintypes.DWORD, wintypes.BOOL, wintypes.DWORD)
        kernel.OpenProcess.restype = wintypes.HANDLE
        kernel.GetExitCodeProcess.argtypes = (wintypes.HANDLE, wintypes.LPDWORD)
        kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
        handle = kernel.OpenProcess(_MAY_ASK, False, pid)
        if not handle:
            return bool(ctypes.get_last_error() == _ACCESS_DENIED)
        code = wintypes.DWORD()
        told = kernel.GetExitCodeProcess(handle, ctypes.byref(code))
        kernel.CloseHandle(handle)
        return not told or code.value == _STILL_ACTIVE

else:

    def is_alive(pid: int) -> bool:
        """Tell whether there is a process with this number that has not ended."""
        if pid <= 0:
            return False  # os.kill would ask a whole group
        try:
            os.kill(pid, 0)
        except (ProcessLookupError, OverflowError):
            return False
        except OSError:
            return True
        return _stat(pid)[:1] not in (["Z"], ["X"])  # whose parent has not asked for its exit code


def birth(pid: int) -> str | None:
    """Return what tells a process from a later one with its number: boot and start time; None but on Linux."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    told = _stat(pid)
    return f"{boot} {told[_STARTED]}" if len(told) > _STARTED else None


def _stat(pid: int) -> list[str]:
    """Return what Linux tells of a process, from its state on; nothing elsewhere."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return []
    return status.rpartition(")")[2].split()  # the name before it may hold anything


def looks_after(pid: int, born: str | None, since: datetime) -> bool:
    """Tell whether the process that began a run at that time is still there.

    Without a start time to compare, as on macOS and Windows, a living one counts for `ORPHANED_AFTER`.
    """
    if not is_alive(pid):
        return False
    now = birth(pid)
    if born is not None and now is not None:
        return born == now
    return datetime.now(UTC) - since < ORPHANED_AFTER
