"""How a run stands, in words."""

import pytest

from wiro_widgets.protocol.events import Progress
from wiro_widgets.protocol.state import Status
from wiro_widgets.widget.wire import labels

STEP = Progress(0, 0.6, 12, 20, "1.2 it/s", remaining="7s")
DOT = "\N{MIDDLE DOT}"


@pytest.mark.parametrize(
    ("value", "told"), [(0.04, "0.0 s"), (18.24, "18.2 s"), (125, "2 min 05 s"), (-0.2, "0.0 s")]
)
def test_seconds(value: float, told: str) -> None:
    """Tenths below a minute, minutes from there."""
    assert labels.seconds(value) == told


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("idle", "Ready"),
        ("running", "Running"),
        ("succeeded", f"Done {DOT} 18.2 s"),
        ("cancelled", "Stopped"),
    ],
)
def test_the_word_for_a_status(status: Status, told: str) -> None:
    """One word, and the whole time of a run that is done."""
    assert labels.standing(status, 18.2) == told


@pytest.mark.parametrize(
    ("status", "fraction", "cost", "told"),
    [
        ("running", 0.42, None, "42%"),
        ("running", None, None, "Running"),
        ("queued", 0.42, None, "Queued"),
        ("succeeded", 1.0, 0.00351, "$0.00351"),
        ("succeeded", 1.0, 0.0, "Free"),
        ("succeeded", 1.0, None, "Done"),
        ("failed", None, 0.0, "Failed"),
    ],
)
def test_a_line_of_the_list(status: Status, fraction: float | None, cost: float | None, told: str) -> None:
    """How far it is, or what it cost."""
    assert labels.line(status, fraction, cost) == told


@pytest.mark.parametrize(
    ("status", "stage", "step", "told"),
    [
        ("queued", "Queue", None, "Waiting for a worker"),
        ("running", "Prepare", None, "Preparing"),
        ("running", "Generate", None, "Generating"),
        ("running", "Generate", STEP, f"Generating {DOT} step 12 of 20"),
        ("running", None, Progress(0, 0.5), "Generating"),
        ("finishing", "Finish", STEP, "Finishing"),
    ],
)
def test_what_a_run_is_at(status: Status, stage: str | None, step: Progress | None, told: str) -> None:
    """The stage, and the step where the model tells it."""
    assert labels.doing(status, stage, step) == told


def test_how_fast_it_is() -> None:
    """Nothing, the speed, or both with the time that is left."""
    told = [labels.pace(step) for step in (None, Progress(0, 0.5, speed="2 it/s"), STEP)]
    assert told == ["", "2 it/s", f"1.2 it/s {DOT} 7 s left"]


@pytest.mark.parametrize(
    ("status", "trouble", "answered", "kinds", "told"),
    [
        ("idle", None, False, [], ""),
        ("running", None, False, [], "Running"),
        ("failed", "The model stopped", False, [], "Failed. The model stopped"),
        ("failed", None, False, [], "Failed"),
        ("succeeded", None, True, ["raw"], "Done in 18.2 s. The answer is shown."),
        ("succeeded", None, False, ["image/png"], "Done in 18.2 s. 1 picture"),
        ("succeeded", None, False, ["image/png", "image/webp"], "Done in 18.2 s. 2 pictures"),
        ("succeeded", None, False, ["image/png", "video/mp4"], "Done in 18.2 s. 2 files"),
        ("succeeded", None, False, [], "Done in 18.2 s."),
    ],
)
def test_what_is_read_out(
    status: Status, trouble: str | None, answered: bool, kinds: list[str], told: str
) -> None:
    """The outcome and what came of it, in a sentence; a run that nobody started says nothing."""
    assert labels.said(status, 18.2, trouble=trouble, answered=answered, kinds=kinds) == told


def test_many_have_commas() -> None:
    """One is singular."""
    assert (labels.count(1, "run"), labels.count(10_000, "run")) == ("1 run", "10,000 runs")
