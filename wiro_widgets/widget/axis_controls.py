"""Controls that vary: each is an axis of a sweep, typed by hand or set from Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import islice
from math import prod
from typing import Any

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.protocol.schema.parameters import Parameter
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.render import run_words
from wiro_widgets.sweeps import axis_syntax
from wiro_widgets.sweeps.axes import MAX_CELLS, Axis
from wiro_widgets.widget.controls.model_axis import ModelAxis
from wiro_widgets.widget.value_codec import as_list

MARK = "*"  # before a parameter's id: the text of its axis, among the values at the browser
BEGIN = True  # from the browser: begin an axis with the value of the control
_MAX_LISTED, _MAX_LIST_TEXT = 12, 40  # values that are listed beside a field, and characters of the list


@dataclass(frozen=True, slots=True)
class AxisControl:
    """One axis: its text at the browser, its values, and the error of a wrong text."""

    text: str
    values: tuple[Any, ...] = ()
    error: InvalidParameter | None = None

    @classmethod
    def of_text(cls, text: str, parameter: Parameter) -> AxisControl:
        """Read a text; a wrong one stays, with its error and without values."""
        try:
            return cls(text, axis_syntax.read(text, parameter))
        except InvalidParameter as error:
            return cls(text, (), error)

    @classmethod
    def of_values(cls, values: Any, parameter: Parameter) -> AxisControl:
        """Take values from Python; raises InvalidParameter."""
        if isinstance(values, str) and parameter.kind == "file":
            raise parameter.refuse("a list of files is needed, not one text")
        if isinstance(values, str):
            return cls(values, axis_syntax.read(values, parameter))
        if isinstance(values, bytes | Mapping | AbstractSet) or not isinstance(values, Iterable):
            raise parameter.refuse(f"a list of values or a text is needed, not {type(values).__name__}")
        items = tuple(islice(values, MAX_CELLS + 1))
        if not items or len(items) > MAX_CELLS:
            raise parameter.refuse(f"an axis has 1 to {MAX_CELLS:,} values")
        items = tuple(parameter.convert(item) for item in items)
        return cls("" if parameter.kind == "file" else axis_syntax.write(items, parameter), items)


class AxisControls:
    """The axes of one model's controls; without any, Run means one run.

    `models` are further models that run with the same values, if there are any.
    """

    def __init__(self, schema: ModelSchema) -> None:
        self.models: ModelAxis | None = None
        self._schema = schema
        self._axes: dict[str, AxisControl] = {}

    def __repr__(self) -> str:
        return f"<AxisControls {', '.join(self._axes) or 'none'}>"

    def __contains__(self, name: str) -> bool:
        return name in self._axes

    def __bool__(self) -> bool:
        return bool(self._axes) or self.models is not None

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The axes: the models, then the others in the order of the controls."""
        return ((self.models.axis,) if self.models else ()) + self.value_axes

    @property
    def value_axes(self) -> tuple[Axis, ...]:
        """The axes of the controls, in their order."""
        names = [item.id for item in self._schema.parameters if item.id in self._axes]
        return tuple(Axis(name, self._axes[name].values) for name in names)

    @property
    def controls(self) -> dict[str, AxisControl]:
        """The axes by their names, as `restore` takes them."""
        return dict(self._axes)

    def restore(self, controls: Mapping[str, AxisControl], models: ModelAxis | None) -> None:
        """Take the place of all axes."""
        self._axes = dict(controls)
        self.models = models

    @property
    def run_count(self) -> int:
        """The number of runs; 0 while an axis has no values."""
        if self.models is not None:
            return (
                0
                if any(not item.values for item in self._axes.values())
                else self.models.run_count(self.value_axes)
            )
        return prod(len(axis.values) for axis in self.value_axes)

    @property
    def errors(self) -> dict[str, InvalidParameter]:
        """What is wrong, by the name of the axis at the browser."""
        errors = {
            f"{MARK}{name}": item.error or InvalidParameter(name, "choose the files to go through")
            for name, item in self._axes.items()
            if not item.values
        }
        if not errors and (count := prod(len(axis.values) for axis in self.axes)) > MAX_CELLS:
            longest = max(self.value_axes, key=lambda axis: len(axis.values)).name
            reason = f"these make {count:,} runs; a sweep has at most {MAX_CELLS:,}"
            errors = {f"{MARK}{longest}": InvalidParameter(longest, reason)}
        return errors

    def enter(self, name: str, text: object, value: Any) -> None:
        """Take an axis from the browser: its text, `BEGIN` to begin it, anything else to end it.

        A wrong text stays as it is. `value` is the value of the control.
        """
        parameter = self._schema.get(name)
        if parameter is None or (text is not BEGIN and not isinstance(text, str)):
            self.end(name)
        elif parameter.kind == "file":
            self._axes.setdefault(name, AxisControl("", tuple(as_list(value))))
        else:
            text = axis_syntax.beginning(parameter, value) if text is BEGIN else str(text)
            self._axes[name] = AxisControl.of_text(text, parameter)

    def set(self, name: str, values: object) -> None:
        """Take an axis from Python: its text or its values, None to end it; raises InvalidParameter."""
        parameter = self._schema.get(name)
        if parameter is None:
            self._schema.bind({name: values})  # raises the error that proposes a similar name
            raise InvalidParameter(name, "cannot be varied before the model's parameters are known")
        if values is None:
            self.end(name)
        else:
            self._axes[name] = AxisControl.of_values(values, parameter)

    def end(self, name: str) -> None:
        """End an axis, if it is one."""
        self._axes.pop(name, None)

    def set_files(self, name: str, files: Iterable[Any]) -> None:
        """Give a file axis its files; it may have none yet."""
        self._axes[name] = AxisControl("", tuple(files))

    def files(self, name: str) -> tuple[Any, ...]:
        """Return the files of a file axis."""
        return self._axes[name].values

    def fit(self, other: AxisControls) -> None:
        """Take over the axes of another model that this one can read."""
        for name, item in other._axes.items():
            parameter = self._schema.get(name)
            if parameter and parameter.kind != "file":
                axis = AxisControl.of_text(item.text, parameter)
                if axis.error is None:
                    self._axes[name] = axis

    def texts(self) -> dict[str, str]:
        """Return the text of each axis, by its name at the browser."""
        return {f"{MARK}{name}": item.text for name, item in self._axes.items()}

    def summaries(self) -> dict[str, str]:
        """Return the text beside each axis: how many values it has, and which."""
        return {name: _summary(item.values, self._schema.get(name)) for name, item in self._axes.items()}

    def first_values(self) -> dict[str, Any]:
        """Return the values of one of the runs."""
        return {axis.name: axis.values[0] for axis in self.axes if axis.values}


def _summary(values: tuple[Any, ...], parameter: Parameter | None) -> str:
    if not values:
        return ""
    total = run_words.count(len(values), "file" if parameter and parameter.kind == "file" else "value")
    if parameter is None or not axis_syntax.is_numeric(parameter):
        return total
    texts = [wire_values.text(value) or "" for value in values]
    listing = ", ".join(texts[:_MAX_LISTED])
    if len(texts) > _MAX_LISTED or len(listing) > _MAX_LIST_TEXT:
        listing = f"{texts[0]} \N{HORIZONTAL ELLIPSIS} {texts[-1]}"
    return f"{total}: {listing}"
