"""Selection: the trait `Gallery.selected`, records in Python and ids of runs on their way to the browser."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import traitlets

from wiro_widgets.protocol.record import TaskRecord


class SelectedRuns(list[TaskRecord]):
    """The records of selected runs, with the ids by which the journal knows these runs."""

    def __init__(self, records: Iterable[TaskRecord] = (), ids: Iterable[str] = ()) -> None:
        super().__init__(records)
        self.ids = tuple(ids)


class SelectionTrait(traitlets.TraitType[list[TaskRecord], Any]):
    """A list of records; records or task ids can be assigned. The gallery finds the runs of them."""

    info_text = "a list of records or task ids"

    def default(self, _obj: Any = None) -> SelectedRuns:
        """Return an empty selection."""
        return SelectedRuns()

    def validate(self, obj: Any, value: Any) -> SelectedRuns:
        """Return the selection; raises TraitError for what is no record and no task id."""
        if isinstance(value, SelectedRuns):
            return value
        if isinstance(value, str) or not isinstance(value, Iterable):
            self.error(obj, value)
        items = list(value)
        if not all(isinstance(item, TaskRecord | str) for item in items):
            self.error(obj, value)
        selection: SelectedRuns = obj._runs_of(items)  # noqa: SLF001 - the trait is the gallery's
        return selection
