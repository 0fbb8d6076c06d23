"""The results of a panel's runs, as Python asks for them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from wiro_widgets.client.sync_client import Task
from wiro_widgets.journal.dataframe import to_pandas
from wiro_widgets.journal.result import TaskResult
from wiro_widgets.media.output import Output, images_of
from wiro_widgets.protocol.errors import WiroError
from wiro_widgets.protocol.events import TaskEvent
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.runs.options import OnInterrupt

if TYPE_CHECKING:
    import pandas as pd
    from PIL.Image import Image

MAX_TASKS = 500  # tasks of one panel that Python can still ask for


class PanelResults:
    """What came of the runs that a panel started; `Panel` is one of these."""

    _tasks: tuple[Task, ...] = ()
    _runs = 0
    _adding = (
        threading.Lock()
    )  # of every panel: a task is added by whoever begins it, and nothing is called meanwhile

    def _number(self) -> int:
        """Return the number of the next run."""
        self._runs += 1
        return self._runs

    def _add_task(self, task: Task) -> None:
        with self._adding:
            self._tasks = (*self._tasks, task)[-MAX_TASKS:]

    @property
    def task(self) -> Task | None:
        """The current run's task."""
        return self._tasks[-1] if self._tasks else None

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks of this panel, oldest first."""
        return self._tasks

    def wait(self, timeout: float | None = None, *, on_interrupt: OnInterrupt | None = None) -> TaskResult:
        """Wait for the current run and return its result; `timeout` is in seconds.

        Raises what the run raised: InvalidParameter, ConfigurationError, an ApiError, TaskFailed, TaskCancelled,
        TaskTimeout.
        """
        if self.task is None:
            raise WiroError("Nothing has been run yet: press Run in the panel, or call panel.run().")
        return self.task.wait(timeout, on_interrupt=on_interrupt)

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The outputs of the last run that has any."""
        return next((task.outputs for task in reversed(self._tasks) if task.outputs), ())

    @property
    def images(self) -> list[Image]:
        """The pictures of the last run that made some, as PIL images; raises OutputError for a broken one."""
        return images_of(self.outputs)

    @property
    def image(self) -> Image | None:
        """The first picture of the last run that made some."""
        return next((output.image() for output in self.outputs if output.is_image), None)

    @property
    def text(self) -> str | None:
        """What a language model has answered so far."""
        said = self.task.state.text if self.task else None
        return said.text if said else None

    @property
    def record(self) -> TaskRecord | None:
        """The current run as one row, also while it runs."""
        return self.task.record if self.task else None

    @property
    def records(self) -> list[TaskRecord]:
        """The runs of this panel as rows, oldest first."""
        return [task.record for task in self._tasks]

    @property
    def events(self) -> list[TaskEvent]:
        """The events of the current run so far."""
        return self.task.events_so_far() if self.task else []

    def to_pandas(self, *, expand: bool = False) -> pd.DataFrame:
        """Return the runs of this panel as a DataFrame, one row a task."""
        return to_pandas(self.records, expand=expand)
