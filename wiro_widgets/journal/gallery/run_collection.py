"""RunCollection: the runs of one server as the gallery works with them: looked through, annotated, forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from wiro_widgets.journal import output_files
from wiro_widgets.journal.gallery import ranking, run_listing
from wiro_widgets.journal.gallery.derived_file import folder_of
from wiro_widgets.journal.gallery.picture_cache import PictureCache
from wiro_widgets.journal.gallery.ranking import Pick
from wiro_widgets.journal.gallery.run_index import RunIndex
from wiro_widgets.journal.gallery.run_listing import Filter, Listing
from wiro_widgets.journal.journal import Journal
from wiro_widgets.journal.result import TaskResult, verified_result
from wiro_widgets.journal.row import SENT, JournalRow, Query, record_of_row
from wiro_widgets.media.cloud_files import OutputFolder
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.errors import WiroError
from wiro_widgets.protocol.record import TaskRecord

MAX_RELATIVES: Final = 50  # of each kind that are shown beside a run


class RunCollection:
    """The runs of one server, with the index and the cache of small pictures beside the journal; for several threads.

    Files of imported runs are opened only in `output_dir`.
    """

    def __init__(self, journal: Journal, server: str, output_dir: OutputFolder | None) -> None:
        self.output_dir = output_dir
        folder = folder_of(journal.path)
        self.pictures = PictureCache(folder)
        self.index = RunIndex(journal, folder, self.pictures.forget)
        self._journal = journal
        self._server = server

    def __repr__(self) -> str:
        return f"<RunCollection of {self._server}>"

    @property
    def trouble(self) -> str | None:
        """The last warning about the journal's file."""
        return self._journal.trouble

    def listing(self, filters: Sequence[Filter], limit: int | None = None) -> Listing:
        """Return the runs that match all filters, newest first; raises sqlite3.OperationalError if interrupted."""
        return run_listing.read(self.index, self._server, filters, limit)

    def models(self) -> list[tuple[str, int]]:
        """Return the models with the number of runs of each, the most used first."""
        return run_listing.models(self.index, self._server)

    def tags(self) -> list[str]:
        """Return the tags in use, the most used first."""
        return run_listing.tags(self.index, self._server)

    def ids(self, numbers: Sequence[int]) -> list[str]:
        """Return the ids of runs by their numbers in the index; those that are gone are left out."""
        return [run_id for run_id in self.ids_or_none(numbers) if run_id is not None]

    def ids_or_none(self, numbers: Sequence[int]) -> list[str | None]:
        """Return an id for each number, None where the run is gone."""
        ids = run_listing.ids_by_number(self.index, numbers)
        return [ids.get(number) for number in numbers]

    def rows(self, run_ids: Iterable[str]) -> list[JournalRow]:
        """Return the rows of runs, in the order of the ids; those that are gone are left out."""
        ids = list(dict.fromkeys(run_ids))
        rows = {row.id: row for row in self._journal.rows(Query(server=self._server, ids=ids))} if ids else {}
        if missing := [run_id for run_id in ids if run_id not in rows]:
            self.index.forget(missing)  # a process that could not write them down has ended
        return [rows[run_id] for run_id in ids if run_id in rows]

    def row(self, run_id: str) -> JournalRow | None:
        """Return the row of a run; None if it is gone."""
        return next(iter(self.rows([run_id])), None)

    def records(self, run_ids: Iterable[str]) -> list[TaskRecord]:
        """Return the records of runs, in the order of the ids."""
        return [record_of_row(row) for row in self.rows(run_ids)]

    def ids_of_tasks(self, task_ids: Iterable[str]) -> list[str]:
        """Return the ids of the runs that became these tasks, in their order; unknown ones are left out."""
        rows = (self._journal.find(task_id, self._server) for task_id in task_ids)
        return [row.id for row in rows if row is not None]

    def relatives(self, row: JournalRow) -> tuple[list[JournalRow | str], list[JournalRow | str]]:
        """Return the runs that a run was made from, a task id for one that is not here, and those made from it."""
        parents = record_of_row(row).parents[:MAX_RELATIVES]
        rows: list[JournalRow | str] = [self._journal.find(item, self._server) or item for item in parents]
        query = Query(server=self._server, parent=row.task_id, outcomes=SENT)
        children: list[JournalRow | str] = []
        if row.task_id:
            children.extend(self._journal.rows(query, MAX_RELATIVES))
        return rows, children

    def parent_outputs(self, row: JournalRow) -> dict[str, Output]:
        """Return the outputs of the runs that a run was made from, by digest; those that are missing are left out."""
        outputs: dict[str, Output] = {}
        for task_id in record_of_row(row).parents[:MAX_RELATIVES]:
            parent = self._journal.find(task_id, self._server)
            digests = {item.path: item.sha256 for item in parent.files} if parent else {}
            for path, output in (
                zip(parent.paths, self.result(parent).outputs, strict=False) if parent else ()
            ):
                if path in digests and output.error is None and output.path is not None:
                    outputs[digests[path]] = output
        return outputs

    def picks(self) -> list[Pick]:
        """Return which of two runs a person found better, in order."""
        return ranking.read(self._journal)

    def pick(self, pick: Pick) -> None:
        """Write a pick down; raises WiroError if a run is gone or the journal cannot take it."""
        if pick.better == pick.worse or len(self.rows((pick.better, pick.worse))) < 2:  # noqa: PLR2004 - a pair
            raise WiroError("One of the two runs is no longer in the history.")
        ranking.add(self._journal, pick)

    def result(self, row: JournalRow) -> TaskResult:
        """Return the outputs of a run; a file that does not answer for it is an output with an error."""
        return verified_result(row, self.output_dir)

    def annotate(self, changes: Mapping[str, Mapping[str, Any]]) -> None:
        """Write down what a person says of runs, by their ids: `star`, `tags`, `notes`."""
        self._journal.annotate_each(changes)

    def forget(self, run_ids: Iterable[str], *, files: bool) -> tuple[str, ...]:
        """Delete runs, with `files` their files too; return the files that are left, as those of imported runs are."""
        rows = self.rows(run_ids)
        left_files = [path for row in rows if files for path in output_files.delete(row)]
        ids = [row.id for row in rows]
        self._journal.forget(*ids)
        self.index.forget(ids)
        return tuple(left_files)

    def close(self) -> None:
        """Close the files; closing twice is fine."""
        self.index.close()
        self.pictures.close()
