import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from wiro_widgets.journal import process as processes
from wiro_widgets.journal.process import ORPHANED_AFTER, birth, is_alive, looks_after

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells when a process began")


def gone() -> int:
    """Return the number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_living_and_ended_processes() -> None:
    """This process lives, one that ended does not, and numbers that no process has do not either."""
    assert [is_alive(pid) for pid in (os.getpid(), gone(), 0, -1, 2**70)] == [True, *[False] * 4]


@needs_proc
def test_a_process_that_nobody_has_buried_is_gone() -> None:
    """A process that was killed does not live, also before its parent has asked for its exit code."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with process:
        assert is_alive(process.pid)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not is_alive(process.pid)


@needs_proc
def test_a_process_has_one_birth() -> None:
    """The birth of a process is always the same, that of process 1 is another, and nobody's is unknown."""
    assert birth(os.getpid()) == birth(os.getpid()) != birth(1)
    assert birth(gone()) is None


@needs_proc
def test_a_reused_number_is_another_process() -> None:
    """A process that has the number of the one that began a run does not look after it; the same one does."""
    now = datetime.now(UTC)
    assert looks_after(os.getppid(), birth(os.getppid()), now - timedelta(days=9))
    assert not looks_after(os.getppid(), "another-boot 17", now)


def test_without_births_time_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no system tells births, a living process looks after young runs alone."""
    monkeypatch.setattr(processes, "birth", lambda _pid: None)
    now = datetime.now(UTC)
    assert looks_after(os.getppid(), None, now)
    assert not looks_after(os.getppid(), None, now - ORPHANED_AFTER)
    assert not looks_after(gone(), None, now)
