"""Panel: a model's controls in a notebook cell, its task live, its results in Python."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from wiro_widgets.client import loop
from wiro_widgets.client.sync import Client, Task, default_client
from wiro_widgets.client.task import OnInterrupt
from wiro_widgets.protocol.errors import InvalidParameter, WiroError
from wiro_widgets.protocol.events import TaskEvent
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.schema import ModelSchema, split_model
from wiro_widgets.protocol.state import Status
from wiro_widgets.results.outputs import Output
from wiro_widgets.results.result import TaskResult
from wiro_widgets.results.table import to_pandas
from wiro_widgets.widget import bundle, code
from wiro_widgets.widget.controls import Controls
from wiro_widgets.widget.display import Display, image
from wiro_widgets.widget.form import form
from wiro_widgets.widget.inbox import Inbox
from wiro_widgets.widget.subshells import hear_while_busy
from wiro_widgets.widget.values import PanelValues

if TYPE_CHECKING:
    import pandas as pd
    from PIL.Image import Image

MAX_TASKS = 500  # tasks of one panel that Python can still ask for


def _values_to_json(_values: Mapping[str, Any], panel: Panel) -> dict[str, Any]:
    return panel.controls.to_json()


class Panel(anywidget.AnyWidget):
    """A model's controls, Run and Stop, its task live and its results; shows in a cell, composes with ipywidgets.

    `client` is the Client to run with, by default one made from the environment when it is first needed. Further
    keyword arguments set the controls. Everything the hand can do Python can do, and each shows in the other at
    once. Raises InvalidParameter for a value that the model does not take.

    >>> panel = Panel("tencent/hunyuan-flux-srpo", prompt="a lighthouse at dusk")
    >>> task = panel.run()
    >>> panel.wait().images
    """

    _esm = bundle.load()
    _form = traitlets.Dict().tag(sync=True)
    _errors = traitlets.Dict().tag(sync=True)
    _feed = traitlets.Dict().tag(sync=True)
    values = traitlets.Dict(help="The values of the controls that have one.").tag(
        sync=True, to_json=_values_to_json
    )
    status = traitlets.Unicode("idle", read_only=True, help="One word for the current run.").tag(sync=True)
    progress = traitlets.Float(None, allow_none=True, read_only=True, help="0.0 to 1.0, or None.").tag(
        sync=True
    )

    def __init__(self, model: str, *, client: Client | None = None, **values: Any) -> None:
        self.model = "/".join(split_model(model))
        self._client = client
        self._lock = threading.RLock()
        self._tasks: list[Task] = []
        self._runs = 0
        schema, trouble = self._find_schema()
        self.controls = Controls(schema, self.model)
        self.controls.put(self.controls.checked(values))
        self._held: loop.LoopThread | None = loop.acquire()
        self._display = Display(self, self._held)
        self._inbox = Inbox(self, self._display)
        super().__init__(
            values=PanelValues(self.controls.values, self._change),
            _form=form(schema, sandbox=self._in_sandbox()) if schema else {},
        )
        hear_while_busy(self.comm)
        self.on_msg(self._message)
        if trouble is not None:
            self._display.explain(trouble)

    def __repr__(self) -> str:
        return f"<Panel {self.model}: {self.status}, {len(self._tasks)} runs>"

    # The controls

    def set(self, **values: Any) -> None:
        """Set some controls and leave the others; None clears one. Raises InvalidParameter."""
        self._change(values)

    @traitlets.validate("values")
    def _validate_values(self, proposal: Mapping[str, Any]) -> PanelValues:
        """Take a whole set of values; what it does not name gets its default. Raises InvalidParameter."""
        given = proposal["value"]
        if isinstance(given, PanelValues) and given.is_now(self.controls.values):
            return given
        defaults = dict.fromkeys(self.controls.values) | self.controls.schema.defaults
        self.controls.put(self.controls.checked({**defaults, **given}))
        return self._current()

    @traitlets.observe("values")
    def _values_changed(self, _change: object) -> None:
        self._show_problems(self.controls.errors)
        self._send_previews_soon()

    def code(self) -> str:
        """Return the Python call that repeats what the controls say."""
        return code.call(self.model, self.controls.values)

    # Runs

    def run(self) -> Task:
        """Run the model with what the controls say and return at once.

        What goes wrong shows in the panel and is raised by `wait`.
        """
        with self._lock:
            self._runs += 1
            self._display.begin(self._runs)
            self._show_problems(self.controls.problems())
            task = self._started()
            self._tasks = [*self._tasks, task][-MAX_TASKS:]
            self._display.follow(task)
            return task

    def stop(self) -> None:
        """Stop the current run, wherever it is; returns at once."""
        if self.task is not None:
            self.task.stop_soon()

    def wait(self, timeout: float | None = None, *, on_interrupt: OnInterrupt | None = None) -> TaskResult:
        """Wait for the current run and return its result; `timeout` is in seconds.

        Raises what the run raised: InvalidParameter, ConfigurationError, an ApiError, TaskFailed, TaskCancelled,
        TaskTimeout.
        """
        if self.task is None:
            raise WiroError("Nothing has been run yet: press Run in the panel, or call panel.run().")
        try:
            return self.task.wait(timeout, on_interrupt=on_interrupt)
        finally:
            self._display.catch_up()

    @property
    def task(self) -> Task | None:
        """The current run's task."""
        return self._tasks[-1] if self._tasks else None

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks of this panel, oldest first."""
        return tuple(self._tasks)

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The outputs of the last run that has any."""
        return next((task.outputs for task in reversed(self._tasks) if task.outputs), ())

    @property
    def images(self) -> list[Image]:
        """The pictures of the last run that made some, as PIL images; raises OutputError for a broken one."""
        return [output.image() for output in self.outputs if output.is_image]

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
        return self.task.seen() if self.task else []

    def to_pandas(self, *, expand: bool = False) -> pd.DataFrame:
        """Return the runs of this panel as a DataFrame, one row a task."""
        return to_pandas(self.records, expand=expand)

    def close(self) -> None:
        """Take the panel away; its task goes on. Closing twice is fine."""
        self._display.close()
        super().close()
        held, self._held = self._held, None
        if held is not None:
            loop.release(held)

    # What the browser does (see Inbox) and is told (see Display)

    def typed(self, patch: Mapping[str, Any]) -> None:
        """Take what a hand typed; wrong values stay as typed and are explained beside the field."""
        with self._lock:
            self.controls.patch(patch)
            self._publish()

    def uploaded(self, field: str, file: Any) -> None:
        """Take a file that came up whole; raises InvalidParameter."""
        with self._lock:
            self.controls.add_file(field, file)
            self._publish()

    def press_run(self) -> None:
        """Run, as the button does: not twice at once."""
        with self._lock:
            if self.task is None or self.task.over:
                self.run()

    def press_stop(self) -> None:
        """Stop, as the button does."""
        self.stop()

    def show_again(self, client: str) -> None:
        """Send a view everything it lacks."""
        self._display.snapshot(client)
        self._send_previews_soon()

    def tell(self, content: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        """Send a custom message to every view."""
        if self.comm is not None:
            self.send(content, buffers)

    def mark(self, status: Status, progress: float | None) -> None:
        """Set the status and the progress."""
        self.set_trait("status", status)
        self.set_trait("progress", progress)

    def beat(self, epoch: str, head: int) -> None:
        """Set the heartbeat."""
        self._feed = {"epoch": epoch, "head": head}

    def _message(self, _panel: object, content: object, buffers: list[Any]) -> None:
        answer = self._inbox.take(content, buffers)
        if answer is not None:
            self.tell(answer)

    # Within

    def _find_schema(self) -> tuple[ModelSchema | None, WiroError | None]:
        known = ModelSchema.built_in(self.model)
        if known is not None:
            return known, None
        try:
            return (self._client or default_client()).schema(self.model), None
        except WiroError as error:
            return None, error

    def _in_sandbox(self) -> bool:
        try:
            return (self._client or default_client()).is_sandbox
        except WiroError:
            return False  # no key: Run will say so

    def _started(self) -> Task:
        values = dict(self.controls.values)
        try:
            client = self._client = self._client or default_client()
            return client.start(self.model, values, self.controls.schema if self.controls.known else None)
        except WiroError as error:
            return Task.refused(self.model, values, error)

    def _change(self, values: Mapping[str, Any]) -> None:
        with self._lock:
            self.controls.put(self.controls.checked(values))
            self._publish()

    def _current(self) -> PanelValues:
        return PanelValues(self.controls.values, self._change)

    def _publish(self) -> None:
        """Bring the traits up to what the controls hold."""
        self.values = self._current()
        self._show_problems(self.controls.errors)

    def _show_problems(self, problems: Mapping[str, InvalidParameter]) -> None:
        self._errors = {name: error.reason for name, error in problems.items()}

    def _send_previews_soon(self) -> None:
        if self._held is not None and self.controls.files:
            self._held.later(0, self._send_previews)

    def _send_previews(self) -> None:
        for file_id, picture in self.controls.previews().items():
            self.tell(image(file_id, "preview", file_id, picture, None), [picture.data])
