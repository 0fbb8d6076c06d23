"""How far something is, in one line."""

import pytest

from wiro_widgets.protocol.events import Lifecycle, Progress, TextSnapshot
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.state import TaskState, advance_all
from wiro_widgets.protocol.text.text_content import TextContent
from wiro_widgets.render.progress_line import ProgressLine, of_end, of_task

DOT = "\N{MIDDLE DOT}"
BLOCK, SHADE = "\N{FULL BLOCK}", "\N{LIGHT SHADE}"
QUEUE = Lifecycle("task_queue", 100.0)
START = Lifecycle("task_start", 110.0)
STEP = Progress(112.0, 0.25, 5, 20, "1.2 it/s", remaining="7s")
HALF = ProgressLine("Generating", "step 5 of 10", "3 s left", 0.5)


def _line(*events: Lifecycle | Progress | TextSnapshot, now: float = 115.0, note: str = "") -> ProgressLine:
    return of_task(advance_all(TaskState(), events), started=99.0, now=now, note=note)


@pytest.mark.parametrize(
    ("events", "text"),
    [
        ((), f"Submitting {DOT} 16 s"),
        ((QUEUE,), f"Waiting for a worker {DOT} 16 s"),
        ((QUEUE, Lifecycle("task_preprocess_start", 101.0)), f"Preparing {DOT} 16 s"),
        ((QUEUE, START), f"Generating {DOT} 16 s"),
        ((QUEUE, START, STEP), f"Generating {DOT} step 5 of 20 {DOT} 7 s left {DOT} 16 s"),
        ((QUEUE, START, Progress(112.0, 0.25)), f"Generating {DOT} 25% {DOT} 15 s left {DOT} 16 s"),
        ((QUEUE, START, Progress(112.0, 0.01)), f"Generating {DOT} 1% {DOT} 16 s"),
        ((QUEUE, START, Lifecycle("task_end", 114.0)), f"Finishing {DOT} 16 s"),
    ],
)
def test_a_task(events: tuple[Lifecycle | Progress, ...], text: str) -> None:
    """The stage, the step or the percentage, the time left as Wiro or the pace so far has it, and the time so far."""
    assert repr(_line(*events)) == text


def test_a_bar_is_for_progress() -> None:
    """Only a run that reports its progress has a bar."""
    assert [_line(QUEUE).fraction, _line(QUEUE, START, STEP).fraction] == [None, 0.25]


def test_a_growing_answer() -> None:
    """A language model shows its thinking, then its answer, the end of a long one."""
    thinking = TextSnapshot(TextContent(thinking=("Hm",), raw="<think>Hm"), 112.0)
    answer = TextSnapshot(TextContent(thinking=("Hm",), answer=("Because " * 1000,)), 113.0)
    lines = [_line(QUEUE, START, *snapshots) for snapshots in ([thinking], [thinking, answer])]
    assert [(line.stage, line.answer[:8], len(line.answer)) for line in lines] == [
        ("Thinking", "Hm", 2),
        ("Writing", "Because ", 4000),
    ]


def test_a_wait_that_is_cut_short() -> None:
    """The line is what becomes of the task."""
    assert repr(_line(QUEUE, note="Task 7 goes on.")) == "Task 7 goes on."


def test_the_end() -> None:
    """The outcome, the time, the cost and the task; a run from the history has cost nothing now."""
    record = TaskRecord("7", "a/b", elapsed_seconds=18.24, total_cost=0.0062)
    done = TaskState(status="succeeded")
    assert repr(of_end(record, done)) == f"Done {DOT} 18.2 s {DOT} $0.0062 {DOT} task 7"
    reused = TaskRecord("8", "a/b", elapsed_seconds=18.24, total_cost=0.0062, reused_from="7")
    assert repr(of_end(reused, done)) == f"Done {DOT} from the history {DOT} task 8"
    assert repr(of_end(TaskRecord(None, "a/b"), TaskState(status="failed"))) == "Failed"


def test_html_is_escaped_and_has_no_script() -> None:
    """Text of a model shows as text; the bar is as wide as the progress."""
    html = ProgressLine("<b>", "&", "<i>", 0.4, "<script>alert(1)</script>\nnext")._repr_html_()
    assert "<b>" not in html
    assert "<script" not in html
    assert "width:40%" in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\nnext" in html


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        (70, f"Generating {DOT} step 5 of 10  {BLOCK * 15}{SHADE * 15}  3 s left"),
        (49, f"Generating {DOT} step 5 of 10  {BLOCK * 6}{SHADE * 6}  3 s left"),
        (40, f"Generating {DOT} step 5 of 10 {DOT} 3 s left"),
        (12, f"Generating {DOT}"),
        (0, ""),
    ],
)
def test_it_fits_a_terminal(columns: int, text: str) -> None:
    """A narrow one has a shorter bar, then none, then only the beginning."""
    assert HALF.fit(columns) == text


def test_wide_characters_count_twice() -> None:
    """A line never goes on in the next one."""
    assert ProgressLine("\u6e2f\u306e\u706f\u53f0").fit(5) == "\u6e2f\u306e"
    growing = ProgressLine("Writing", facts="1 s", answer="\u6e2f" * 100).fit(61)
    assert growing.startswith(f"Writing {DOT} 1 s  \N{HORIZONTAL ELLIPSIS}\u6e2f")
    assert growing.count("\u6e2f") == (61 - len(f"Writing {DOT} 1 s  ") - 2) // 2


def test_a_terminal_without_the_characters() -> None:
    """An encoding without blocks and dots gets others, and a question mark for what it lacks."""
    assert HALF.fit(70, "ascii") == f"Generating - step 5 of 10  {'#' * 15}{'.' * 15}  3 s left"
    assert ProgressLine("caf\u00e9").fit(70, "ascii") == "caf?"


def test_it_is_one_line_without_control_characters() -> None:
    """Neither the answer nor a note moves the cursor of a terminal."""
    line = ProgressLine("a\nb\x1b[2J", answer="x\r\ny" * 40)
    assert repr(line) == "a b [2J"
    assert line.fit(200).isprintable()
