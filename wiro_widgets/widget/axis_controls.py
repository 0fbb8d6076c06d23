"""Controls that are varied: each stands for an axis, as typed by a hand or set from Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import islice
from math import prod
from typing import Any

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.protocol.schema.parameters import Parameter
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.sweeps import axis_syntax
from wiro_widgets.sweeps.axes import MAX_CELLS, Axis
from wiro_widgets.widget.wire import labels

MARK = "*"  # before a parameter's id: the text of its axis, among the values that the page is told
BEGIN = True  # what the page says for an axis that is to begin with what the control holds
_LISTED, _LONGEST = 12, 40  # values that are told one by one, and characters of them


@dataclass(frozen=True, slots=True)
class Varied:
    """One axis: what the page shows of it, its values, and what is wrong with what was typed."""

    text: str
    values: tuple[Any, ...] = ()
    error: InvalidParameter | None = None


@dataclass(slots=True)
class VariedControls:
    """The axes of one model's controls; pure bookkeeping."""

    schema: ModelSchema
    held: dict[str, Varied] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<VariedControls {', '.join(self.held) or 'none'}>"

    def __contains__(self, name: str) -> bool:
        return name in self.held

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The axes in the order of the controls."""
        order = [item.id for item in self.schema.parameters if item.id in self.held]
        return tuple(Axis(name, self.held[name].values) for name in order)

    @property
    def runs(self) -> int:
        """How many runs they make together; 0 while one of them cannot be read."""
        return prod(len(axis.values) for axis in self.axes)

    @property
    def errors(self) -> dict[str, InvalidParameter]:
        """What is wrong, by the name under which the page knows the axis."""
        found = {
            f"{MARK}{name}": item.error or InvalidParameter(name, "choose the files to go through")
            for name, item in self.held.items()
            if not item.values
        }
        if not found and self.runs > MAX_CELLS:
            longest = max(self.axes, key=lambda axis: len(axis.values)).name
            many = f"these make {self.runs:,} runs; a sweep has at most {MAX_CELLS:,}"
            found = {f"{MARK}{longest}": InvalidParameter(longest, many)}
        return found

    def typed(self, name: str, given: object, current: Any) -> None:
        """Take what the page says of an axis: its text, that it begins, or that it ends; wrong text is kept as typed.

        `current` is what the control holds.
        """
        parameter = self.schema.get(name)
        if parameter is None or (given is not BEGIN and not isinstance(given, str)):
            self.held.pop(name, None)
        elif parameter.kind == "file":
            self.held.setdefault(name, Varied("", _listed(current)))
        else:
            self.held[name] = _read(
                axis_syntax.beginning(parameter, current) if given is BEGIN else str(given), parameter
            )

    def put(self, name: str, values: object) -> None:
        """Take an axis from Python: its text or its values, None to end it; raises InvalidParameter."""
        parameter = self.schema.get(name)
        if parameter is None:
            self.schema.bind({name: values})  # raises the error that proposes the near name
            raise InvalidParameter(name, "cannot be varied before the model's parameters are known")
        if values is None:
            self.held.pop(name, None)
        elif isinstance(values, str) and parameter.kind == "file":
            raise parameter.refuse("a list of files is needed, not one text")
        elif isinstance(values, bytes | Mapping | AbstractSet):
            raise parameter.refuse(f"a list of values is needed, not {type(values).__name__}")
        elif isinstance(values, str):
            self.held[name] = Varied(values, axis_syntax.read(values, parameter))
        else:
            self.held[name] = _converted(parameter, values)

    def put_files(self, name: str, files: Iterable[Any]) -> None:
        """Let a file axis have these files; while there are none the axis waits for them."""
        self.held[name] = Varied("", tuple(files))

    def files(self, name: str) -> tuple[Any, ...]:
        """Return the files of an axis."""
        return self.held[name].values

    def fit(self, before: VariedControls) -> None:
        """Take over the axes of another model's controls that can be read here."""
        for name, item in before.held.items():
            parameter = self.schema.get(name)
            if parameter and parameter.kind != "file" and not _read(item.text, parameter).error:
                self.held[name] = _read(item.text, parameter)

    def to_json(self) -> dict[str, str]:
        """Return what the `values` trait has of them."""
        return {f"{MARK}{name}": item.text for name, item in self.held.items()}

    def told(self) -> dict[str, str]:
        """Return what is said beside each of them: how many values, and which."""
        return {name: _words(item.values, self.schema.get(name)) for name, item in self.held.items()}

    def first(self) -> Mapping[str, Any]:
        """Return the values of one of the runs."""
        return {axis.name: axis.values[0] for axis in self.axes if axis.values}


def _read(text: str, parameter: Parameter) -> Varied:
    try:
        return Varied(text, axis_syntax.read(text, parameter))
    except InvalidParameter as error:
        return Varied(text, (), error)


def _converted(parameter: Parameter, values: Any) -> Varied:
    if isinstance(values, set | frozenset) or not isinstance(values, Iterable):
        raise parameter.refuse(
            f"a list of values or a text is needed to vary it, not {type(values).__name__}"
        )
    listed = tuple(islice(values, MAX_CELLS + 1))
    if not listed or len(listed) > MAX_CELLS:
        raise parameter.refuse(f"an axis has 1 to {MAX_CELLS:,} values")
    found = tuple(parameter.convert(value) for value in listed)
    return Varied("" if parameter.kind == "file" else axis_syntax.write(found, parameter), found)


def _listed(current: Any) -> tuple[Any, ...]:
    if current is None:
        return ()
    return tuple(current) if isinstance(current, list | tuple) else (current,)


def _words(values: tuple[Any, ...], parameter: Parameter | None) -> str:
    if not values:
        return ""
    many = labels.count(len(values), "value" if parameter is None or parameter.kind != "file" else "file")
    if parameter is None or not axis_syntax.is_numeric(parameter):
        return many
    shown = [wire_values.text(value) or "" for value in values]
    told = ", ".join(shown[:_LISTED])
    if len(shown) > _LISTED or len(told) > _LONGEST:
        told = f"{shown[0]} \N{HORIZONTAL ELLIPSIS} {shown[-1]}"
    return f"{many}: {told}"
