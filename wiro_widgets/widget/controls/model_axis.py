"""The models that a panel runs side by side: its own first, each with what it takes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.protocol.schema.parameters import Parameter
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.render import run_words
from wiro_widgets.sweeps import plan
from wiro_widgets.sweeps.axes import Axis
from wiro_widgets.widget.form import label

MAX_MODELS = 50  # of a panel: each is asked for, and `Client.sweep` takes more
_MAX_CHECKED = 500  # values of an axis, at each change of the form; the plan of the sweep checks all
_MAX_ERRORS = 2  # of one model, that are told beside it


def names_in(text: str) -> list[str]:
    """Return the names of models in a text, separated by commas or lines."""
    return [name for item in re.split(r"[,\n]", text) if (name := item.strip())]


@dataclass(frozen=True, slots=True)
class ModelAxis:
    """What each model takes, None if nobody tells; the first one is the panel's own.

    `values` of its methods are those of the controls that do not vary, `axes` the other axes.
    """

    schemas: Mapping[str, ModelSchema | None]

    @classmethod
    def of(cls, schemas: Mapping[str, ModelSchema | None]) -> ModelAxis:
        """Return the axis of these models; raises InvalidParameter if there are too many."""
        if len(schemas) > MAX_MODELS:
            reason = f"a panel runs at most {MAX_MODELS} models side by side; client.sweep takes more"
            raise InvalidParameter(plan.MODEL_AXIS, reason)
        return cls(
            {name: None if schema is None or schema.is_open else schema for name, schema in schemas.items()}
        )

    @property
    def axis(self) -> Axis:
        """The axis of a sweep."""
        return plan.model_axis(self.schemas, self.schemas)

    @property
    def own(self) -> ModelSchema | None:
        """What the panel's own model takes."""
        return next(iter(self.schemas.values()))

    def with_model(self, name: str, schema: ModelSchema | None) -> ModelAxis:
        """Return the axis with one more model at its end; raises InvalidParameter if there are too many."""
        return self if name in self.schemas else self.of({**self.schemas, name: schema})

    def without(self, name: str) -> ModelAxis | None:
        """Return the axis without a model, but its own; None if that is the last one."""
        first, *others = self.schemas
        left = [item for item in others if item != name]
        return ModelAxis({item: self.schemas[item] for item in (first, *left)}) if left else None

    def led_by(self, name: str, schema: ModelSchema | None) -> ModelAxis:
        """Return the axis of a panel that has changed to another model, which takes the place of the first one.

        If it was among the others, the first one is now.
        """
        first = next(iter(self.schemas))
        others = {
            item: other
            for item, other in self.schemas.items()
            if item != name and (item != first or name in self.schemas)
        }
        return self.of({name: schema, **others})

    def run_count(self, axes: Sequence[Axis]) -> int:
        """Return the number of runs: an axis that a model does not take makes none of it."""
        return sum(
            prod(len(axis.values) for axis in axes if schema is None or schema.get(axis.name))
            for schema in self.schemas.values()
        )

    def own_defaults(self, values: Mapping[str, Any]) -> frozenset[str]:
        """Return the values that are left to each model, because they are only the own model's defaults.

        Another model refuses them: its choices are others, or its limits.
        """
        own = self.own
        if own is None:
            return frozenset()
        others = [schema for schema in list(self.schemas.values())[1:] if schema is not None]
        return frozenset(
            name
            for name, value in values.items()
            if isinstance(value, str | int | float)  # no file
            and value == own.defaults.get(name)
            and any(_refusal(schema.get(name), value) for schema in others)
        )

    def left_out(self, model: str, values: Mapping[str, Any], axes: Sequence[Axis]) -> tuple[str, ...]:
        """Return the labels of the fields that have a value which a model does not take."""
        schema = self.schemas[model]
        if schema is None:
            return ()
        names = [*_present(values, self.own), *(axis.name for axis in axes)]
        return tuple(self._label(name) for name in names if schema.get(name) is None)

    def problems(self, model: str, values: Mapping[str, Any], axes: Sequence[Axis]) -> list[str]:
        """Return what another model refuses of the values, unless the own one refuses it as well."""
        schema = self.schemas[model]
        if schema is None or model == self.axis.values[0]:
            return []
        one_run = {**values, **{axis.name: axis.values[0] for axis in axes if axis.values}}
        own_errors = self.own.problems(one_run) if self.own else {}
        errors = schema.problems({name: value for name, value in one_run.items() if schema.get(name)})
        for axis in axes:
            error = next(
                filter(
                    None, (_refusal(schema.get(axis.name), value) for value in axis.values[:_MAX_CHECKED])
                ),
                None,
            )
            if error is not None:
                errors.setdefault(axis.name, error)
        return [
            f"{self._label(name, schema)}: {error.reason}"
            if self.own is None or self.own.get(name)
            else f"It needs {self._label(name, schema)}, which this form does not have"
            for name, error in errors.items()
            if name not in own_errors
        ]

    def to_json(self, values: Mapping[str, Any], axes: Sequence[Axis]) -> list[dict[str, Any]]:
        """Return the models for the page, with what is said beside each: what is left out, and what is wrong."""
        own_defaults = self.own_defaults(values)
        common = {name: value for name, value in values.items() if name not in own_defaults}
        rows: list[dict[str, Any]] = []
        for model, schema in self.schemas.items():
            without = self.left_out(model, common, axes)
            differing = tuple(
                self._label(name) for name in values if name in own_defaults and schema and schema.get(name)
            )
            parts = (
                f"without {run_words.listing(without)}" if without else None,
                f"its own {run_words.listing(differing)}" if differing and rows else None,
            )
            errors = self.problems(model, common, axes)
            rows.append(
                {
                    "model": model,
                    "title": schema.title if schema else "",
                    "note": run_words.join_facts(*parts),
                    "about": ", ".join(without),
                    "error": " ".join(f"{error}." for error in errors[:_MAX_ERRORS]),
                }
            )
        return rows

    def _label(self, name: str, schema: ModelSchema | None = None) -> str:
        parameter = (self.own.get(name) if self.own else None) or (schema.get(name) if schema else None)
        return label(parameter) if parameter else name


def _present(values: Mapping[str, Any], schema: ModelSchema | None) -> list[str]:
    """Return the names of the values that a run sends."""
    return [
        name
        for name, value in values.items()
        if not (isinstance(value, str) and not value)
        and not ((parameter := schema.get(name) if schema else None) and parameter.is_missing(value))
    ]


def _refusal(parameter: Parameter | None, value: Any) -> InvalidParameter | None:
    """Return the error of a value that a parameter does not take; None if there is no such parameter."""
    if parameter is None or parameter.is_missing(value):
        return None
    try:
        parameter.convert(value)
    except InvalidParameter as error:
        return error
    return None
