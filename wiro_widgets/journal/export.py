"""The history as a file: JSON lines that hold all of it, or a table that other programs read as well."""

from __future__ import annotations

import base64
import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from wiro_widgets.journal import dataframe as table
from wiro_widgets.journal import frames, table_reading
from wiro_widgets.journal.row import (
    COLUMNS,
    UNREADABLE,
    UNSETTLED,
    JournalRow,
    from_plain,
    record_of_row,
    to_plain,
)
from wiro_widgets.journal.sound import sound
from wiro_widgets.media.files import atomic_write
from wiro_widgets.protocol.errors import ConfigurationError, WiroError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pandas as pd

    from wiro_widgets.protocol.record import TaskRecord

_HEADER: Final = {"wiro_history": 1}
_TABLES: Final = (".csv", ".parquet")
_NEEDED: Final = frozenset(
    {"task_id", "model", "parameters", "created_at", "outcome"}
)  # columns of any such table
_LOCAL: Final = ("pid", "host", "born")  # whose process it was is nobody else's business


def write(
    path: Path, rows: Sequence[JournalRow], events: Callable[[str], bytes | None], *, expand: bool
) -> int:
    """Write rows to a file of the kind that its ending names, whole or not at all; return how many.

    `expand` adds a column for each parameter to a table. Raises ConfigurationError for another ending, or when what the
    format needs is not installed.
    """
    kind = path.suffix.lower()
    if kind not in (".jsonl", *_TABLES):
        raise ConfigurationError(f"{path.name}: a history is written as .jsonl, .csv or .parquet.")
    if kind == ".jsonl":
        with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8") as file:
            file.write(json.dumps(_HEADER) + "\n")
            file.writelines(_line(row, events(row.id)) for row in reversed(rows))
        return len(rows)
    found = table.to_pandas([record_of_row(row) for row in rows], expand=expand)
    with atomic_write(path) as temporary:
        if kind == ".csv":
            table.flat(found).to_csv(temporary, index=False)
        else:
            frames.to_parquet(found, temporary)
    return len(rows)


def read(path: Path, server: str) -> tuple[list[JournalRow], dict[str, bytes]]:
    """Return the rows of a file, as runs of this server, and their event logs by row.

    A table (.csv, .parquet) has no event logs. Raises WiroError that names the line or the column where the file is
    damaged, ConfigurationError when what the format needs is not installed.
    """
    if path.suffix.lower() in _TABLES:
        return _rows_of_table(path, server), {}
    rows: list[JournalRow] = []
    events: dict[str, bytes] = {}
    for number, line in enumerate(_lines(path), 1):
        try:
            told = json.loads(line)
            if number == 1:
                _check_header(told)
                continue
            packed = told.pop("events", None)
            row = from_plain({**dict.fromkeys(COLUMNS), **told, **dict.fromkeys(_LOCAL), "server": server})
            if packed:
                events[row.id] = base64.b64decode(packed, validate=True)
        except UNREADABLE as exc:
            why = str(exc) or type(exc).__name__
            raise WiroError(
                f"The history file {path} is damaged at line {number}: {why}. Nothing was taken in."
            ) from exc
        rows.append(row)
    return rows, events


def _lines(path: Path) -> list[str]:
    """Return the lines of a file; only a line feed ends one, for texts hold other characters that Python splits at."""
    try:
        text = path.read_text(encoding="utf-8").rstrip("\n")
    except (OSError, UnicodeDecodeError) as exc:
        raise WiroError(f"The history file {path} cannot be read: {exc}. Nothing was taken in.") from exc
    if not text:
        raise WiroError(f"The history file {path} is empty. Nothing was taken in.")
    return text.split("\n")


def _rows_of_table(path: Path, server: str) -> list[JournalRow]:
    """Return the runs of a table, the oldest first, as `read` has them of a file."""
    try:
        found = frames.read(path)
        _check_columns(found)
        records = table_reading.from_pandas(found)
    except (ValueError, OSError) as exc:
        raise WiroError(f"The history file {path} cannot be read: {exc}. Nothing was taken in.") from exc
    return [_row_of(sound(record), server) for record in reversed(records)]


def _row_of(record: TaskRecord, server: str) -> JournalRow:
    """Return a run that only its record is known of; the same record has the same id however often it comes."""
    told = json.dumps([server, record.to_dict()], sort_keys=True)
    moment = record.created_at or record.ended_at or datetime.fromtimestamp(0, UTC)
    return JournalRow(
        id=str(uuid.uuid5(uuid.NAMESPACE_URL, told)),
        server=server,
        model=record.model or "",
        parameters=dict(record.parameters),
        intent_at=moment,
        outcome=record.outcome,
        task_id=record.task_id,
        settled_at=None if record.outcome in UNSETTLED else record.ended_at or moment,
        record=record,
        paths=record.output_paths,
        error=record.error,
        tags=record.tags,
        notes=record.note,
        star=record.star,
        reuses=record.reuses,
    )


def _check_columns(found: pd.DataFrame) -> None:
    if missing := _NEEDED - set(found.columns):
        raise ValueError(f"it is no table that export_to wrote, for it has no column {min(missing)}")


def _check_header(told: Any) -> None:
    if not isinstance(told, dict) or "wiro_history" not in told:
        raise ValueError("this is no file that export_to wrote")
    if told["wiro_history"] != _HEADER["wiro_history"]:
        raise ValueError("a newer version of wiro-widgets wrote it; upgrade to read it")


def _line(row: JournalRow, events: bytes | None) -> str:
    plain = {name: value for name, value in to_plain(row).items() if name not in _LOCAL}
    if events:
        plain["events"] = base64.b64encode(events).decode()
    return json.dumps(plain, ensure_ascii=False) + "\n"
