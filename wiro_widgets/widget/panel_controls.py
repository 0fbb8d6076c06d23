"""The controls of a panel: the values of one model's parameters, whoever sets them, and what is wrong with them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from wiro_widgets.journal.prompts.presets import is_style, styled
from wiro_widgets.media.content_types import type_of_name
from wiro_widgets.media.output import Output
from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.errors import ConfigurationError, InvalidParameter
from wiro_widgets.protocol.schema.parameters import Parameter
from wiro_widgets.protocol.schema.schema import ModelSchema, is_session
from wiro_widgets.sweeps.axes import Axis
from wiro_widgets.sweeps.plan import MODEL_AXIS, OTHER_MODEL_AXIS, Schemas
from wiro_widgets.widget.axis_controls import MARK, AxisControls
from wiro_widgets.widget.controls.model_axis import ModelAxis
from wiro_widgets.widget.controls.undo_stack import FormState, UndoStack
from wiro_widgets.widget.form import seed_after
from wiro_widgets.widget.python_call import python_call
from wiro_widgets.widget.value_codec import (
    InputFiles,
    as_file,
    as_list,
    from_browser,
    to_browser,
    web_address,
)
from wiro_widgets.widget.value_rows import ROWS, ValueRows
from wiro_widgets.widget.wire.output_view import OutputView


def family_of(output: Output) -> str:
    """Return the kind of a file: "image", "video", "audio" and so on; empty if it is unknown."""
    return (output.content_type or type_of_name(output.name) or "").partition("/")[0]


def field_for(output: Output, schema: ModelSchema) -> Parameter:
    """Return the first field of a model that takes a file of this kind; raises InvalidParameter if there is none."""
    family = family_of(output)
    for parameter in schema.parameters:
        if parameter.kind == "file" and parameter.accept in {None, family}:
            return parameter
    raise InvalidParameter("input", f"takes no {family or 'file'} with {schema.model or 'this model'}")


class SweepInputs(NamedTuple):
    """What a sweep of a panel is planned from: what its models take, its axes, and the values that do not vary."""

    schemas: Schemas
    axes: tuple[Axis, ...]
    constants: dict[str, Any]


class PanelControls:
    """The values and the axes of one model's controls; `switch_to` changes the model in place.

    Without a schema nothing can be checked, and values stay as Python gives them; if nobody tells it, `rows` stand for
    the controls. Changes are made under `lock`, the panel's own, and `on_change` is called after each, still under the
    lock.
    """

    def __init__(
        self,
        schema: ModelSchema | None,
        model: str | None,
        *,
        on_change: Callable[[], None] = lambda: None,
        lock: threading.RLock | None = None,
    ) -> None:
        self.model = model
        self.known_schema = None if schema is None or schema.is_open else schema
        self.schema = schema or ModelSchema(model or "")
        self.rows = ValueRows() if schema is not None and schema.is_open else None
        self.values: dict[str, Any] = dict(self.schema.defaults)
        self.axis_controls = AxisControls(self.schema)
        self.files = InputFiles()
        self.seed_locked = True  # otherwise each press of Run moves the seed on
        self._errors: dict[str, InvalidParameter] = {}
        self._undo_stack = UndoStack()
        self._on_change = on_change
        self._lock = lock or threading.RLock()

    def __repr__(self) -> str:
        return f"<PanelControls of {self.model}: {len(self.values)} values, {len(self.errors)} wrong>"

    @property
    def errors(self) -> dict[str, InvalidParameter]:
        """What is wrong with what was typed, by field; the text of an axis has `MARK` before its name."""
        return self._errors | self.axis_controls.errors

    def required_model(self) -> str:
        """Return the model; raises ConfigurationError if there is none yet."""
        if self.model is None:
            raise ConfigurationError("Choose a model first.")
        return self.model

    def constants(self) -> dict[str, Any]:
        """Return the values of the controls that do not vary."""
        return {name: value for name, value in self.values.items() if name not in self.axis_controls}

    def sweep_inputs(self) -> SweepInputs:
        """Return what a sweep of the controls is planned from.

        A default of the panel's model that another model refuses is left to each of them.
        """
        constants = self.constants()
        models = self.axis_controls.models
        if models is None:
            return SweepInputs({self.model or "": self.known_schema}, self.axis_controls.axes, constants)
        for name in models.own_defaults(constants):
            del constants[name]
        return SweepInputs(models.schemas, self.axis_controls.axes, constants)

    def code(self) -> str:
        """Return a program that repeats what the controls say."""
        with self._lock:
            schemas, axes, constants = self.sweep_inputs()
            lists = {axis.name: axis.values for axis in axes if not axis.is_model}
            names = [name for name in self.values if name in constants or name in lists]
            values = {name: self.values[name] for name in names}
            return python_call(list(schemas), values, lists, self.known_schema)

    def problems(self) -> dict[str, InvalidParameter]:
        """Return everything that a run would be refused for, by field."""
        if self.known_schema is None:
            return {}
        return (
            self.schema.problems({**self.values, **self.axis_controls.first_values()})
            | self.axis_controls.errors
        )

    def switch_to(self, schema: ModelSchema, model: str) -> None:
        """Change to another model; values and axes that fit it stay."""
        with self._lock:
            is_first = self.known_schema is None and self.rows is None  # there was no form to go back to
            values, axes = self.values, self.axis_controls
            with self.recording(typed=False):
                self._take_model(schema, model)
                self._carry_over(values, axes)
            if is_first:
                self._undo_stack = UndoStack()
            self._on_change()

    def carry_over(self, other: PanelControls) -> None:
        """Take over the values and the axes of another panel that fit; files and seeds as well."""
        with self._lock:
            self._carry_over(other.values, other.axis_controls)
            self._on_change()

    def undo(self) -> bool:
        """Take the last change back; return False if there is none."""
        with self._lock:
            state = self._undo_stack.pop()
            if state is None:
                return False
            if state.model != self.model:
                self._take_model(state.schema, state.model)
            self.values = dict(state.values)
            self.axis_controls.restore(state.axes, state.models)
            self._errors = {}
            if self.rows is not None:
                self.rows.follow(self.values)
            self._forget_files()
            self._on_change()
            return True

    @contextmanager
    def recording(self, *, typed: bool = False) -> Iterator[None]:
        """Record what the block changes, so that `undo` takes it back."""
        with self._lock:
            before = self._state()
            yield
            self._undo_stack.record(before, self._state(), typed=typed)

    def set(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Set some values from Python, None to clear one, and return all; raises InvalidParameter."""
        with self._lock:
            with self.recording():
                self.put(self.schema.convert(values))
            self._on_change()
            return self.values

    def lock_seed(self, *, on: bool) -> None:
        """Keep the seed as it is typed, or let each press of Run move it on."""
        with self._lock:
            self.seed_locked = on
            self._on_change()

    def repeats(self, times: int) -> list[dict[str, Any]]:
        """Return the values of so many runs, with the seed counted up from that of the controls.

        A seed that means a random one stays, since each run gets another by itself.
        """
        seeds = [self._seed(ahead) for ahead in range(times)]
        return [{**self.values, **seed} for seed in seeds]

    def move_seed(self, times: int) -> None:
        """Move an unlocked seed on, after so many runs."""
        if not self.seed_locked and (seed := self._seed(times)):
            self.put(self.schema.convert(seed))
            self._on_change()

    def _seed(self, ahead: int) -> dict[str, Any]:
        """Return the seed so many runs after that of the controls; empty for a random one, and if there is none."""
        parameter = next((item for item in self.schema.parameters if item.id.lower() == "seed"), None)
        if parameter is None or parameter.id in self.axis_controls:
            return {}
        value = self.values.get(parameter.id)
        seed = wire_values.integer(value)
        is_random = seed == 0 and wire_values.integer(parameter.default) == 0
        if seed is None or seed < 0 or is_random or ahead == 0:
            return {}
        after = seed_after(seed, ahead, parameter)
        return {parameter.id: str(after) if isinstance(value, str) else after}

    def put(self, values: Mapping[str, Any]) -> None:
        """Store converted values without a call of `on_change`."""
        merged_values = {**self.values, **values}
        self.values = {name: value for name, value in merged_values.items() if value is not None}
        for name in values:
            self._errors.pop(name, None)
        if self.rows is not None:
            self.rows.follow(self.values)
        self._forget_files()

    def vary(self, axes: Mapping[str, Any], models: Schemas | None = None) -> None:
        """Set some axes from Python, None to end one, and the models beside the panel's own; none of them ends that.

        `models` None leaves the models as they are. Raises InvalidParameter.
        """
        with self._lock:
            with self.recording():
                for name, values in axes.items():
                    self.axis_controls.set(name, values)
                if models is not None:
                    self._set_models(models)
            self._on_change()

    def is_model_axis(self, name: str) -> bool:
        """Return True for the name of the axis of models, which may not be that of a parameter."""
        return name == OTHER_MODEL_AXIS or (name == MODEL_AXIS and self.schema.get(name) is None)

    def add_model(self, name: str, schema: ModelSchema) -> None:
        """Run one more model beside the others; raises InvalidParameter if there are too many."""
        with self._lock:
            models = self.axis_controls.models
            with self.recording():
                if models is None:
                    self._set_models({name: schema})
                else:
                    self.axis_controls.models = models.with_model(name, schema)
            self._on_change()

    def drop_model(self, name: str = "") -> None:
        """Run one model less, but the panel's own; without a name only that one."""
        with self._lock:
            models = self.axis_controls.models
            with self.recording():
                self.axis_controls.models = models.without(name) if models and name else None
            self._on_change()

    def _set_models(self, schemas: Schemas) -> None:
        own = self.required_model()
        others = {name: schema for name, schema in schemas.items() if name != own}
        is_axis = bool(schemas)
        self.axis_controls.models = ModelAxis.of({own: self.known_schema, **others}) if is_axis else None

    def enter(self, patch: Mapping[str, Any], find_output: Callable[[str], OutputView | None]) -> None:
        """Take what the user typed; a wrong value stays as it was typed, with its error.

        `find_output` finds an earlier output that is used as an input.
        """

        def find_file(item: Any) -> Any:
            if isinstance(item, str):
                return self.files.get(item)
            if not isinstance(item, dict):
                return None
            output = find_output(str(item.get("output"))) if "output" in item else None
            return as_file(output.output) if output else web_address(item.get("url"))

        with self._lock:
            with self.recording(typed=True):
                for name, value in patch.items():
                    if self.rows is None:
                        self._enter_one(name, value, find_file)
                    elif name == ROWS:
                        self.values = self.rows.enter(value)
            self._on_change()

    def fit(self, values: Mapping[str, Any]) -> None:
        """Set the values of a recipe or a record that fit, and leave out the others.

        They are not trusted to name a file of this machine: only web addresses are taken as files.
        """
        with self._lock:
            with self.recording():
                self._fit(values, trust_files=False)
            self._on_change()

    def load(self, values: Mapping[str, Any]) -> None:
        """Set the values of a preset that fit; a text around `{prompt}` is put around what the control holds."""
        with self._lock:
            with self.recording():
                self.put_preset(values)
            self._on_change()

    def put_preset(self, values: Mapping[str, Any]) -> None:
        """Do what `load` does without a call of `on_change`."""
        texts = {
            name: styled(value, str(self.values.get(name) or ""))
            for name, value in values.items()
            if isinstance(value, str)
        }
        self._fit({**values, **texts}, trust_files=False)

    def preset(self) -> dict[str, Any]:
        """Return the values for a preset: all but files, sessions and wrong ones, None for what is empty.

        A style, whose text stands around `{prompt}`, has only what differs from the model's defaults.
        """
        with self._lock:
            not_kept = {item.id for item in self.schema.parameters if item.kind == "file" or is_session(item)}
            names = {item.id: None for item in self.schema.parameters} | self.values
            values = {
                name: self.values.get(name)
                for name in names
                if name not in not_kept and name not in self._errors
            }
            if is_style(values):
                defaults = self.schema.defaults
                values = {name: value for name, value in values.items() if value != defaults.get(name)}
            return values

    def take_inputs(self, outputs: Sequence[Output], field: str | None = None) -> str:
        """Use outputs as input, as many as the field has room for, and return in words what came of it.

        Without a `field` it is the first that takes a file of the first output's kind. Outputs of another kind are left
        out. Raises InvalidParameter if no field takes it, or this one does not.
        """
        family = family_of(outputs[0])
        fitting = [output for output in outputs if family_of(output) == family]
        with self._lock:
            parameter = field_for(outputs[0], self.schema) if field is None else self._file_field(field)
            if parameter.accept not in {None, family}:
                raise InvalidParameter(parameter.id, f"takes no {family or 'file of an unknown kind'}")
            used = fitting[: self._room(parameter)] or fitting[:1]  # which the field refuses in its own words
            self.add_file(parameter.id, *used)
        place = f"{parameter.label} of {self.model}"
        if len(used) < len(fitting):
            what = "The first" if len(used) == 1 else f"The first {len(used)}"
            return f"{what} of {len(fitting)} outputs went to {place}, which takes no more"
        return f"It is now {place}" if len(used) == 1 else f"{len(used)} outputs are now {place}"

    def add_file(self, name: str, *files: Any) -> None:
        """Add uploaded files to the others, or one in place of the only one; raises InvalidParameter."""
        with self._lock:
            parameter = self._file_field(name)
            with self.recording():
                if name in self.axis_controls:
                    self.axis_controls.set_files(name, [*self.axis_controls.files(name), *files])
                else:
                    several = [*as_list(self.values.get(name)), *files]
                    self.put(self.schema.convert({name: several if parameter.multiple else files[-1]}))
            self._on_change()

    def _file_field(self, name: str) -> Parameter:
        parameter = self.schema.get(name)
        if parameter is None or parameter.kind != "file":
            raise InvalidParameter(name, "takes no file")
        return parameter

    def _room(self, parameter: Parameter) -> int | None:
        """Return how many more files a field takes; None for any number, as one that is varied does."""
        if parameter.id in self.axis_controls:
            return None
        if not parameter.multiple:
            return 1
        present = len(as_list(self.values.get(parameter.id)))
        return None if parameter.max_files is None else parameter.max_files - present

    def use_output(self, output: Output) -> None:
        """Put an output into the first field that takes it, in the place of what is there.

        Raises InvalidParameter if the model takes no such file.
        """
        with self._lock:
            parameter = field_for(output, self.schema)
            self.axis_controls.end(parameter.id)
            self.set({parameter.id: [output] if parameter.multiple else output})

    def to_json(self) -> dict[str, Any]:
        """Return the `values` trait for the browser."""
        if self.rows is not None:
            return {ROWS: self.rows.to_json()}
        return to_browser(self.schema, self.values, self.files)

    def axes_to_json(self) -> dict[str, Any]:
        """Return the `_axes` trait: what is shown in place of the values, the text beside it, the number of runs.

        `undo` names the last change, if it can be taken back; `locked` is whether the seed stays. `models` are there
        while several run side by side.
        """
        references = {
            name: [self.files.reference(item) for item in items] for name, items in self._axis_files().items()
        }
        axes_json = {
            "shown": {**self.axis_controls.texts(), **references},
            "words": self.axis_controls.summaries(),
            "runs": self.axis_controls.run_count,
            "undo": self._undo_stack.title,
            "locked": self.seed_locked,
        }
        if models := self.axis_controls.models:
            axes_json["models"] = models.to_json(self.constants(), self.axis_controls.value_axes)
        return axes_json

    def files_by_id(self) -> dict[str, Any]:
        """Return the input files by their ids at the browser."""
        with self._lock:
            files = self._axis_files()
            for parameter in self.schema.parameters:
                if parameter.kind == "file":
                    files.setdefault(parameter.id, as_list(self.values.get(parameter.id)))
            return {self.files.reference(item)["id"]: item for items in files.values() for item in items}

    def _state(self) -> FormState:
        axes = self.axis_controls
        return FormState(self.model, self.schema, dict(self.values), axes.controls, axes.models)

    def _take_model(self, schema: ModelSchema, model: str | None) -> None:
        self.model, self.schema = model, schema
        self.known_schema = None if schema.is_open else schema
        self.rows = ValueRows() if schema.is_open else None
        self.values = dict(schema.defaults)
        self.axis_controls = AxisControls(schema)
        self.files = InputFiles()
        self._errors = {}

    def _carry_over(self, values: Mapping[str, Any], axes: AxisControls) -> None:
        if self.rows is not None:  # of the others nobody knows whether they fit
            values = {name: value for name, value in values.items() if name == "prompt"}
        self._fit(values, trust_files=True)
        self.axis_controls.fit(axes)
        if axes.models is not None:
            self.axis_controls.models = axes.models.led_by(self.required_model(), self.known_schema)

    def _fit(self, values: Mapping[str, Any], *, trust_files: bool) -> None:
        for name, value in values.items():
            parameter = self.schema.get(name)
            if parameter and parameter.kind == "file" and not trust_files:
                value = [item for item in as_list(value) if web_address(item)]  # noqa: PLW2901 - the same, checked
            try:
                self.put(self.schema.convert({name: value}))
            except InvalidParameter:
                continue
            self.axis_controls.end(name)

    def _enter_one(self, name: str, value: Any, find_file: Callable[[Any], Any]) -> None:
        parameter = self.schema.get(name)
        if name.startswith(MARK):
            self._enter_axis(name.removeprefix(MARK), value)
        elif parameter and parameter.kind == "file" and name in self.axis_controls:
            files = map(find_file, as_list(value))
            self.axis_controls.set_files(name, [file for file in files if file is not None])
            self._forget_files()
        elif parameter:
            result, error = from_browser(parameter, value, find_file)
            self.put({name: result})
            if error is not None:
                self._errors[name] = error

    def _enter_axis(self, name: str, text: object) -> None:
        files = self.axis_controls.files(name) if name in self._axis_files() else ()
        self.axis_controls.enter(name, text, self.values.get(name))
        if files and name not in self.axis_controls:  # the axis has ended; its first file stays
            self.put(self.schema.convert({name: files[0]}))

    def _axis_files(self) -> dict[str, list[Any]]:
        """Return the files of each file axis."""
        return {
            axis.name: [item for value in axis.values for item in as_list(value)]
            for axis in self.axis_controls.axes
            if (parameter := self.schema.get(axis.name)) and parameter.kind == "file"
        }

    def _forget_files(self) -> None:
        axes = {f"{MARK}{name}": files for name, files in self._axis_files().items()}
        self.files.keep_only({**self.values, **axes})
