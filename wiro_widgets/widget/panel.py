"""Panel: a model's controls in a notebook cell, its task live, its results in Python."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Self

import traitlets

from wiro_widgets.client import loop_thread
from wiro_widgets.client.sync_client import Client, Task
from wiro_widgets.journal.result import TaskResult
from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.errors import ConfigurationError, WiroError
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.schema.schema import ModelSchema, split_model
from wiro_widgets.protocol.state import Status
from wiro_widgets.runs.options import OnInterrupt
from wiro_widgets.widget import host as bundle
from wiro_widgets.widget import python_call as code
from wiro_widgets.widget.controls import Controls
from wiro_widgets.widget.form import next_seed
from wiro_widgets.widget.panel_runs import PanelSweeps
from wiro_widgets.widget.price_watch import Outlook
from wiro_widgets.widget.static_card import Card, Cards
from wiro_widgets.widget.subshells import hear_while_busy
from wiro_widgets.widget.wire.messages import sendable
from wiro_widgets.widget.wire.publisher import Display
from wiro_widgets.widget.wire.receiver import Inbox
from wiro_widgets.widget.wire.run_view import RunView


class Panel(PanelSweeps):
    """A model's controls, Run and Stop, its task live and its results; shows in a cell, composes with ipywidgets.

    The model is "owner/name", or a ModelSchema, as from an OpenAPI description. Without one it shows a search over
    the catalogue. `client` is the Client to run with, by default one made
    from the environment when it is first needed. Further keyword arguments set the controls. Everything the hand can
    do Python can do, and each shows in the other at once. Raises InvalidParameter for a value that the model does
    not take.

    >>> panel = Panel("tencent/hunyuan-flux-srpo", prompt="a lighthouse at dusk")
    >>> task = panel.run()
    >>> panel.wait().images
    """

    _esm = traitlets.Unicode(bundle.load()).tag(sync=True)
    _anywidget_id = traitlets.Unicode("wiro_widgets.Panel").tag(sync=True)
    _feed = traitlets.Dict().tag(sync=True)
    _outlook = traitlets.Dict().tag(sync=True)
    _card_id = traitlets.Unicode().tag(sync=True)
    status = traitlets.Unicode("idle", read_only=True, help="One word for the current run.").tag(sync=True)
    progress = traitlets.Float(None, allow_none=True, read_only=True, help="0.0 to 1.0, or None.").tag(
        sync=True
    )

    _held: loop_thread.LoopThread | None = None  # while it is open

    def __init__(
        self,
        model: str | ModelSchema | None = None,
        *,
        client: Client | None = None,
        **values: Any,
    ) -> None:
        given = model if isinstance(model, ModelSchema) else None
        name = model.model if isinstance(model, ModelSchema) else model
        self._model = "/".join(split_model(name)) if name else None
        self._given_client = client
        self._lock = threading.RLock()
        self._searches = model is None
        schema, trouble = (given, None) if given else self._find_schema(self.model)
        self.controls = Controls(schema, self.model or "")
        self.controls.put(self.controls.checked(values))
        self._held = loop_thread.acquire()
        self.display = Display(self, self._held, self._lock)
        self._inbox = Inbox(self)
        self._prospect = Outlook(self)
        self._cards = Cards(self.display.catch_up)
        super().__init__(
            values=self._current(),
            _axes=self.controls.axes_to_json(),
            _form=self._described(),
            _card_id=self._cards.id,
            layout={"width": "100%"},  # in a row of widgets an element without a width of its own has none
        )
        hear_while_busy(self.comm)
        self.on_msg(self._message)
        if trouble is not None:
            self.display.explain(trouble)

    @classmethod
    def from_record(cls, record: TaskRecord, *, client: Client | None = None) -> Self:
        """Return a panel with the model and the values of a record; what no longer fits is left out."""
        if record.model is None:
            raise ConfigurationError("This record names no model, so there is no panel for it.")
        panel = cls(record.model, client=client)
        panel.controls.fit(record.parameters, trusted=False)
        panel.publish()
        return panel

    def add_traits(self, **traits: Any) -> None:
        """Add what the class lacks: for its own two traits anywidget would make every panel a class of its own."""
        lacking = {name: trait for name, trait in traits.items() if not self.has_trait(name)}
        if lacking:
            super().add_traits(**lacking)

    def _ipython_display_(self, **_options: object) -> None:
        """Show the live view, and in a notebook the card that stands for it where it cannot live."""
        bundle = self._repr_mimebundle_()
        if bundle is not None:
            self._cards.show(bundle, self._card)

    def __repr__(self) -> str:
        return f"<Panel {self.model or 'without a model'}: {self.status}, {len(self._tasks)} runs>"

    def code(self) -> str:
        """Return the Python call that repeats what the controls say."""
        return code.call(self.model or "", self.controls.values, self.axes)

    # Runs

    def run(self) -> Task:
        """Run the model with what the controls say and return at once; several may run side by side.

        A control that is varied counts with the value beneath; `run_sweep` goes through all of them. What goes wrong
        shows in the panel and is raised by `wait`.
        """
        with self._lock:
            values = dict(self.controls.values)
            prompt, seed = wire_values.text(values.get("prompt")), wire_values.text(values.get("seed"))
            after = next_seed(seed, self.controls.schema.get("seed"))
            view = RunView(self._number(), prompt=prompt or "", seed=seed, next_seed=after)
            self._sweeping = None
            self.display.begin(view)
            self._show_problems(self.controls.problems())
            task = view.task = self._started(values)
            self._add_task(task)
            self.display.follow(view)
            return task

    def stop(self) -> None:
        """Stop the current run or sweep, wherever it is; returns at once."""
        if self._sweeping is not None:
            self._sweeping.stop()
        elif self.task is not None:
            self.task.stop_soon()

    def wait(self, timeout: float | None = None, *, on_interrupt: OnInterrupt | None = None) -> TaskResult:
        """Wait for the current run, or for all of the current sweep, and return its result, of a sweep the last.

        `timeout` is in seconds. Raises what the run raised: InvalidParameter, ConfigurationError, an ApiError,
        TaskFailed, TaskCancelled, TaskTimeout.
        """
        try:
            return super().wait(timeout, on_interrupt=on_interrupt)
        finally:
            if self.task is not None and self.task.over:
                self.display.catch_up()

    def star(self, run: int, *, on: bool = True) -> None:
        """Mark a run of this panel, counted from 1, as one to keep, here and in the history."""
        view = self.display.star(run, on=on)
        task_id = view.task_id if view else None
        if task_id is not None:
            with suppress(KeyError):  # the journal may be elsewhere, or gone
                self.client.history.star(task_id, on)

    def close(self) -> None:
        """Take the panel away; its task goes on. Closing twice is fine."""
        held, self._held = self._held, None
        if held is not None:
            self.display.close()
            self._cards.close()
            super().close()
            loop_thread.release(held)

    # What the browser does (see Inbox) and is told (see Display)

    def press(self) -> None:
        """Do what Run says: run what the controls say, all of it where some are varied."""
        if self.controls.varied.held:
            self.begin_sweep()
        else:
            self.run()

    def stop_run(self, run: int | None) -> None:
        """Stop a run, or the one that is shown."""
        view = self.display.view(run)
        if view is not None:
            view.stop()

    def show_again(self, client: str) -> None:
        """Send a view everything it lacks."""
        self.display.snapshot(client)
        self._prospect.look()
        self.controls.previews.again()
        self._send_previews_soon()

    def tell(self, content: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        """Send a custom message to every view."""
        if self.comm is not None:
            self.send(sendable(content), buffers)

    def mark(self, status: Status, progress: float | None, epoch: str, head: int) -> None:
        """Set the status, the progress and the heartbeat, in one message."""
        with self.hold_sync():
            self.set_trait("status", status)
            self.set_trait("progress", progress)
            self._feed = {"epoch": epoch, "head": head}

    def foresee(self, price: str, reason: str) -> None:
        """Show what pressing Run would cost, and why."""
        with self._lock:
            self._outlook = {"price": price, "reason": reason}

    def settled(self) -> None:
        """Bring the cards and the price up to date: the run that is shown, or how it stands, is another."""
        self._prospect.changed()
        if self._cards:
            self._cards.update(self._card())

    def later(self, work: Callable[[], object], seconds: float = 0) -> None:
        """Have work done on a worker thread."""
        if self._held is not None:
            self._held.later(seconds, work)

    def _message(self, _panel: object, content: object, buffers: list[Any]) -> None:
        self._inbox.take(content, buffers)

    # Within

    def _started(self, values: Mapping[str, Any]) -> Task:
        try:
            return self.client.start(self._chosen(), values, self._known_schema())
        except WiroError as error:
            return Task.refused(self.model, values, error)

    def _card(self) -> Card:
        view, pictures = self.display.picture()
        values = view.values
        return Card.of(
            self._cards.id,
            model=view.model or self.model or "Wiro",
            run=view.message(),
            values=self.controls.values if values is None else values,
            order=[parameter.id for parameter in self.controls.schema.parameters],
            pictures=pictures,
        )
