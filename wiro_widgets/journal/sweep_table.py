"""A sweep as a DataFrame: which cell, what it has of the axes, and its record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wiro_widgets.journal import dataframe
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.schema import scalars

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

STATUSES = ("pending", "running", "succeeded", "failed", "cancelled", "refused", "unknown")


@dataclass(frozen=True, slots=True)
class SweepRow:
    """What a table has of one cell: its status, its values of the axes, its record.

    `error` is why it has no result, not all of its files or no value; `value` is what `then` made of the result.
    """

    status: str
    chosen: Sequence[Any]
    record: TaskRecord
    error: str | None = None
    value: Any = None


def to_pandas(names: Sequence[str], rows: Sequence[SweepRow], *, expand: bool) -> pd.DataFrame:
    """Return one row a cell; `names` are those of the axes.

    Columns: `cell`, `cell_status`, `axis.<id>`, `cell_value` where `then` made any, `cell_error`, then a record's.
    Axes and values are in the narrowest type that holds them exactly, and objects where no number or text is all of it.
    Raises ConfigurationError when pandas is not installed.
    """
    found = dataframe.to_pandas([row.record for row in rows], expand=expand)
    import pandas as pd  # noqa: PLC0415 - optional and slow, and there since the line above

    statuses = pd.Categorical([row.status for row in rows], pd.Index(STATUSES, dtype="str"))
    front: dict[str, pd.Series[Any]] = {
        "cell": pd.Series(range(len(rows)), dtype="int64"),
        "cell_status": pd.Series(statuses),
    }
    front |= {
        f"axis.{name}": dataframe.column([row.chosen[place] for row in rows])
        for place, name in enumerate(names)
    }
    if any(row.value is not None for row in rows):
        front["cell_value"] = _values([row.value for row in rows])
    front["cell_error"] = pd.Series([row.error for row in rows], dtype="string")
    for place, (name, column) in enumerate(front.items()):
        found.insert(place, name, column)
    return found


def _values(values: list[Any]) -> pd.Series[Any]:
    """Return numbers and texts as a column of their type, anything else as it is."""
    import pandas as pd  # noqa: PLC0415 - as above

    plain = [scalars.python_scalar(value) for value in values]
    if all(value is None or isinstance(value, str | int | float) for value in plain):
        return dataframe.column(plain)
    return pd.Series(values, dtype="object")
