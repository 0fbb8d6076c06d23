"""Panel: a model's controls in a notebook cell, its run live, its results in Python."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import tzinfo
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

import traitlets

from wiro_widgets.client import loop_thread
from wiro_widgets.protocol.errors import ConfigurationError, InvalidParameter, WiroError
from wiro_widgets.protocol.redact import printable
from wiro_widgets.protocol.schema.scalars import split_model
from wiro_widgets.render.run_words import count
from wiro_widgets.sweeps.output_cell import OutputCell
from wiro_widgets.widget import host
from wiro_widgets.widget.cells.card_displays import BlankCard, Card, CardDisplays
from wiro_widgets.widget.gallery import open_panels
from wiro_widgets.widget.wire.late_widget import LOAD_DELAY, LateDict, LateWidget, part

# These load the network, Pillow and SQLite, and a cell shows its panel before they do.
if TYPE_CHECKING:
    import pandas as pd
    from PIL.Image import Image

    from wiro_widgets.client.sync_client import Client, Task
    from wiro_widgets.client.sync_sweep import Sweep
    from wiro_widgets.display.live_line import ProgressMode
    from wiro_widgets.journal.prompts.presets import Presets
    from wiro_widgets.journal.result import Images, TaskResult
    from wiro_widgets.media.output import Output
    from wiro_widgets.protocol.events import TaskEvent
    from wiro_widgets.protocol.prices.pricing import Estimate
    from wiro_widgets.protocol.record import TaskRecord
    from wiro_widgets.protocol.schema.model_info import ModelInfo
    from wiro_widgets.protocol.schema.schema import ModelSchema
    from wiro_widgets.protocol.state import Status
    from wiro_widgets.runs.options import OnInterrupt
    from wiro_widgets.widget.controls.panel_info import PanelInfo
    from wiro_widgets.widget.controls.panel_parts import PanelParts
    from wiro_widgets.widget.panel_controls import PanelControls
    from wiro_widgets.widget.panel_presets import PanelPresets
    from wiro_widgets.widget.panel_runs import PanelRuns
    from wiro_widgets.widget.price_watch import PriceWatch
    from wiro_widgets.widget.value_codec import PanelValues
    from wiro_widgets.widget.wire.publisher import Publisher
    from wiro_widgets.widget.wire.receiver import Receiver

_PARTS_MODULE = "wiro_widgets.widget.controls.panel_parts"


def _values_to_json(_values: Mapping[str, Any], panel: Panel) -> dict[str, Any]:
    parts: PanelParts | None = vars(panel).get("_parts")
    return {} if parts is None else parts.values_to_json()


class ValuesTrait(LateDict):
    """The trait of a panel's values; one thread at a time sets it."""

    def set(self, obj: Any, value: Any) -> None:
        """Set it under the panel's lock."""
        with obj._lock:  # noqa: SLF001 - the trait is the panel's
            super().set(obj, value)


