"""RunOptions: how a run is carried out, beside its model and its values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wiro_widgets.display.live_line import ProgressMode
from wiro_widgets.protocol.errors import InvalidParameter

OnInterrupt = Literal["stop", "detach"]
# What a sweep does with a cell whose earlier run may have become a task.
UnknownPolicy = Literal["ask", "send"]


def check_wait(on_interrupt: OnInterrupt | None, timeout: float | None = None) -> None:
    """Raise InvalidParameter for what a wait cannot do, before anything is sent."""
    if on_interrupt not in (None, "stop", "detach"):
        raise InvalidParameter("on_interrupt", f'"stop" or "detach" is needed, not {on_interrupt!r}')
    if timeout is not None and (not isinstance(timeout, int | float) or not timeout >= 0):
        raise InvalidParameter("timeout", f"a number of seconds or None is needed, not {timeout!r}")


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Passed from the client or a sweep to the task, and from there to the submission.

    `on_interrupt` says what an interrupted wait does to the remote task, `progress` what a wait shows. Without
    `fetch_outputs` the outputs are downloaded elsewhere. With `reuse` a run with a fixed seed is answered from the
    history, or by an equal run that is under way. `cell` numbers the equal cells of a sweep; with `share_cell` any
    earlier run of that cell, from whichever process, stands in for this one; `unknown` says what happens if the journal
    cannot tell whether there is one.
    """

    on_interrupt: OnInterrupt = "stop"
    progress: ProgressMode = None
    fetch_outputs: bool = True
    reuse: bool = False
    cell: int | None = None
    share_cell: bool = False
    unknown: UnknownPolicy = "ask"

    def __post_init__(self) -> None:
        check_wait(self.on_interrupt)
