"""History: the journal of one Wiro as records, newest first, and what a person says of them."""

from __future__ import annotations

import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from wiro_widgets.journal import dataframe as table
from wiro_widgets.journal import event_log, export, history_query, spending
from wiro_widgets.journal.result import TaskResult, result_of
from wiro_widgets.journal.row import SENT, UNSETTLED, Query, as_kept, record_of_row
from wiro_widgets.protocol.errors import ConfigurationError, WiroWarning
from wiro_widgets.render import html
from wiro_widgets.render.notebook_repr import NotebookRepr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    import pandas as pd

    from wiro_widgets.journal.history_query import Moment
    from wiro_widgets.journal.journal import Journal
    from wiro_widgets.journal.row import JournalRow
    from wiro_widgets.protocol.record import TaskRecord

SHOWN = 12  # runs that a notebook shows


class History(NotebookRepr):
    """The runs that were sent to one Wiro, from every kernel and process that shares the journal.

    `delete_files` deletes a task's files at Wiro; without it `forget(server=True)` is refused.

    ::

        history = client.history
        history["534574"].total_cost
        history.find(model="tencent/hunyuan-flux-srpo", text="cat", parameters={"steps": 20}, limit=10)
    """

    def __init__(
        self, journal: Journal, server: str, *, delete_files: Callable[[str], object] | None = None
    ) -> None:
        self._journal = journal
        self._server = server
        self._delete_files = delete_files

    def with_deletion(self, delete_files: Callable[[str], object]) -> History:
        """Return this history with a way to delete a task's files at Wiro."""
        return History(self._journal, self._server, delete_files=delete_files)

    def records(self, limit: int | None = None) -> list[TaskRecord]:
        """Return the records, newest first."""
        return self._journal.records(self._server, limit=history_query.count(limit))

    def find(
        self,
        model: str | Iterable[str] | None = None,
        *,
        since: Moment | None = None,
        until: Moment | None = None,
        outcome: str | Iterable[str] | None = None,
        text: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        star: bool | None = None,
        tag: str | Iterable[str] = (),
        note: str | None = None,
        limit: int | None = None,
    ) -> list[TaskRecord]:
        """Return the records that fit all that is given, newest first.

        Of several models or outcomes (see `TaskRecord.outcome`) any fits, of several tags all must. Times are datetimes
        or ISO 8601 text, local where they name no zone, and a day is meant whole. `text` is looked for in the prompt
        and the other texts of the parameters, `note` in the notes, whatever their case; `parameters` are values that
        must be equal. Raises ValueError that names what is none of this.
        """
        query = history_query.query(
            model=model,
            since=since,
            until=until,
            outcome=outcome,
            text=text,
            parameters=parameters,
            star=star,
            tag=tag,
            note=note,
        )
        return self._journal.records(self._server, query, history_query.count(limit))

    def unfinished(self) -> list[JournalRow]:
        """Return the runs that were cut off or still go on: `client.recover()` picks them up and sees how they ended.

        A row without a task id was sent without a reply: look at your tasks on Wiro before running it again.
        """
        return self._journal.unfinished(self._server)

    # One run

    def __getitem__(self, task_id: str) -> TaskRecord:
        return record_of_row(self._row(task_id))

    def result(self, task_id: str) -> TaskResult:
        """Return the result of a run from its files; a picture is opened when it is looked at. Raises KeyError."""
        return result_of(self[task_id])

    def events_to_pandas(self, task_id: str) -> pd.DataFrame:
        """Return one row for each event of the task that was heard: time, seconds, kind, text, progress.

        Raises KeyError for a task that is not in the history, ConfigurationError without pandas.
        """
        return event_log.to_pandas(self._journal.events(self._row(task_id).id))

    def star(self, task_id: str, on: bool = True) -> None:
        """Mark a run, or take the mark away. Raises KeyError."""
        self._journal.annotate(self._row(task_id).id, star=bool(on))

    def tag(self, task_id: str, *tags: str) -> None:
        """Give a run these tags as well. Raises KeyError."""
        row = self._row(task_id)
        self._journal.annotate(row.id, tags=tuple(dict.fromkeys((*row.tags, *map(str, tags)))))

    def untag(self, task_id: str, *tags: str) -> None:
        """Take these tags away, or all. Raises KeyError."""
        row = self._row(task_id)
        self._journal.annotate(row.id, tags=tuple(tag for tag in row.tags if tags and tag not in tags))

    def note(self, task_id: str, text: str) -> None:
        """Write a note about a run in place of the one before. Raises KeyError."""
        self._journal.annotate(self._row(task_id).id, notes=str(text))

    def forget(self, task_id: str, *, files: bool = False, server: bool = False) -> None:
        """Delete a run from the history; with `files` its files here, with `server` its files at Wiro (first).

        Files of an imported run are left, and a WiroWarning names them: whoever wrote that history chose the paths.
        Raises KeyError, and what the call to Wiro raises: then nothing is deleted.
        """
        row = self._row(task_id)
        if server and self._delete_files is None:
            raise ConfigurationError("Await client.delete_files(task_id) first, then forget the run here.")
        if server and self._delete_files is not None:
            self._delete_files(str(task_id))
        own = row.pid is not None  # nobody here began an imported run
        for name in row.paths if files and own else ():
            with suppress(FileNotFoundError):
                Path(name).unlink()
        self._journal.forget(row.id)
        if files and not own:
            _tell_of_files(row)

    # All of them

    def spending(
        self,
        by: Literal["model", "day"] = "model",
        *,
        since: Moment | None = None,
        until: Moment | None = None,
    ) -> dict[str, float]:
        """Return USD by model, the largest first, or by day of your own clock as "2026-05-01", the newest first."""
        return spending.spending(self.find(since=since, until=until), by)

    def savings(self) -> dict[str, float]:
        """Return USD by model that `reuse=True` has spared, the largest first: what the runs it answered once cost."""
        return spending.savings(self.records())

    def to_pandas(self, expand: bool = False) -> pd.DataFrame:
        """Return one row a task; see `wiro_widgets.to_pandas`."""
        columns = self._journal.columns(self._server)
        found = None if columns is None else table.of_columns(columns, expand=expand)
        return table.to_pandas(self.records(), expand=expand) if found is None else found

    def export_to(self, path: str | Path, *, expand: bool = False) -> int:
        """Write the history to a file and return the number of runs: .jsonl (all of it), .csv or .parquet (the table).

        `expand` gives the table a column `param.<id>` for each parameter. Raises ConfigurationError for another ending,
        or when what the format needs is not installed.
        """
        rows = self._journal.rows(Query(server=self._server, outcomes=SENT))
        return export.write(Path(path).expanduser(), rows, self._journal.events, expand=expand)

    def import_from(self, path: str | Path) -> int:
        """Take in the runs of a file that `export_to` wrote, and return how many of them were new.

        A .csv or .parquet has no event logs. Raises WiroError that names the line or column when the file is damaged;
        then nothing is taken in.
        """
        known = self._journal.rows(Query())  # of another Wiro too: those stay there
        ids = {row.id for row in known}
        runs = {_run(row) for row in known if row.server == self._server}
        rows, events = export.read(Path(path).expanduser(), self._server)
        new = {row.id: row for row in rows if row.id not in ids and _run(row) not in runs}
        self._journal.adopt(new.values(), {run_id: events[run_id] for run_id in new if run_id in events})
        return len(new)

    def __iter__(self) -> Iterator[TaskRecord]:
        return iter(self.records())

    def __len__(self) -> int:
        return self._journal.count(self._server)

    def __repr__(self) -> str:
        newest = next((record.created_at for record in self.records(limit=1)), None)
        when = f", newest {newest:%Y-%m-%d %H:%M} UTC" if newest else ""
        count = len(self)
        runs = "1 run" if count == 1 else f"{count} runs"
        left = self._journal.count(self._server, UNSETTLED)
        unfinished = f", {left} unfinished, which client.recover() picks up" if left else ""
        return f"<History of {self._server}: {runs}{when}{unfinished}>"

    def _repr_html_(self) -> str:
        return html.history(repr(self), self.records(limit=SHOWN))

    def _row(self, task_id: str) -> JournalRow:
        query = Query(server=self._server, task_id=str(task_id), outcomes=as_kept(SENT))
        found = self._journal.rows(query, 1)
        if not found:
            raise KeyError(
                f"no task {task_id} in this history; client.attach({str(task_id)!r}) asks Wiro for it"
            )
        return found[0]


def _run(row: JournalRow) -> tuple[str | None, datetime | None]:
    """Return what tells a run from others where its row has another id; a sandbox begins its task numbers anew."""
    return row.task_id, row.record.created_at if row.record else row.intent_at


def _tell_of_files(row: JournalRow) -> None:
    left = [path for path in row.paths if Path(path).exists()]
    if left:
        warnings.warn(
            f"The run of task {row.task_id} was imported, so the files that it names are left: {', '.join(left)}. "
            "Delete them yourself if they are yours.",
            WiroWarning,
            stacklevel=3,
        )
