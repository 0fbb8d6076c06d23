"""RunOptions: how a run is carried out, beside its model and its values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wiro_widgets.display.live_line import ProgressMode

OnInterrupt = Literal["stop", "detach"]
UnknownPolicy = Literal[
    "ask", "send"
]  # what a sweep does with a cell whose earlier run may have become a task


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
