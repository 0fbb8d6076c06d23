"""`wiro-widgets map`: a run for each row of a table, and the same table with its results."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from wiro_widgets.client.sync_client import Client
from wiro_widgets.client.sync_task import Task
from wiro_widgets.commands import console
from wiro_widgets.commands.run import make_folder, read_values
from wiro_widgets.journal.columns import csv_text
from wiro_widgets.media.files import atomic_write
from wiro_widgets.protocol.errors import ConfigurationError, InvalidParameter, OutputError
from wiro_widgets.protocol.redact import printable
from wiro_widgets.sweeps.cell import Cell
from wiro_widgets.sweeps.view import progress_words

RESULTS = "results.csv"
_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_RESULT_COLUMNS = ("outcome", "task_id", "cost", "paths", "text", "error")


def main(
    model: str,
    table: str,
    *,
    parameters: Sequence[str],
    columns: Sequence[str],
    out: str,
    budget: float | None,
    confirm: int | None,
    as_json: bool,
) -> int:
    """Run a model for each row of a .csv, .tsv or .jsonl file, or of CSV on stdin ("-").

    Saves the outputs below `out`, with `results.csv`: the table with what became of each row. Rows that were run before
    are not paid again. Returns 0 if every row succeeded.
    """
    rows = list(_read(table))
    folder = make_folder(out)
    values = read_values(parameters, stdin_is_used=table == "-")
    with Client(budget=budget) as client:
        try:
            sweep = client.map(model, rows, columns=_columns(columns), confirm=confirm, start=False, **values)
        except InvalidParameter as error:
            # A table in a file has a first row, a list in Python one with number 0.
            reason = re.sub(r"^row (\d+)", lambda match: f"row {int(match[1]) + 1}", error.reason)
            raise InvalidParameter(error.parameter, reason) from None
        count = "1 row" if len(sweep) == 1 else f"{len(sweep):,} rows"
        price = "" if sweep.estimate is None else f", {sweep.estimate.amount}"
        console.err(printable(f"{count} of {model}{price}"))
        try:
            sweep.resume()
            sweep.wait(progress="transient")
        finally:
            results = [_result(cell, folder) for cell in sweep.cells]
            path = _save(results, rows, folder)
        if as_json:
            answers = [console.out_json({"row": row, **result}) for row, result in enumerate(results, 1)]
            is_printed = all(answers)
        else:
            is_printed = console.out(str(path))
        console.err(printable(progress_words(sweep)))
        is_whole = all(cell.status == "succeeded" and not cell.trouble for cell in sweep.cells)
        return 0 if is_printed and is_whole else 1


def _columns(columns: Sequence[str]) -> dict[str, str] | None:
    """Read the --column options: NAME, or NAME=PARAMETER."""
    pairs = (column.partition("=") for column in columns)
    return {name: parameter or name for name, _, parameter in pairs} or None


def _read(table: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file; an empty cell is a missing value."""
    path = Path(table).expanduser()
    if table == "-":
        yield from _read_csv(sys.stdin, "stdin", ",")
        return
    kind = path.suffix.lower()
    if kind not in (*_DELIMITERS, ".jsonl"):
        raise ConfigurationError(
            f"{path.name}: a table is a .csv, .tsv or .jsonl file, or - for CSV on stdin."
        )
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if kind == ".jsonl":
                yield from _read_json_lines(file, path.name)
            else:
                yield from _read_csv(file, path.name, _DELIMITERS[kind])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigurationError(f"{path} cannot be read as a table: {reason}.") from error


def _read_csv(file: TextIO, name: str, delimiter: str) -> Iterator[dict[str, Any]]:
    reader = csv.DictReader(file, delimiter=delimiter, strict=True)
    for row in reader:
        if None in row:
            raise ConfigurationError(
                f"{name}, line {reader.line_num}: there are more cells than names in the first line.\n"
                "A cell with a delimiter or a line break needs quotes."
            )
        yield {column: value or None for column, value in row.items()}


def _read_json_lines(file: TextIO, name: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(file, 1):
        row: Any = None
        with suppress(ValueError):
            row = json.loads(line or "null")
        if not isinstance(row, dict):
            raise ConfigurationError(f"{name}, line {number}: a JSON object is needed on each line.")
        yield row


def _save(results: Sequence[dict[str, Any]], rows: Sequence[dict[str, Any]], folder: Path) -> Path:
    """Save the table with what became of each row; return its path."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    further_names = [name if name not in names else f"{name}_run" for name in _RESULT_COLUMNS]
    path = folder / RESULTS
    with (
        atomic_write(path) as temporary,
        temporary.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file,
    ):
        writer = csv.writer(file)
        writer.writerow([*names, *further_names])
        for row, result in zip(rows, results, strict=True):
            cells = [
                *(row.get(name) for name in names),
                *({**result, "paths": "\n".join(result["paths"])}).values(),
            ]
            writer.writerow(map(_text, cells))
    return path


def _result(cell: Cell[Task], folder: Path) -> dict[str, Any]:
    """Save the outputs of a row and return what became of it, by the names of the result columns."""
    paths, troubles = [], [cell.trouble] if cell.trouble else []
    for output in cell.result.outputs if cell.result else ():
        if output.content is None and output.error is None:
            try:
                paths.append(str(output.save(folder)))
            except (OutputError, OSError) as error:
                troubles.append(str(error))
    text = cell.result.text if cell.result else None
    record = cell.record
    facts = (cell.status, record.task_id, record.total_cost, paths, text, "; ".join(troubles))
    return dict(zip(_RESULT_COLUMNS, facts, strict=True))


def _text(value: Any) -> str:
    if value is None:
        return ""
    return csv_text(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
