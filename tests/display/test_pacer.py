"""What is drawn live is drawn in turn, and seldom."""

import logging
import os
import threading
import time
from collections.abc import Callable

import pytest

from tests.sandbox_clients import wait_for
from wiro_widgets.display import pacer as pacer_module
from wiro_widgets.display.pacer import Pacer


class Counting:
    """A drawing that always changes."""

    def __init__(self, after: Callable[[], None] = lambda: None) -> None:
        self.count = 0
        self._after = after

    def refresh(self) -> bool:
        """Count."""
        self.count += 1
        self._after()
        return True


class Quiet(Counting):
    """A drawing that never changes."""

    def refresh(self) -> bool:
        """Count, and draw nothing."""
        return not super().refresh()


def _is_over(pacer: Pacer) -> bool:
    return pacer._thread is None


def test_all_together_keep_the_pace() -> None:
    """A hundred drawings that change all the time send five updates a second together, each in its turn."""
    pacer, drawings, times = Pacer(), [], list[float]()
    with pacer._condition:  # none is drawn before all are there: alone, one has every turn
        for _ in range(100):
            drawings.append(Counting(lambda: times.append(time.monotonic())))
            pacer.add(drawings[-1])
    wait_for(lambda: len(times) >= 6)
    for drawing in drawings:
        pacer.remove(drawing)
    assert len(times) / 5 <= times[-1] - times[0] + 0.2 + 0.01
    assert max(drawing.count for drawing in drawings) == 1


def test_a_quiet_drawing_takes_no_turn() -> None:
    """What has not changed lets the others go first."""
    pacer, quiet, busy = Pacer(0.005), Quiet(), Counting()
    pacer.add(quiet)
    pacer.add(busy)
    wait_for(lambda: busy.count >= 10)
    pacer.remove(quiet)
    pacer.remove(busy)
    assert quiet.count >= 5


def test_a_broken_drawing_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged once, and the others go on."""
    pacer, broken, busy = Pacer(0.005), Counting(lambda: 1 / 0), Counting()  # type: ignore[arg-type]
    with caplog.at_level(logging.ERROR):
        pacer.add(broken)
        pacer.add(busy)
        wait_for(lambda: busy.count >= 10)
        pacer.remove(busy)
    assert broken.count == 1
    assert caplog.text.count("A live display failed") == 1


def test_the_thread_ends_with_the_last_drawing_and_begins_anew() -> None:
    """Nothing runs while nothing is drawn."""
    pacer, threads = Pacer(0.005), set[threading.Thread]()
    for _ in range(2):
        drawing = Counting(lambda: threads.add(threading.current_thread()))
        pacer.add(drawing)
        wait_for(lambda drawing=drawing: drawing.count >= 2)  # type: ignore[misc]
        pacer.remove(drawing)
        wait_for(lambda: _is_over(pacer))
    for thread in threads:
        thread.join(60)
    assert not threads & set(threading.enumerate())


def test_updates_outside_of_the_pace_count() -> None:
    """After several of them the next turn waits, but not for ever."""
    pacer, drawing = Pacer(0.05), Counting()
    for _ in range(1000):
        pacer.count()
    start = time.monotonic()
    pacer.add(drawing)
    wait_for(lambda: drawing.count > 0)
    pacer.remove(drawing)
    assert 0.5 < time.monotonic() - start < 30


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_has_a_pacer_of_its_own() -> None:
    """The parent's thread and its locks do not exist in the child."""
    drawing = Counting()
    pacer_module.pacer().add(drawing)
    wait_for(lambda: drawing.count >= 1)
    pid = os.fork()
    if pid == 0:
        own = Counting()
        pacer_module.pacer().add(own)
        deadline = time.monotonic() + 5
        while own.count == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        os._exit(0 if own.count else 1)
    _, status = os.waitpid(pid, 0)
    pacer_module.pacer().remove(drawing)
    assert os.waitstatus_to_exitcode(status) == 0
