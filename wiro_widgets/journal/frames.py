"""Rows into a pandas DataFrame of given types; pandas is imported when it is asked for, not before."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from wiro_widgets.protocol.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd


def require_pandas() -> None:
    """Raise ConfigurationError that says what to install where there is no pandas."""
    try:
        import_module("pandas")  # adds 344 ms to an import, and is optional
    except ImportError as exc:
        raise ConfigurationError('pandas is not installed. Run: pip install "wiro-widgets[pandas]"') from exc


def frame(rows: Sequence[Mapping[str, Any]], dtypes: Mapping[str, str]) -> pd.DataFrame:
    """Return a DataFrame with these columns of these types, also without a row."""
    require_pandas()
    import pandas as pd  # noqa: PLC0415 - optional and slow

    columns = {
        name: pd.Series([row.get(name) for row in rows], dtype=cast("Any", dtype))
        for name, dtype in dtypes.items()
    }
    return pd.DataFrame(columns)


def to_parquet(table: pd.DataFrame, path: Path) -> None:
    """Write a table to Parquet; raises ConfigurationError when nothing that can is installed."""
    try:
        table.to_parquet(path, index=False)
    except ImportError as exc:
        raise ConfigurationError("Parquet needs pyarrow. Run: pip install pyarrow") from exc


def read(path: Path) -> pd.DataFrame:
    """Read a table from Parquet, or from CSV with every value as the text that stands there; nothing is missing.

    Raises ConfigurationError when what the format needs is not installed, ValueError or OSError for any other file.
    """
    require_pandas()
    import pandas as pd  # noqa: PLC0415 - optional and slow

    if path.suffix.lower() == ".csv":
        return pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    try:
        return pd.read_parquet(path)
    except ImportError as exc:
        raise ConfigurationError("Parquet needs pyarrow. Run: pip install pyarrow") from exc
