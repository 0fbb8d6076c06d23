"""What the panel needs from its host: the built front end, IPython's displays, and ipykernel's subshells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wiro_widgets.protocol.errors import ConfigurationError

_STATIC = Path(__file__).parent.parent / "static"


def front_end(name: str = "widget.js") -> str:
    """Return a front end, built from js/ into one module; raises ConfigurationError if it was never built."""
    try:
        return (_STATIC / name).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(
            f"The front end {name} is not built. In a checkout, run: pip install . (or make test)"
        ) from None


def receive_while_busy(comm: Any) -> None:
    """Have the messages of this comm handled on the subshell that the page chose, so that Stop works in a busy cell.

    ipykernel 7.1 to 7.3 do so. 7.4 sends them to the loop that sent last, which is the main one, and Stop would wait
    for the cell that waits for the task. Any thread will do for a panel, which only hands messages over. There is no
    public way, so this replaces a private method of ipykernel's comm. Other kernels have no such method and stay as
    they are.
    """
    if callable(getattr(comm, "_reply_subshell_for", None)):
        comm._reply_subshell_for = _page_subshell  # noqa: SLF001 - see above


def _page_subshell(_message: object, subshell_id: str | None) -> str | None:
    return subshell_id


def is_of_kernel(comm: Any) -> bool:
    """Return True if a comm leads to a kernel that runs cells, and not to a server of web pages."""
    kernel = getattr(comm, "kernel", None)
    if kernel is None:
        return in_notebook()
    return kernel == "marimo" or getattr(kernel, "shell", None) is not None


def in_notebook() -> bool:
    """Return True if there is a kernel whose page can show a widget."""
    try:
        from IPython import get_ipython  # noqa: PLC0415 - without IPython there is no cell
    except ImportError:
        return False
    return hasattr(get_ipython(), "kernel")


def display(data: dict[str, Any], metadata: dict[str, Any] | None = None) -> Any:
    """Show a MIME bundle in the cell that runs, and return IPython's handle to update it."""
    from IPython.display import display as show  # noqa: PLC0415 - only if there is a cell

    return show(data, metadata=metadata, raw=True, display_id=True)  # type: ignore[no-untyped-call] # IPython's


def cell_events() -> Any:
    """Return IPython's events, such as "post_run_cell"."""
    from IPython import get_ipython  # noqa: PLC0415 - only if there is a cell

    return get_ipython().events
