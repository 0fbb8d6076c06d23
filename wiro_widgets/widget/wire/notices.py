"""Notices: what went wrong, or why it takes longer, in a title and a sentence that says what to do."""

from __future__ import annotations

from wiro_widgets.protocol.errors import (
    ApiError,
    BudgetExceeded,
    InvalidParameter,
    RunOutcomeUnknown,
    TaskCancelled,
    TaskFailed,
    WiroError,
)
from wiro_widgets.protocol.state import TaskState

_MAX_NOTE = 500  # characters, the last ones, of what Wiro says of a failed set-up


def notice_of(error: WiroError) -> dict[str, str]:
    """Return the notice of an error."""
    if isinstance(error, TaskCancelled):
        return {"kind": "info", "title": "Stopped", "text": str(error)}
    if isinstance(error, TaskFailed):
        code = "" if error.exit_code is None else f" with exit code {error.exit_code}"
        return {"kind": "error", "title": f"The model stopped{code}", "text": str(error)}
    if isinstance(error, InvalidParameter):
        return {"kind": "error", "title": f"{error.parameter} needs another value", "text": str(error)}
    titles: tuple[tuple[type[WiroError], str], ...] = (
        (RunOutcomeUnknown, "Nobody knows whether this run was started"),
        (BudgetExceeded, "This would pass the budget"),
        (ApiError, "Wiro refused"),
        (WiroError, "This did not work"),
    )
    title = next(title for kind, title in titles if isinstance(error, kind))
    return {"kind": "error", "title": title, "text": str(error)}


def waiting_note(state: TaskState) -> dict[str, str] | None:
    """Return the notice of a set-up that failed and is tried again, while it is."""
    if state.settled or not state.note:
        return None
    return {"kind": "info", "title": "Wiro tries again", "text": state.note.strip()[-_MAX_NOTE:]}
