"""Executes a notebook in a kernel of its own, without a page.

nbformat is imported by whoever comes first: it compiles grammars for two seconds, which not every worker need do.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def execute(path: Path, *, folder: Path, env: Mapping[str, str]) -> Any:
    """Execute a notebook file in `folder` and return it as Jupyter would save it; an error in a cell is raised."""
    import nbformat  # noqa: PLC0415 - see above
    from nbclient import NotebookClient  # noqa: PLC0415 - the same

    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call] # it has no types
    resources = {"metadata": {"path": folder}}
    NotebookClient(notebook, timeout=60, kernel_name="python3", resources=resources).execute(env=dict(env))
    return notebook


def validate(notebook: Any) -> None:
    """Check a notebook against the format's schema; raises ValidationError."""
    import nbformat  # noqa: PLC0415 - see above

    nbformat.validate(notebook)
