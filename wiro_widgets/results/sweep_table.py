"""A sweep as a DataFrame: which cell, what it has of the axes, and its record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.results import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

STATUSES = ("pending", "running", "succeeded", "failed", "cancelled", "refused", "unknown")


def to_pandas(
    names: Sequence[str], rows: Sequence[tuple[str, Sequence[Any], TaskRecord]], *, expand: bool
) -> pd.DataFrame:
    """Return one row a cell; `rows` have its status, its values of the axes named by `names`, and its record.

    Columns: `cell`, its `cell_status`, `axis.<id>` in the narrowest exact type, then those of a record.
    Raises ConfigurationError when pandas is not installed.
    """
    found = table.to_pandas([record for _, _, record in rows], expand=expand)
    import pandas as pd  # noqa: PLC0415 - optional and slow, and there since the line above

    statuses = pd.Categorical([status for status, _, _ in rows], pd.Index(STATUSES, dtype="str"))
    found.insert(0, "cell", pd.Series(range(len(rows)), dtype="int64"))
    found.insert(1, "cell_status", pd.Series(statuses))
    for place, name in enumerate(names):
        values = [chosen[place] for _, chosen, _ in rows]
        found.insert(2 + place, f"axis.{name}", table.column(values))
    return found
