"""The history as a file: JSON lines that hold all of it, or a table (CSV, Parquet) that other programs read as well."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from wiro_widgets.journal import dataframe
from wiro_widgets.journal.columns import UNREADABLE
from wiro_widgets.journal.row import ROW_COLUMNS, UNSETTLED, JournalRow, from_plain, record_of_row, to_plain
from wiro_widgets.media.files import atomic_write
from wiro_widgets.protocol.errors import ConfigurationError, WiroError
from wiro_widgets.protocol.record import TaskRecord

if TYPE_CHECKING:
    import pandas as pd

_HEADER: Final = {"wiro_history": 1}
_TABLES: Final = (".csv", ".parquet")
_REQUIRED_COLUMNS: Final = frozenset({"task_id", "model", "parameters", "created_at", "outcome"})
_LOCAL: Final = ("pid", "host", "born")  # which process it was is of no use elsewhere, and private


def write(
    path: Path, rows: Sequence[JournalRow], events: Callable[[str], bytes | None], *, expand: bool
) -> int:
    """Write rows to a file of the kind that its ending names, whole or not at all; return how many.

    `expand` adds a column for each parameter to a table. Raises ConfigurationError for another ending, or if what the
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
    table = dataframe.to_pandas([record_of_row(row) for row in rows], expand=expand)
    with atomic_write(path) as temporary:
        (dataframe.write_csv if kind == ".csv" else dataframe.write_parquet)(table, temporary)
    return len(rows)


def read(path: Path, server: str) -> tuple[list[JournalRow], dict[str, bytes]]:
    """Return the rows of a file, as runs of this server, the oldest first, and their event logs by row.

    A table (.csv, .parquet) has no event logs. Raises WiroError that names the line or the column if the file is
    damaged, ConfigurationError if what the format needs is not installed.
    """
    if path.suffix.lower() in _TABLES:
        return _rows_of_table(path, server), {}
    rows: list[JournalRow] = []
    events: dict[str, bytes] = {}
    for number, line in enumerate(_lines(path), 1):
        try:
            values = json.loads(line)
            if number == 1:
                _check_header(values)
                continue
            log = values.pop("events", None)
            row = from_plain(
                {**dict.fromkeys(ROW_COLUMNS), **values, **dict.fromkeys(_LOCAL), "server": server}
            )
            if log:
                events[row.id] = base64.b64decode(log, validate=True)
        except UNREADABLE as exc:
            reason = str(exc) or type(exc).__name__
            raise WiroError(
                f"The history file {path} is damaged at line {number}: {reason}. Nothing was imported."
            ) from exc
        rows.append(row)
    return rows, events


def _line(row: JournalRow, events: bytes | None) -> str:
    values = {name: value for name, value in to_plain(row).items() if name not in _LOCAL}
    if events:
        values["events"] = base64.b64encode(events).decode()
    return json.dumps(values, ensure_ascii=False) + "\n"


def _lines(path: Path) -> list[str]:
    """Return the lines of a file; only a line feed ends one, since texts hold other separators that Python knows."""
    try:
        text = path.read_text(encoding="utf-8").rstrip("\n")
    except (OSError, UnicodeDecodeError) as exc:
        raise WiroError(f"The history file {path} cannot be read: {exc}. Nothing was imported.") from exc
    if not text:
        raise WiroError(f"The history file {path} is empty. Nothing was imported.")
    return text.split("\n")


def _check_header(header: Any) -> None:
    if not isinstance(header, dict) or "wiro_history" not in header:
        raise ValueError("this is no file that export_to wrote")
    if header["wiro_history"] != _HEADER["wiro_history"]:
        raise ValueError("a newer version of wiro-widgets wrote it; upgrade to read it")


def _rows_of_table(path: Path, server: str) -> list[JournalRow]:
    try:
        table = dataframe.read_file(path)
        _check_columns(table)
        records = dataframe.from_pandas(table)
    except (ValueError, OSError) as exc:
        raise WiroError(f"The history file {path} cannot be read: {exc}. Nothing was imported.") from exc
    return [_row_of(record, server) for record in reversed(records)]


def _check_columns(table: pd.DataFrame) -> None:
    if missing := _REQUIRED_COLUMNS - set(table.columns):
        raise ValueError(f"it is no table that export_to wrote: it has no column {min(missing)}")


def _row_of(record: TaskRecord, server: str) -> JournalRow:
    """Return a run of which only the record is known; the same record always gets the same id."""
    identity = json.dumps([server, record.to_dict()], sort_keys=True)
    moment = record.created_at or record.ended_at or datetime.fromtimestamp(0, UTC)
    return JournalRow(
        id=str(uuid.uuid5(uuid.NAMESPACE_URL, identity)),
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
        parents=record.parents,
    )
