"""A run as the gallery shows it: as a card, and with all its details."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from wiro_widgets.journal.gallery.ranking import Rating
from wiro_widgets.journal.row import JournalRow, record_of_row
from wiro_widgets.media.content_types import type_of_name
from wiro_widgets.media.jsonable import without_files
from wiro_widgets.media.output import Output
from wiro_widgets.media.recipes import recipe_of
from wiro_widgets.protocol import __version__
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.render import run_words
from wiro_widgets.widget.wire.output_view import OutputView

MAX_PROMPT: Final = 300  # characters on a card
MAX_LABEL: Final = 80
MAX_ANSWER: Final = 600
MAX_VALUE: Final = 20_000  # characters of a text in the large view
MAX_OUTPUTS: Final = 64  # of one run in the large view
_FAMILIES: Final = {"image": "picture", "video": "video", "audio": "audio", "text": "text"}
_OUTCOME_WORDS: Final = {
    "running": "Running",
    "failed": "Failed",
    "cancelled": "Stopped",
    "unknown": "Unknown",
}


def card(row: JournalRow) -> dict[str, Any]:
    """Return a run as a card; reads no file."""
    record = record_of_row(row)
    name = first_name(record)
    return {
        "id": row.id,
        "task": record.task_id,
        "time": f"{row.intent_at.astimezone():%H:%M}",
        "model": row.model,
        "prompt": _cut(record.prompt or "", MAX_PROMPT),
        "outcome": record.outcome,
        "word": _OUTCOME_WORDS.get(record.outcome, ""),
        "kind": kind_of(name, record),
        "count": max(record.output_count, len(record.output_paths), len(record.output_urls)),
        "text": _cut(record.error or record.text or "", MAX_ANSWER),
        "price": run_words.price(record.total_cost) if record.total_cost is not None else "",
        "star": row.star,
        "tags": list(row.tags),
        "note": _cut(row.notes, MAX_PROMPT),
    }


def first_name(record: TaskRecord) -> str:
    """Return the name of the first output, from its path or address; empty if the run has no file."""
    return next(
        (item.split("?", 1)[0].rpartition("/")[2] for item in (*record.output_paths, *record.output_urls)), ""
    )


def kind_of(name: str, record: TaskRecord) -> str:
    """Return how a card shows the first output: "picture", "video", "audio", "text", "file", or "none"."""
    if not name:
        return "text" if record.text else "none"
    content_type = type_of_name(name) or ""
    return _FAMILIES.get(content_type.partition("/")[0], "file")


def details(
    row: JournalRow,
    outputs: tuple[Output, ...],
    parents: Sequence[JournalRow | str] = (),
    children: Sequence[JournalRow | str] = (),
    rating: Rating | None = None,
) -> dict[str, Any]:
    """Return all that the large view shows of a run; opens its files, so it takes time.

    `parents` and `children` are the runs that it was made from, and those that were made from it; one that is not in
    the history is its task id.
    """
    record = record_of_row(row)
    seconds = None if record.elapsed_seconds is None else run_words.seconds(record.elapsed_seconds)
    price = None if record.total_cost is None else run_words.price(record.total_cost)
    facts = [
        ("Model", row.model),
        ("When", f"{row.intent_at.astimezone():%Y-%m-%d %H:%M:%S}"),
        ("Task", record.task_id),
        ("Took", seconds),
        ("Cost", price),
        ("Seed", None if record.seed is None else str(record.seed)),
        ("Reused from", record.reused_from),
        ("Rating", rating and f"{rating.value:.0f}, {rating.wins} of {rating.comparisons} won"),
    ]
    recipe = recipe_of(record, version=__version__)
    return {
        **card(row),
        "prompt": _cut(record.prompt or "", MAX_VALUE),
        "text": _cut(record.text or "", MAX_VALUE),
        "error": _cut(record.error or "", MAX_VALUE),
        "note": row.notes,
        "facts": [[name, value] for name, value in facts if value],
        "values": [[name, _value_text(value)] for name, value in _values(record).items()],
        "parents": [_relative(item) for item in parents],
        "children": [_relative(item) for item in children],
        "recipe": json.dumps(recipe, indent=2, ensure_ascii=False),
        "outputs": [output_message(row, place, output) for place, output in enumerate(outputs[:MAX_OUTPUTS])],
    }


def _relative(run: JournalRow | str) -> dict[str, Any]:
    if isinstance(run, str):
        return {"id": None, "label": f"Task {run}"}
    prompt = record_of_row(run).prompt
    return {
        "id": run.id,
        "label": run_words.join_facts(run.model, _cut(prompt, MAX_LABEL) if prompt else None),
    }


def output_message(row: JournalRow, place: int, output: Output) -> dict[str, Any]:
    """Return an output as the page has it; `missing` says why its file is not there."""
    missing = output.error.reason if output.error is not None else None
    if missing is not None:
        message = OutputView(output).message(output_id(row.id, place))
        return {**message, "content_type": type_of_name(output.name) or "", "missing": missing}
    content_type = type_of_name(output.name) or ""
    if content_type.startswith(("text/", "application/json")):
        output.content_type = output.content_type or content_type  # so that its text is sent with it
    view = OutputView.of(output)
    message = view.message(output_id(row.id, place))
    return {**message, "content_type": output.content_type or content_type, "missing": None}


def output_id(run_id: str, place: int) -> str:
    """Return the id by which the page asks for an output."""
    return f"{run_id}/{place}"


def split_id(item_id: str) -> tuple[str, int]:
    """Return run and place of an output's id; an unreadable place is -1, which no output has."""
    run_id, _, place = item_id.rpartition("/")
    return run_id, int(place) if place.isascii() and place.isdigit() and len(place) < 6 else -1  # noqa: PLR2004 - digits


def _values(record: TaskRecord) -> Mapping[str, Any]:
    values = without_files(record.parameters)
    shown_above = ("prompt", "seed")
    return {
        name: value for name, value in values.items() if name not in shown_above and value not in (None, "")
    }


def _value_text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return _cut(text, MAX_VALUE)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}..."