class Panel(LateWidget):
    """A model's controls, Run and Stop, its run live and its results; shows in a cell, composes with ipywidgets.

    The model is "owner/name", or a ModelSchema, as from an OpenAPI description. Without one the panel shows a search
    of the catalogue. `client` is the Client to run with, by default one made from the environment when it is first
    needed. Further keyword arguments set the controls. What the user can do Python can do, and each sees what the
    other does. Raises InvalidParameter for a value that the model does not take.

    >>> panel = Panel("tencent/hunyuan-flux-srpo", prompt="a lighthouse at dusk")
    >>> task = panel.run()
    >>> panel.wait().images
    """

    _esm = traitlets.Unicode(host.front_end()).tag(sync=True)
    _anywidget_id = traitlets.Unicode("wiro_widgets.Panel").tag(sync=True)
    _form = LateDict().tag(sync=True)
    _errors = LateDict().tag(sync=True)
    _axes = LateDict().tag(sync=True)
    _feed = traitlets.Dict().tag(sync=True)
    _outlook = traitlets.Dict().tag(sync=True)
    _examples = traitlets.List(traitlets.Unicode()).tag(sync=True)
    _card_id = traitlets.Unicode().tag(sync=True)
    values = ValuesTrait(help="The values of the controls that have one.").tag(
        sync=True, to_json=_values_to_json
    )
    status = traitlets.Unicode("idle", read_only=True, help="The status of the newest run.").tag(sync=True)
    progress = traitlets.Float(None, allow_none=True, read_only=True, help="0.0 to 1.0, or None.").tag(
        sync=True
    )

    _loop: loop_thread.LoopThread | None = None  # while the panel is open

    _parts: PanelParts = part()
    _controls: PanelControls = part()
    _presets: PanelPresets = part()
    _info: PanelInfo = part()
    _publisher: Publisher = part()
    _runs: PanelRuns = part()
    _price_watch: PriceWatch = part()
    _receiver: Receiver = part()

    def __init__(
        self,
        model: str | ModelSchema | None = None,
        *,
        client: Client | None = None,
        **values: Any,
    ) -> None:
        if client is not None:
            from wiro_widgets.client.sync_client import Client  # noqa: PLC0415 - whoever has one has loaded it

            if not isinstance(client, Client):
                raise TypeError(f"A Client is needed, not {type(client).__name__}.")
        self._client = client
        self._lock = threading.RLock()
        self._cell = OutputCell()  # for what observers print
        if isinstance(model, str):
            model = "/".join(split_model(model))
        elif model is not None and not hasattr(model, "groups"):
            raise TypeError(f'A model is "owner/name" or a ModelSchema, not {type(model).__name__}.')
        self._source = (model, values)
        self._cards = CardDisplays(lambda: self._publisher.catch_up())  # noqa: PLW0108 - which is made late
        traits: dict[str, Any] = {}
        if self._loads_first(model):
            self._make_parts()
            self._load_state = "loaded"
            traits = self._parts.traits()
        elif model is None:
            traits = {"_form": {"v": 1, "models": True}}
        self._loop = loop_thread.acquire()
        super().__init__(_card_id=self._cards.id, **traits)
        self.on_msg(lambda _panel, content, buffers: self._hear(content, buffers))
        if self._load_state == "loaded":
            open_panels.add(self._cards.id, self._controls)
            self._parts.explain()
        elif values:
            try:
                self._check(model, values)
            except BaseException:
                self.close()
                raise
        self._later(self._load_behind, LOAD_DELAY)

    @classmethod
    def from_record(cls, record: TaskRecord, *, client: Client | None = None) -> Self:
        """Return a panel with the model and the values of a record, and with its results if the history has them.

        Values that do not fit any more are left out.
        """
        if record.model is None:
            raise ConfigurationError("This record names no model, so there is no panel for it.")
        panel = cls(record.model, client=client)
        panel.values = {}  # without a default preset
        panel._controls.fit(record.parameters)
        if record.task_id is not None and record.outcome == "succeeded":
            with suppress(KeyError, WiroError):  # another client's run, or its files are gone
                panel._runs.show_result(panel.client.history.result(record.task_id))
        return panel

    def __repr__(self) -> str:
        runs = count(len(self.tasks) if self._load_state == "loaded" else 0, "run")
        return printable(f"<Panel {self.model or 'without a model'}: {self.status}, {runs}>")

    def _ipython_display_(self) -> None:
        self._cell.update()
        bundle = self._repr_mimebundle_()
        if bundle is not None:
            self._cards.show(bundle, self._card)

    def close(self) -> None:
        """Take the panel away; its task goes on. Closing twice is fine."""
        loop, self._loop = self._loop, None
        if loop is not None:
            open_panels.remove(self._cards.id)
            if self._load_state == "loaded":
                self._publisher.close()
            self._cards.close()
            super().close()
            loop_thread.release(loop)

    # The controls

    @property
    def client(self) -> Client:
        """The client that runs; raises ConfigurationError if none was given and there are no credentials."""
        if self._client is not None:
            return self._client
        from wiro_widgets.client.sync_client import default_client  # noqa: PLC0415 - loads the network

        return default_client()

    @property
    def model(self) -> str | None:
        """The model as "owner/name", or None; setting it calls `switch_to`."""
        if self._load_state != "loaded":
            source = self._source[0]
            return source if source is None or isinstance(source, str) else source.model or None
        return self._controls.model

    @model.setter
    def model(self, name: str) -> None:
        self.switch_to(name)

    @property
    def axes(self) -> dict[str, tuple[Any, ...]]:
        """The values of the controls that vary; "model" has the models that run side by side, the panel's own first."""
        return {axis.name: axis.values for axis in self._controls.axis_controls.axes}  # noqa: PD011 - no DataFrame

    def set(self, **values: Any) -> None:
        """Set some controls and leave the others; None clears one. Raises InvalidParameter."""
        self._controls.set(values)

    def vary(self, **axes: Any) -> None:
        """Turn controls into axes of a sweep: each gets a list of values, or a text like "10..50 by 10"; None ends one.

        Numbers are "10, 20, 30", "1..4", "10..50 by 10" or "0..1 in 5"; choices are separated by commas, and "*" means
        all of them; texts have a line each. A sweep runs every combination.

        `model=[...]` runs other models beside the panel's own, which stands first; each goes without the values that it
        does not take. For a model with a parameter of that name the axis is called "owner/model". Raises
        InvalidParameter, and NotFound for a model that the catalogue does not have.

        >>> panel.vary(model=["wiro/sandbox-sketch", "wiro/sandbox-poster"], seed=range(2))
        """
        self._parts.vary(axes)

    def switch_to(self, model: str) -> None:
        """Change to another model in place; values that fit it stay. Raises NotFound."""
        name = "/".join(split_model(model))
        schema = self._parts.find_schema(name)
        with self._lock, self.hold_sync():  # the page gets the form and its values in one message
            self._controls.switch_to(schema, name)
            self._form, self._examples = self._parts.form(), []
        self._price_watch.switch_model()
        self._info.switch_model()

    def undo(self) -> bool:
        """Take the last change of the controls back, a change of the model as well; return False if there is none."""
        with self._lock, self.hold_sync():
            model = self.model
            is_undone = self._controls.undo()
            if self.model != model:
                self._form, self._examples = self._parts.form(), []
                self._price_watch.switch_model()
                self._info.switch_model()
        return is_undone

    @property
    def seed_locked(self) -> bool:
        """True, as at first, if the seed stays as it is; False if each press of Run, and `run`, moves it on."""
        return self._controls.seed_locked

    @seed_locked.setter
    def seed_locked(self, on: bool) -> None:
        self._controls.lock_seed(on=on)

    def send_to(self, model: str, output: Output | int | None = None) -> Panel:
        """Return a panel of another model with what fits of these values, and with the picture as its input.

        `output` is one of `outputs` or its index, by default the first picture; without any there is no input. Raises
        NotFound, and InvalidParameter if the model takes no picture.
        """
        if isinstance(output, int):
            output = self.outputs[output]
        elif output is None:
            output = next((item for item in self.outputs if item.is_image), None)
        schema = self._parts.find_schema(model, output)  # refused before there is a panel that nobody gets
        panel = Panel(schema, client=self._client)
        panel._controls.carry_over(self._controls)
        if output is not None:
            panel._controls.use_output(output)
        return panel

    def code(self) -> str:
        """Return a program that repeats what the controls say: it runs in a fresh kernel, client included."""
        return self._controls.code()

    @property
    def info(self) -> ModelInfo:
        """What Wiro tells of the model: cover, readme, prices, examples, samples; see `Client.info`.

        Raises NotFound, and ConfigurationError without a model.
        """
        return self._info.info

    def use_example(self, index: int = 0, /) -> None:
        """Set the controls to one of `info.examples`; the others stay, and no file of it is fetched.

        Raises InvalidParameter if there is no such example, and what `info` raises.
        """
        self._info.use(index)

    @property
    def presets(self) -> Presets:
        """The presets of the model, kept in the journal: a mapping of names to values; see `Client.presets`.

        Raises ConfigurationError without a model, or if the journal cannot be used.
        """
        return self._presets.presets

    def save_preset(self, name: str, /, **values: Any) -> None:
        """Save the values of the controls, or these values, under a name; an earlier preset of that name is replaced.

        Files are left out. A text may stand around `{prompt}`: `load_preset` puts it around what the control holds.
        Raises InvalidParameter, ConfigurationError.

        >>> panel.save_preset("photo", prompt="a photo of {prompt}, 35 mm, grain")
        >>> panel.load_preset("photo")
        """
        self._presets.save(name, values)

    def load_preset(self, name: str, /) -> None:
        """Set the controls to a preset; what does not fit is left out. Raises KeyError, ConfigurationError."""
        self._presets.load(name)

    @property
    def prompts(self) -> list[str]:
        """The prompts of earlier runs of the model, from the journal: each once, newest first, 200 at most."""
        return self._presets.prompts

    # Runs

    def run(self) -> Task:
        """Run the model with the values of the controls and return at once; several runs may go on side by side.

        A control that varies counts with the value beneath its axis; `run_sweep` runs all combinations. Errors show
        in the panel and are raised by `wait`.
        """
        self._cell.update()
        [task] = self._runs.run()
        return task

    def run_times(self, times: int) -> tuple[Task, ...]:
        """Run the model so often, its seed counted up from that of the controls, and return the tasks at once.

        Without a seed, and with one that means a random one, the runs differ by themselves. Raises InvalidParameter for
        anything but 1 to 50.
        """
        self._cell.update()
        return self._runs.run(times)

    def run_sweep(self, *, resume: bool = True) -> Sweep:
        """Run every combination of the axes, and return once all of them are checked and priced.

        Combinations in the journal are not run again, unless `resume` is False. Shows in the panel. Raises what
        `Client.sweep` raises; nothing was sent then.
        """
        self._cell.update()
        return self._runs.run_sweep(resume=resume)

    def stop(self) -> None:
        """Stop the newest run or sweep, submitting, queued or running; returns at once."""
        self._runs.stop()

    def wait(
        self,
        timeout: float | None = None,
        *,
        progress: ProgressMode = None,
        on_interrupt: OnInterrupt | None = None,
    ) -> TaskResult:
        """Wait for the newest run, or for all of the newest sweep, and return its result, of a sweep the last one.

        `timeout` is in seconds, `progress` as in `Task.wait`. Raises the error of the run: InvalidParameter,
        ConfigurationError, an ApiError, TaskFailed, TaskCancelled, TaskTimeout.
        """
        self._cell.update()
        return self._runs.wait(timeout, progress, on_interrupt)

    def price(self) -> Estimate:
        """Return what Run would cost, all of a sweep: exact, a range, or unknown.

        Raises ConfigurationError without a model or credentials, InvalidParameter, and what a question to Wiro's
        catalogue raises.
        """
        return self._runs.price()

    def star(self, run: int, *, on: bool = True) -> None:
        """Star a run of this panel, counted from 1, here and in the history; `on=False` takes the star away."""
        view = self._publisher.star(run, on=on)
        if view is not None and view.task_id is not None:
            with suppress(KeyError):  # the journal may be elsewhere or gone
                self.client.history.star(view.task_id, on)

    # Results

    @property
    def task(self) -> Task | None:
        """The newest task."""
        return self._runs.task

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks of this panel, oldest first."""
        return self._runs.tasks

    @property
    def sweep(self) -> Sweep | None:
        """The newest sweep of this panel."""
        return self._runs.sweep

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The outputs of the newest run that has any."""
        task = self._newest_with_outputs
        return task.outputs if task else ()

    @property
    def images(self) -> Images:
        """The pictures among `outputs` as PIL images; raises OutputError for a broken one."""
        from wiro_widgets.journal.result import Images  # noqa: PLC0415 - loads Pillow

        task = self._newest_with_outputs
        return Images.of_outputs(task.outputs, task.record) if task else Images()

    @property
    def _newest_with_outputs(self) -> Task | None:
        return next((task for task in reversed(self.tasks) if task.outputs), None)

    @property
    def image(self) -> Image | None:
        """The first picture among `outputs`."""
        return next((output.image() for output in self.outputs if output.is_image), None)

    @property
    def text(self) -> str | None:
        """The answer of a language model so far."""
        content = self.task.state.text if self.task else None
        return content.text if content else None

    @property
    def record(self) -> TaskRecord | None:
        """The newest run as one row, also while it runs."""
        return self.task.record if self.task else None

    @property
    def records(self) -> list[TaskRecord]:
        """The runs of this panel as rows, oldest first."""
        return [task.record for task in self.tasks]

    @property
    def events(self) -> list[TaskEvent]:
        """The events of the newest run so far."""
        return self.task.events_so_far() if self.task else []

    def __wiro_input__(self) -> Output | Task | None:
        """Return the picture that is shown, or the run that will make one, as an input of another run."""
        if self.task is not None and not self.task.over:
            return self.task
        return next((output for output in self.outputs if output.is_image), None)

    def to_pandas(self, expand: bool = False, *, tz: tzinfo | str | None = "UTC") -> pd.DataFrame:
        """Return the runs of this panel as a DataFrame, one row for each task; see `wiro_widgets.to_pandas`."""
        from wiro_widgets.journal.dataframe import to_pandas  # noqa: PLC0415 - loads SQLite

        return to_pandas(self.records, expand=expand, tz=tz)

    # The traits

    def set_state(self, sync_data: Mapping[str, Any]) -> None:
        """Take values from the page, as a link from another widget sends them, like typed ones.

        A page cannot set any other trait, nor name a file of this machine; values too deep in each other are ignored.
        """
        values = sync_data.get("values")
        if isinstance(values, Mapping):
            self._call_when_loaded(lambda: self._parts.enter(values))

    @traitlets.validate("values")
    def _validate_values(self, proposal: Mapping[str, Any]) -> PanelValues:
        """Take a whole set of values; a control that it does not name gets its default. Raises InvalidParameter."""
        return self._parts.take_values(proposal["value"])

    @traitlets.observe("values")
    def _values_changed(self, _change: object) -> None:
        self._axes = self._parts.axes()
        self._show_errors(self._controls.errors)
        if self._controls.files:
            self._publisher.send_previews()
        self._price_watch.update()

    def _show_controls(self) -> None:
        """Bring the traits up to date with the controls."""
        self.values = self._parts.values()
        axes = self._parts.axes()
        if axes != self._axes:
            self._axes = axes
            self._price_watch.update()
        self._show_errors(self._controls.errors)

    def _show_errors(self, errors: Mapping[str, InvalidParameter]) -> None:
        self._errors = {name: error.reason for name, error in errors.items()}

    def _show_price(self, price: str, reason: str, by_model: Mapping[str, str]) -> None:
        with self._lock:
            models = {"models": dict(by_model)} if by_model else {}
            self._outlook = {"price": price, "reason": reason, **models}

    def _show_examples(self, examples: list[str]) -> None:
        with self._lock:
            self._examples = examples

    def _set_status(self, status: Status, progress: float | None, heartbeat: dict[str, Any]) -> None:
        with self.hold_sync():  # one message
            self.set_trait("status", status)
            self.set_trait("progress", progress)
            self._feed = heartbeat

    # Loading, and what the parts call

    def _loads_first(self, model: str | ModelSchema | None) -> bool:
        """Return True if the panel can open with its form, because nothing has to be imported or asked for.

        Colab tells its secrets to the main thread alone.
        """
        if "google.colab" in sys.modules and self._client is None:
            return True
        module: Any = sys.modules.get(_PARTS_MODULE)
        # Another panel's worker may be importing it at this moment: its last name says that it is whole.
        return hasattr(module, "PanelParts") and module.is_at_hand(model, self._client)

    def _check(self, model: str | ModelSchema | None, values: Mapping[str, Any]) -> None:
        """Raise InvalidParameter for a value that the model does not take; asks the catalogue if it has to."""
        from wiro_widgets.protocol.schema.schema import ModelSchema  # noqa: PLC0415 - the panel has opened by now

        schema = ModelSchema.built_in(model) if isinstance(model, str) else model
        if schema is not None:
            schema.convert(values)
        elif model is not None:
            self._finish_loading()

    def _load(self) -> None:
        """Make the parts behind the open panel, and send the form and its values in one message."""
        self._cell.run(self._make_parts)
        with self.hold_sync():
            for name, value in self._parts.traits().items():
                setattr(self, name, value)
        self._update_card_and_price()
        self._parts.explain()
        if self._loop is None:  # closed meanwhile
            self._publisher.close()
        else:
            open_panels.add(self._cards.id, self._controls)

    def _make_parts(self) -> None:
        module = import_module(_PARTS_MODULE)
        hooks = module.PanelHooks(
            client=lambda: self.client,
            send=self._send_message,
            set_status=partial(self._cell.run, self._set_status),
            later=self._later,
            show_controls=self._show_controls,
            show_errors=self._show_errors,
            show_price=self._show_price,
            show_examples=self._show_examples,
            update_card_and_price=self._update_card_and_price,
        )
        model, values = self._source
        self._parts = parts = module.PanelParts(self, hooks, self._lock, model, values)
        self._controls, self._presets, self._publisher = parts.controls, parts.presets, parts.publisher
        self._runs, self._price_watch, self._receiver = parts.runs, parts.price_watch, parts.receiver
        self._info = parts.info

    def _hear(self, content: object, buffers: list[Any] | None) -> None:
        """Do what a message of the page asks."""
        self._call_when_loaded(lambda: self._cell.run(self._receiver.receive, content, buffers))

    def _send_message(self, content: dict[str, Any], buffers: list[bytes] | None) -> None:
        if self.comm is not None:
            self.send(content, buffers)

    def _later(self, work: Callable[[], object], seconds: float) -> None:
        """Call a function on a worker thread after some seconds, unless the panel is closed by now."""
        if self._loop is not None:
            self._loop.later(seconds, work)

    def _update_card_and_price(self) -> None:
        self._price_watch.update()
        if self._cards:
            self._cards.update(self._card())

    def _card(self) -> Card:
        if self._load_state == "due":
            return BlankCard(self._cards.id, self.model or "Wiro")
        return self._parts.card(self._cards.id)
