"""`wiro-widgets history | sync`: the runs in the journal, and those that Wiro lists."""

from __future__ import annotations

import csv as csv_writer
import json
from dataclasses import asdict, fields
from pathlib import Path

from wiro_widgets.client.sync_client import Client
from wiro_widgets.commands import console
from wiro_widgets.journal.columns import csv_text
from wiro_widgets.protocol.errors import ConfigurationError
from wiro_widgets.protocol.prices.dollars import dollars
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.redact import printable


def main(*, csv: str | None, limit: int, as_json: bool) -> int:
    """Print the newest runs, or write all of them to a CSV file."""
    with Client() as client:
        if csv is not None:
            return _write(Path(csv).expanduser(), client.history.records(), as_json=as_json)
        records = client.history.find(limit=limit)
        lines = [json.dumps(record.to_dict()) if as_json else line_of(record) for record in records]
        open_count = len(client.history.unfinished())
    is_printed = not lines or console.out("\n".join(lines))
    if not lines:
        console.err("The journal has no runs at this server yet.")
    if open_count:
        runs = "1 run is" if open_count == 1 else f"{open_count} runs are"
        console.err(f"{runs} unfinished; wiro-widgets recover picks them up.")
    return 0 if is_printed else 1


def sync(*, since: str | None, as_json: bool) -> int:
    """Take the runs that Wiro lists into the journal, and say on stderr what was new."""
    with Client() as client:
        try:
            summary = client.history.sync(since, progress="transient")
        except ValueError as error:
            raise ConfigurationError(f"--since: {error}") from None
    console.err(f"{summary}.")
    is_printed = not as_json or console.out_json(asdict(summary))
    return 0 if is_printed else 1


def line_of(record: TaskRecord) -> str:
    """Return one line on a task: when, which, how it ended, what it cost, its model and its prompt."""
    when = record.created_at.astimezone().strftime("%Y-%m-%d %H:%M") if record.created_at else " " * 16
    cost = "" if record.total_cost is None else dollars(record.total_cost)
    prompt = " ".join((record.prompt or "").split())[:60]
    model = " ".join((record.model or "").split())
    line = f"{when}  {record.task_id or '-':>10}  {record.outcome:<9}  {cost:>9}  {model}  {prompt}"
    return printable(line).rstrip()


def _write(path: Path, records: list[TaskRecord], *, as_json: bool) -> int:
    names = [item.name for item in fields(TaskRecord)]
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv_writer.DictWriter(file, names)
            writer.writeheader()
            for record in records:
                row = record.to_dict()
                lists = {
                    name: json.dumps(value) for name, value in row.items() if isinstance(value, dict | list)
                }
                texts = {name: csv_text(value) for name, value in row.items() if isinstance(value, str)}
                writer.writerow({**row, **lists, **texts})
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error
    console.err(f"{len(records)} runs written to {path}")
    is_printed = not as_json or console.out_json({"file": str(path), "runs": len(records)})
    return 0 if is_printed else 1
