"""ProgressLine: how far something is, in one line, for a notebook's cell and for a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final
from unicodedata import combining, east_asian_width

from wiro_widgets.protocol.redact import printable
from wiro_widgets.render.notebook_repr import NotebookRepr
from wiro_widgets.render.run_words import (
    DOT,
    STATUS_WORDS,
    activity,
    join_facts,
    price,
    seconds,
    time_left,
    whole_seconds,
)

if TYPE_CHECKING:
    from wiro_widgets.protocol.record import TaskRecord
    from wiro_widgets.protocol.state import TaskState
    from wiro_widgets.protocol.text.text_content import TextContent

MAX_ANSWER: Final = 4_000  # characters of a growing answer, the last ones
_BAR: Final = 30  # columns of a terminal
_FEWEST_BAR: Final = 6
_EARLIEST: Final = 0.05  # of a run, from which on the time left is worth an estimate
_PREPARATION: Final = frozenset(
    {"task_accept", "task_preprocess_start", "task_preprocess_end", "task_assign"}
)
# What an encoding without the left ones shows instead.
_SUBSTITUTES: Final = {
    DOT: " - ",
    "\N{FULL BLOCK}": "#",
    "\N{LIGHT SHADE}": ".",
    "\N{HORIZONTAL ELLIPSIS}": "...",
}


@dataclass(frozen=True, repr=False)
class ProgressLine(NotebookRepr):
    """What is being done, how far it is, and facts such as the time left; equal lines look the same.

    `fraction` goes from 0 to 1, and None draws no bar. `answer` is the end of a language model's text so far.
    """

    stage: str
    step: str = ""
    facts: str = ""
    fraction: float | None = None
    answer: str = ""

    def __repr__(self) -> str:
        return _one_line(join_facts(self.stage, self.step, self.facts))

    def _repr_html_(self) -> str:
        bar = ""
        if self.fraction is not None:
            bar = (
                '<span style="flex:0 1 200px;min-width:60px;height:4px;border-radius:2px;overflow:hidden;'
                'background:rgba(128,128,128,.3)"><span style="display:block;height:4px;'
                f'width:{self.fraction:.0%};background:currentColor;opacity:.7"></span></span>'
            )
        # While it changes, the words keep their room, so that the bar does not move to and fro.
        room = ";min-width:13em" if bar else ""
        facts = f'<span style="opacity:.75">{escape(self.facts)}</span>' if self.facts else ""
        line = (
            '<div style="display:flex;flex-wrap:wrap;align-items:center;gap:2px 12px;line-height:1.5;'
            f'font-variant-numeric:tabular-nums"><span style="{room.lstrip(";")}">'
            f"{escape(join_facts(self.stage, self.step))}</span>{bar}{facts}</div>"
        )
        style = "white-space:pre-wrap;overflow-wrap:anywhere;margin:4px 0;padding:0"
        return line + (f'<div style="{style}">{escape(self.answer)}</div>' if self.answer else "")

    def fit(self, columns: int, encoding: str = "utf-8") -> str:
        """Return it as text of at most so many columns of a terminal, in characters that the encoding has."""
        head, tail = _one_line(join_facts(self.stage, self.step)), _one_line(self.facts)
        bar = ""
        if self.fraction is not None:
            room = min(_BAR, columns - _width(head) - _width(tail) - 4)
            full = round(max(room, 0) * self.fraction)
            bar = "\N{FULL BLOCK}" * full + "\N{LIGHT SHADE}" * (room - full) if room >= _FEWEST_BAR else ""
        text = "  ".join(filter(None, (head, bar, tail))) if bar else join_facts(head, tail)
        answer = _one_line(self.answer)
        if answer:
            room = columns - _width(text) - 4
            text += f"  \N{HORIZONTAL ELLIPSIS}{_last_columns(answer, room)}" if room >= _BAR else ""
        return _first_columns(_in_encoding(text, encoding), columns)


def of_task(state: TaskState, *, started: float, now: float, note: str = "") -> ProgressLine:
    """Return the line of a task that goes on; `started` and `now` are Unix times.

    `note` is what becomes of it, once nobody waits for it any more.
    """
    elapsed = now - min((started, *state.stage_times.values()))
    if note:
        return ProgressLine(note)
    if state.status == "submitting":
        note = (state.note or "").strip().partition("\n")[0]
        return ProgressLine(STATUS_WORDS["submitting"], note, whole_seconds(elapsed))
    stage = "Prepare" if state.stage in _PREPARATION else None
    doing, _, step = activity(state.status, stage, state.step).partition(DOT)
    verb, answer = _writing(state.text) if state.text else ("", "")
    if answer and state.status == "running":
        doing = verb
    fraction = state.progress if state.status == "running" and not answer else None
    remaining = ""
    if fraction is not None:
        step = step or f"{fraction:.0%}"
        remaining = (time_left(state.step) if state.step else "") or _estimate(state, fraction, now)
    return ProgressLine(doing, step, join_facts(remaining, whole_seconds(elapsed)), fraction, answer)


def of_end(record: TaskRecord, state: TaskState) -> ProgressLine:
    """Return the line of a task that is over: its outcome, time, cost and id."""
    reuse = "from the history" if record.reused_from else None
    elapsed = None if record.elapsed_seconds is None or reuse else seconds(record.elapsed_seconds)
    cost = None if record.total_cost is None or reuse else price(record.total_cost)
    task = f"task {record.task_id}" if record.task_id else None
    return ProgressLine(STATUS_WORDS[state.status], facts=join_facts(reuse, elapsed, cost, task))


def _writing(content: TextContent) -> tuple[str, str]:
    """Return what a language model does, and the end of what it has written so far."""
    if content.thinking and not content.text:
        return "Thinking", "\n".join(content.thinking)[-MAX_ANSWER:]
    return "Writing", content.text[-MAX_ANSWER:]


def _estimate(state: TaskState, fraction: float, now: float) -> str:
    """Return the time left if the rest goes on as the run did so far."""
    start = state.stage_times.get("task_start")
    if start is None or not _EARLIEST <= fraction < 1:
        return ""
    return f"{whole_seconds((now - start) * (1 - fraction) / fraction)} left"


def _one_line(text: str) -> str:
    return " ".join(printable(text).split())


def _in_encoding(text: str, encoding: str) -> str:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        for letters, substitute in _SUBSTITUTES.items():
            text = text.replace(letters, substitute)
        return text.encode(encoding, "replace").decode(encoding)
    return text


def _width(text: str) -> int:
    """Return the columns that a terminal gives a text: two for a wide character, none for an accent on another."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(letter) else 1 + (east_asian_width(letter) in "WF") for letter in text)


def _first_columns(text: str, columns: int) -> str:
    while _width(text) > columns:
        text = text[: min(len(text) - 1, columns)]
    return text


def _last_columns(text: str, columns: int) -> str:
    text = text[-columns:]
    while _width(text) > columns:
        text = text[1:]
    return text
