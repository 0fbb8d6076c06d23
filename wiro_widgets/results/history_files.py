"""The history as a file: JSON lines that another history takes in whole, or a table for other programs."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final

from wiro_widgets.protocol.errors import ConfigurationError, WiroError
from wiro_widgets.results import frames, table
from wiro_widgets.results.files import written_whole
from wiro_widgets.results.rows import COLUMNS, UNREADABLE, from_plain, record_of_row, to_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from wiro_widgets.results.rows import JournalRow

_HEADER: Final = {"wiro_history": 1}
_LOCAL: Final = ("pid", "host", "born")  # whose process it was is nobody else's business


def write(path: Path, rows: Sequence[JournalRow], events: Callable[[str], bytes | None]) -> int:
    """Write rows to a file of the kind that its ending names, whole or not at all; return how many.

    Raises ConfigurationError for another ending, or when what the format needs is not installed.
    """
    kind = path.suffix.lower()
    if kind not in (".jsonl", ".csv", ".parquet"):
        raise ConfigurationError(f"{path.name}: a history is written as .jsonl, .csv or .parquet.")
    if kind == ".jsonl":
        with written_whole(path) as temporary, temporary.open("w", encoding="utf-8") as file:
            file.write(json.dumps(_HEADER) + "\n")
            file.writelines(_line(row, events(row.id)) for row in reversed(rows))
        return len(rows)
    found = table.to_pandas([record_of_row(row) for row in rows])
    with written_whole(path) as temporary:
        if kind == ".csv":
            table.flat(found).to_csv(temporary, index=False)
        else:
            frames.to_parquet(found, temporary)
    return len(rows)


def read(path: Path, server: str) -> tuple[list[JournalRow], dict[str, bytes]]:
    """Return the rows of a file, as runs of this server, and their event logs by row.

    Raises WiroError that names the line where the file is damaged.
    """
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
