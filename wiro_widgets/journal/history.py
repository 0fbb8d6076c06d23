"""History: the runs of one server as records, newest first, with stars, tags and notes."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from wiro_widgets.display.live_line import ProgressMode
from wiro_widgets.journal import dataframe, event_log, export, history_query, lineage, output_files
from wiro_widgets.journal.gallery.derived_file import has_derived_files
from wiro_widgets.journal.gallery.run_collection import RunCollection
from wiro_widgets.journal.history_query import Moment
from wiro_widgets.journal.journal import Journal
from wiro_widgets.journal.lineage import Lineage
from wiro_widgets.journal.result import TaskResult, verified_result
from wiro_widgets.journal.row import SENT, JournalRow, Query, record_of_row
from wiro_widgets.media.cloud_files import OutputFolder
from wiro_widgets.protocol.errors import ConfigurationError, WiroWarning
from wiro_widgets.protocol.record import TaskRecord, task_id_of
from wiro_widgets.protocol.schema.scalars import short_repr
from wiro_widgets.render import html
from wiro_widgets.render.notebook_repr import NotebookRepr
from wiro_widgets.render.run_words import count

if TYPE_CHECKING:
    import pandas as pd

_NAMED_TASKS: Final = 5
Sync = Callable[[datetime | None, ProgressMode], Any]
PREVIEW: Final = 12  # runs that a notebook shows


@dataclass(frozen=True, slots=True)
class SyncSummary:
    """What `History.sync` has read: how many runs are `new`, `corrected`, or `present` as they are.

    `running` are the ids of tasks that are not over: `client.attach` follows one, and the next sync takes it in.
    `is_complete` is False if Wiro's list did not show its end.
    """

    new: int = 0
    corrected: int = 0
    present: int = 0
    running: tuple[str, ...] = ()
    is_complete: bool = True

    def __str__(self) -> str:
        facts = [count(self.new, "new run"), f"{self.present:,} already there"]
        if self.corrected:
            facts.append(f"{self.corrected:,} corrected")
        if self.running:
            names = ", ".join(self.running[:_NAMED_TASKS])
            more = ", ..." if len(self.running) > _NAMED_TASKS else ""
            facts.append(f"{len(self.running):,} not over (task {names}{more})")
        if not self.is_complete:
            facts.append("the end of Wiro's list was not seen")
        return ", ".join(facts)


class History(NotebookRepr):
    """The runs that were sent to one server, from every kernel and process that shares the journal.

    `delete_files` deletes a task's files at Wiro; without it `forget(server=True)` is refused. Files of imported runs
    are opened only if they lie in `output_dir`. `sync` reads Wiro's list of tasks. A run is named by the id of its task
    or by its record. A file that is no longer here is fetched by `client.attach(task_id)`.

    >>> history = client.history
    >>> history[task.id].total_cost
    >>> history.find(model="tencent/hunyuan-flux-srpo", text="cat", parameters={"steps": 20}, limit=10)
    """

    _internal_names = (
        "collection",
        "with_client",
    )

    def __init__(
        self,
        journal: Journal,
        server: str,
        *,
        output_dir: OutputFolder | None = None,
        delete_files: Callable[[str], object] | None = None,
        sync: Sync | None = None,
    ) -> None:
        self._journal = journal
        self._server = server
        self._output_dir = output_dir
        self._delete_files = delete_files
        self._sync = sync
        self._client: Any = None

    def with_client(self, client: Any, delete_files: Callable[[str], object], sync: Sync) -> History:
        """Return this history with its blocking Client, for `gallery`, and its ways to ask Wiro."""
        history = History(
            self._journal, self._server, output_dir=self._output_dir, delete_files=delete_files, sync=sync
        )
        history._client = client
        return history

    def collection(self) -> RunCollection:
        """Return the runs as a gallery works with them; it holds files open until it is closed."""
        return RunCollection(self._journal, self._server, self._output_dir)

    def gallery(self, **query: Any) -> Any:
        """Return a `wiro_widgets.Gallery` of these runs; the query is as there: model, text, starred, tags, since."""
        if self._client is None:
            raise ConfigurationError("A gallery needs a blocking client: wiro.Client().history.gallery().")
        # The gallery is in a room above this one, so it is asked for by its public name, as a user would.
        return import_module("wiro_widgets").Gallery(self._client, **query)

    def records(self, limit: int | None = None) -> list[TaskRecord]:
        """Return the records, newest first."""
        return self._journal.records(self._server, limit=history_query.check_limit(limit))

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
        """Return the records that match all arguments, newest first.

        A record matches one of several models or outcomes (see `TaskRecord.outcome`), and all of several tags. Times
        are datetimes or ISO 8601 text, local if they name no zone; a day counts whole. `text` is looked for in the
        prompt and the other texts of the parameters, `note` in the notes, both whatever their case; `parameters` are
        values that must be equal. Raises ValueError that names an argument with a wrong value.
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
        return self._journal.records(self._server, query, history_query.check_limit(limit))

    def sync(self, since: Moment | None = None, *, progress: ProgressMode = None) -> SyncSummary:
        """Take the runs of Wiro's list of tasks into the history, with their costs as Wiro says them.

        For a new machine, and for runs that were made elsewhere. `since` is a time as for `find`, None for all tasks;
        of an `AsyncClient` the call is awaited. Runs that are there stay, with their cost corrected. What is taken in
        has no files (`client.attach` fetches those that Wiro still has), answers for no run, and saves none. Raises
        TransportError or an ApiError if the list cannot be read to its end: what was read stays, and the next sync goes
        on. Raises ConfigurationError if the journal cannot be read, ValueError for another `since`.

        >>> print(client.history.sync(since="2026-11-01"))
        """
        if self._sync is None:
            raise ConfigurationError("Wiro is asked by the history of a client: client.history.sync().")
        summary: SyncSummary = self._sync(history_query.moment("since", since), progress)
        return summary

    def unfinished(self) -> list[JournalRow]:
        """Return the runs that were cut off or still run; `client.recover()` attaches to them and settles them.

        A row without a task id was sent and got no reply: look at your tasks on Wiro before you run it again, and
        `close` the row if there is none of it.
        """
        return self._journal.unfinished(self._server)

    def close(self, journal_id: str, note: str = "") -> None:
        """End a run that never became a task, as you saw on Wiro: it is not unfinished, and a sweep may send it again.

        Nobody is asked. Raises KeyError if there is no such run, InvalidParameter if it has a task or a process is
        sending it, ConfigurationError if the journal cannot be read.
        """
        self._journal.end(str(journal_id), self._server, str(note))

    # One run

    def __getitem__(self, task_id: str | TaskRecord) -> TaskRecord:
        return record_of_row(self._row(task_id))

    def result(self, task_id: str | TaskRecord) -> TaskResult:
        """Return the result of a run from its files; a picture is opened on demand. Raises KeyError.

        Nothing is fetched: a file that is missing, that was changed since the run settled, or that an imported run has
        outside of the output folder, is an output with an error. `client.attach(task_id)` fetches what Wiro still has.

        >>> result = client.history.result(task.id)
        >>> if any(output.error for output in result.outputs):
        ...     result = client.attach(task.id).wait()
        """
        return verified_result(self._row(task_id), self._output_dir)

    def lineage(self, task_id: str | TaskRecord) -> Lineage:
        """Return what a run was made from, and what was made from its outputs, as a tree both ways.

        Raises KeyError for a task that is not in the history; a parent that is not there has a record without a model.

        >>> print(client.history.lineage(task.id))
        """
        return lineage.of(self._journal, self._server, self._row(task_id))

    def events_to_pandas(self, task_id: str | TaskRecord, *, tz: tzinfo | str | None = "UTC") -> pd.DataFrame:
        """Return one row for each event received of the task: time, seconds, kind, text, progress.

        `tz` is the time zone of the times; None gives UTC without a zone. Raises KeyError for a task that is not in the
        history, ConfigurationError if pandas is not installed.
        """
        return dataframe.in_zone(event_log.to_pandas(self._journal.events(self._row(task_id).id)), tz)

    def star(self, task_id: str | TaskRecord, on: bool = True) -> None:
        """Set or remove the star of a run. Raises KeyError."""
        self._journal.annotate(self._row(task_id).id, star=bool(on))

    def tag(self, task_id: str | TaskRecord, *tags: str) -> None:
        """Add tags to a run. Raises KeyError."""
        row = self._row(task_id)
        self._journal.annotate(row.id, tags=tuple(dict.fromkeys((*row.tags, *map(str, tags)))))

    def untag(self, task_id: str | TaskRecord, *tags: str) -> None:
        """Remove these tags of a run, or all. Raises KeyError."""
        row = self._row(task_id)
        self._journal.annotate(row.id, tags=tuple(tag for tag in row.tags if tags and tag not in tags))

    def note(self, task_id: str | TaskRecord, text: str) -> None:
        """Replace the note of a run. Raises KeyError."""
        self._journal.annotate(self._row(task_id).id, notes=str(text))

    def forget(self, task_id: str | TaskRecord, *, files: bool = False, server: bool = False) -> None:
        """Delete a run from the history; with `files` its files here, with `server` its files at Wiro (first).

        Files of an imported run are not deleted, and a WiroWarning names them: the author of the imported history chose
        the paths. Raises KeyError, and what the call to Wiro raises: then nothing is deleted.
        """
        row = self._row(task_id)
        if server and self._delete_files is None:
            raise ConfigurationError("Await client.delete_files(task_id) first, then forget the run here.")
        if server and self._delete_files is not None:
            self._delete_files(task_id_of(task_id))
        left_files = output_files.delete(row) if files else ()
        self._journal.forget(row.id)
        if has_derived_files(self._journal.path):  # which have its prompt and its pictures
            with closing(self.collection()) as collection:
                collection.index.forget([row.id])
        if left_files:
            warnings.warn(
                f"The run of task {row.task_id} was imported, so the files that it names are left: "
                f"{', '.join(left_files)}. Delete them yourself if they are yours.",
                WiroWarning,
                stacklevel=2,
            )

    # All of them

    def spending(
        self,
        by: Literal["model", "day"] = "model",
        *,
        since: Moment | None = None,
        until: Moment | None = None,
    ) -> dict[str, float]:
        """Return USD by model, the largest first, or by local day as "2026-05-01", the newest first.

        Costs are added up exactly; a run without a cost counts as nothing.
        """
        if by not in ("model", "day"):
            raise ValueError(f'spending is by "model" or by "day", not by {short_repr(by)}')
        key = _model if by == "model" else _day
        sums = _sums((key(record), _cost(record)) for record in self.find(since=since, until=until))
        return sums if by == "model" else dict(sorted(sums.items(), reverse=True))

    def savings(self) -> dict[str, float]:
        """Return USD by model that `reuse=True` has saved, the largest first: the cost of the runs that it answered."""
        return _sums(
            (_model(record), record.reuses * _cost(record)) for record in self.records() if record.reuses
        )

    def to_pandas(self, expand: bool = False, *, tz: tzinfo | str | None = "UTC") -> pd.DataFrame:
        """Return one row a task; see `wiro_widgets.to_pandas`."""
        cells = self._journal.cells(self._server, dataframe.CELLS_SQL)
        table = None if cells is None else dataframe.from_cells(cells, expand=expand, tz=tz)
        return dataframe.to_pandas(self.records(), expand=expand, tz=tz) if table is None else table

    def export_to(self, path: str | Path, *, expand: bool = False) -> int:
        """Write the history to a file and return the number of runs: .jsonl (all of it), .csv or .parquet (the table).

        `expand` adds a column `param.<id>` for each parameter to the table. Raises ConfigurationError for another
        ending, or if what the format needs is not installed.
        """
        rows = self._journal.rows(Query(server=self._server, outcomes=SENT))
        return export.write(Path(path).expanduser(), rows, self._journal.events, expand=expand)

    def import_from(self, path: str | Path) -> int:
        """Import the runs of a file that `export_to` wrote, and return how many of them were new.

        A .csv or .parquet has no event logs. Raises WiroError that names the line or column if the file is damaged;
        then nothing is imported.
        """
        present = self._journal.rows(Query())  # with the runs of other servers, which keep their ids
        ids = {row.id for row in present}
        runs = {_run_key(row) for row in present if row.server == self._server}
        rows, events = export.read(Path(path).expanduser(), self._server)
        new = {row.id: row for row in rows if row.id not in ids and _run_key(row) not in runs}
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
        open_count = len(self.unfinished())
        unfinished = f", {open_count} unfinished, which client.recover() picks up" if open_count else ""
        return f"<History of {self._server}: {runs}{when}{unfinished}>"

    def _repr_html_(self) -> str:
        rows = self._journal.rows(Query(server=self._server, outcomes=SENT), PREVIEW)
        return html.history(repr(self), [self._shown_record(row) for row in rows])

    def _shown_record(self, row: JournalRow) -> TaskRecord:
        """Return the record of a run without the files that an imported history names elsewhere on this machine."""
        paths = output_files.verified_paths(row, self._output_dir) if row.is_imported else row.paths
        return record_of_row(replace(row, paths=output_files.paths_here(replace(row, paths=paths))))

    def _row(self, task_id: str | TaskRecord) -> JournalRow:
        name = task_id_of(task_id)
        for row in self._journal.rows(Query(server=self._server, task_id=name, outcomes=SENT), 1):
            return row
        raise KeyError(f"no task {name} in this history; client.attach({name!r}) asks Wiro for it")


def _run_key(row: JournalRow) -> tuple[str | None, datetime | None]:
    """Return what identifies a run whose row has another id: its task and time, since a sandbox reuses task ids."""
    return row.task_id, row.record.created_at if row.record else row.intent_at


def _sums(costs: Iterable[tuple[str, Decimal]]) -> dict[str, float]:
    """Add up costs by key, the largest sum first."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for key, cost in costs:
        sums[key] += cost
    return {key: float(sums[key]) for key in sorted(sums, key=sums.__getitem__, reverse=True)}


def _cost(record: TaskRecord) -> Decimal:
    return Decimal(str(record.total_cost or 0))


def _model(record: TaskRecord) -> str:
    return record.model or "unknown"


def _day(record: TaskRecord) -> str:
    return f"{record.created_at.astimezone():%Y-%m-%d}" if record.created_at else "unknown"
