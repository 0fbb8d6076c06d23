"""The words of a run that goes on."""

import pytest

from wiro_widgets.protocol.events import Progress
from wiro_widgets.protocol.state import Status
from wiro_widgets.render import run_words

STEP = Progress(0, 0.6, 12, 20, "1.2 it/s", remaining="7s")
DOT = "\N{MIDDLE DOT}"


@pytest.mark.parametrize(
    ("value", "text"), [(0.04, "0.0 s"), (18.24, "18.2 s"), (125, "2 min 05 s"), (-0.2, "0.0 s")]
)
def test_seconds(value: float, text: str) -> None:
    """Tenths below a minute, minutes from there."""
    assert run_words.seconds(value) == text


@pytest.mark.parametrize(
    ("status", "stage", "step", "text"),
    [
        ("queued", "Queue", None, "Waiting for a worker"),
        ("running", "Prepare", None, "Preparing"),
        ("running", "Generate", None, "Generating"),
        ("running", "Generate", STEP, f"Generating {DOT} step 12 of 20"),
        ("running", None, Progress(0, 0.5), "Generating"),
        ("finishing", "Finish", STEP, "Finishing"),
    ],
)
def test_the_activity_of_a_run(status: Status, stage: str | None, step: Progress | None, text: str) -> None:
    """The stage, and the step if the model reports it."""
    assert run_words.activity(status, stage, step) == text


def test_the_pace_of_a_run() -> None:
    """Nothing, the speed, or the speed and the time left."""
    texts = [run_words.pace(step) for step in (None, Progress(0, 0.5, speed="2 it/s"), STEP)]
    assert texts == ["", "2 it/s", f"1.2 it/s {DOT} 7 s left"]


def test_counts() -> None:
    """One is singular; thousands have commas."""
    assert (run_words.count(1, "run"), run_words.count(10_000, "run")) == ("1 run", "10,000 runs")
