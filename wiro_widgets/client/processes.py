"""Whether another process of this machine is still there."""

from __future__ import annotations

import os


def is_alive(pid: int) -> bool:
    """Tell whether there is such a process; where that cannot be asked without harm it is taken to be alive."""
    if pid == os.getpid() or os.name == "nt":  # on Windows os.kill would end it
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True
