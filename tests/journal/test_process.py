import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import psutil
import pytest

from wiro_widgets.journal.process import ORPHANED_AFTER, is_alive, owner_is_alive, start_time

posix_only = pytest.mark.skipif(not hasattr(os, "waitid"), reason="this system has no zombies")


def ended_pid() -> int:
    """Return the number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_living_and_ended_processes() -> None:
    """This process lives, one that ended does not, and numbers that no process has do not either."""
    assert [is_alive(pid) for pid in (os.getpid(), ended_pid(), 0, -1, 2**70)] == [True, *[False] * 4]


@posix_only
def test_a_zombie_is_not_alive() -> None:
    """A process that was killed does not live, even before its parent has asked for its exit code."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with process:
        assert is_alive(process.pid)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not is_alive(process.pid)


def test_a_process_has_one_start_time() -> None:
    """The start time of a process does not change, that of its parent is another, and an ended process has none."""
    assert start_time(os.getpid()) == start_time(os.getpid()) != start_time(os.getppid())
    assert start_time(ended_pid()) is None


def test_a_reused_number_is_another_process() -> None:
    """A process with the number of the one that began a run does not own it; the same process does."""
    now = datetime.now(UTC)
    started = start_time(os.getppid())
    assert started is not None
    assert owner_is_alive(os.getppid(), started, now - timedelta(days=9))
    assert not owner_is_alive(os.getppid(), str(float(started) - 1), now)


@pytest.mark.parametrize(
    "started", [None, "5bf4c1f4-54d3-4ac9-a4b2-77bdf3e8a3f1 812"], ids=["none", "earlier"]
)
def test_without_start_times_the_age_decides(started: str | None) -> None:
    """If no start time was noted, or one that an earlier version wrote, a living process owns young runs alone."""
    now = datetime.now(UTC)
    assert owner_is_alive(os.getppid(), started, now)
    assert not owner_is_alive(os.getppid(), started, now - ORPHANED_AFTER)
    assert not owner_is_alive(ended_pid(), started, now)


def test_a_system_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the system refuses to say anything of a process, it counts as alive until its runs are old."""

    def refuse(pid: int) -> None:
        raise psutil.AccessDenied(pid)

    monkeypatch.setattr(psutil, "Process", refuse)
    assert (is_alive(os.getppid()), start_time(os.getppid())) == (True, None)
    assert owner_is_alive(os.getppid(), "812.25", datetime.now(UTC))
    assert not owner_is_alive(os.getppid(), "812.25", datetime.now(UTC) - ORPHANED_AFTER)
