"""History: the journal of one Wiro as records, newest first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from wiro_widgets.results import table

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from wiro_widgets.protocol.record import TaskRecord
    from wiro_widgets.results.journal import Journal
    from wiro_widgets.results.store import JournalRow


class History:
    """The runs that were sent to one Wiro, from every kernel and process that shares the journal.

    ::

        history = client.history
        history["534574"].total_cost
        history.find(model="tencent/hunyuan-flux-srpo", text="cat", limit=10)
    """

    def __init__(self, journal: Journal, server: str) -> None:
        self._journal = journal
        self._server = server

    def records(self, limit: int | None = None) -> list[TaskRecord]:
        """Return the records, newest first."""
        return self._journal.records(self._server, limit=limit)

    def find(
        self,
        model: str | None = None,
        *,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        outcome: str | None = None,
        text: str | None = None,
        limit: int | None = None,
    ) -> list[TaskRecord]:
        """Return the records that fit, newest first.

        Times are datetimes or ISO 8601 text, local where they name no zone; `outcome` is a `TaskRecord.outcome`;
        `text` is looked for in the prompt and the other texts of the parameters, whatever its case.
        Raises ValueError for a text that is no time.
        """
        return self._journal.records(
            self._server,
            model=model,
            since=_moment(since),
            until=_moment(until),
            outcome=outcome,
            text=text,
            limit=limit,
        )

    def unfinished(self) -> list[JournalRow]:
        """Return the runs that were cut off or still go on: `client.attach(row.task_id)` picks one up.

        A row without a task id was sent without a reply: look at your tasks on Wiro before running it again.
        """
        return self._journal.unfinished(self._server)

    def to_pandas(self, expand: bool = False) -> pd.DataFrame:
        """Return one row a task; see `wiro_widgets.to_pandas`."""
        return table.to_pandas(self.records(), expand=expand)

    def __getitem__(self, task_id: str) -> TaskRecord:
        found = self._journal.records(self._server, task_id=str(task_id), limit=1)
        if not found:
            raise KeyError(
                f"no task {task_id} in this history; client.attach({str(task_id)!r}) asks Wiro for it"
            )
        return found[0]

    def __iter__(self) -> Iterator[TaskRecord]:
        return iter(self.records())

    def __len__(self) -> int:
        return len(self.records())

    def __repr__(self) -> str:
        records = self.records()
        newest = records[0].created_at if records else None
        when = f", newest {newest:%Y-%m-%d %H:%M} UTC" if newest else ""
        runs = "1 run" if len(records) == 1 else f"{len(records)} runs"
        return f"<History of {self._server}: {runs}{when}>"


def _moment(value: datetime | str | None) -> datetime | None:
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found.astimezone(UTC) if found else None
