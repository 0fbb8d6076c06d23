"""Axes of a sweep: which values are lists to go through, and the cells that they make together."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence, Sized
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Literal

from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.protocol.schema.scalars import short_repr
from wiro_widgets.protocol.schema.schema import ModelSchema

How = Literal["grid", "zip"]
MAX_CELLS = 10_000  # of one sweep; more is a mistake far more often than a wish


@dataclass(frozen=True, slots=True)
class Axis:
    """A parameter with the values that it takes in turn; or the models, if `is_model`."""

    name: str
    values: tuple[Any, ...]
    is_model: bool = False


def split(values: Mapping[str, Any], schema: ModelSchema | None) -> tuple[tuple[Axis, ...], dict[str, Any]]:
    """Return the axes among the values, in their order, and the values that stay the same.

    Lists, tuples, ranges, generators and one-dimensional arrays are axes; texts, bytes, pictures and files are values.
    Raises InvalidParameter for an axis that is empty, a set (it has no order) or too long.
    """
    axes: list[Axis] = []
    constants: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, AbstractSet):
            raise InvalidParameter(name, "a set has no order; give a list")
        if _is_axis(name, value, schema):
            axes.append(Axis(name, _axis_values(name, value)))
        else:
            constants[name] = value
    return tuple(axes), constants


def combine(axes: Sequence[Axis], how: How) -> Iterator[dict[str, Any]]:
    """Return the axis values of each cell: every combination, the last axis fastest, or with "zip" one of each.

    Raises InvalidParameter if there are too many, or if axes to be zipped differ in length.
    """
    combinations: Iterable[tuple[Any, ...]]
    if how == "zip":
        longest = max(axes, key=lambda axis: len(axis.values), default=None)
        for axis in axes:
            if longest and len(axis.values) != len(longest.values):
                reason = f"has {len(axis.values)} values where {longest.name} has {len(longest.values)}"
                raise InvalidParameter(axis.name, f'{reason}; how="zip" takes one of each at a time')
        combinations = zip(*(axis.values for axis in axes), strict=True) if axes else [()]
    elif how == "grid":
        lengths = [len(axis.values) for axis in axes]
        if (count := math.prod(lengths)) > MAX_CELLS:
            longest = max(axes, key=lambda axis: len(axis.values))
            shape = " x ".join(map(str, lengths))
            reason = f"the axes make {shape} = {count:,} cells; a sweep has at most {MAX_CELLS:,}"
            raise InvalidParameter(longest.name, reason)
        combinations = itertools.product(*(axis.values for axis in axes))
    else:
        raise InvalidParameter("how", f'"grid" or "zip" is needed, not {short_repr(how)}')
    names = [axis.name for axis in axes]
    return (dict(zip(names, combination, strict=True)) for combination in combinations)


def varying(
    rows: Sequence[Mapping[str, Any]], identities: Sequence[Mapping[str, Hashable]]
) -> tuple[tuple[Axis, ...], list[dict[str, Any]]]:
    """Return the parameters in which rows differ as axes, in order of appearance, and the axis values of each row.

    Two values with the same identity are one value of the axis, in the form in which it appears first.
    """
    axes: list[Axis] = []
    axis_values: list[dict[str, Any]] = [{} for _ in rows]
    for name in dict.fromkeys(name for row in rows for name in row):
        by_identity: dict[Hashable, Any] = {}
        column = [
            by_identity.setdefault(row_identities.get(name), row.get(name))
            for row, row_identities in zip(rows, identities, strict=True)
        ]
        if len(by_identity) > 1:
            axes.append(Axis(name, tuple(by_identity.values())))
            for row_values, value in zip(axis_values, column, strict=True):
                row_values[name] = value
    return tuple(axes), axis_values


def distinct(values: Iterable[Any]) -> tuple[Any, ...]:
    """Return each value once; values that cannot be compared are distinguished as objects."""
    return tuple({identity(value): value for value in values}.values())


def identity(value: Any) -> Hashable:
    """Return a key that is equal for equal values of an axis."""
    if isinstance(value, list | tuple):
        return tuple(identity(item) for item in value)
    if isinstance(value, os.PathLike):
        return "path", os.fsdecode(value)
    plain = value is None or isinstance(value, str | bytes | int | float)
    return (type(value).__name__, value) if plain else id(value)


def _is_axis(name: str, value: Any, schema: ModelSchema | None) -> bool:
    if isinstance(value, list | tuple | range | Iterator) and not hasattr(value, "read"):
        return True
    shape = getattr(value, "shape", None)
    if not isinstance(shape, tuple):
        return False
    parameter = schema.get(name) if schema else None
    return len(shape) == 1 and (parameter is None or parameter.kind != "file")


def _axis_values(name: str, value: Iterable[Any]) -> tuple[Any, ...]:
    values = tuple(itertools.islice(value, MAX_CELLS + 1))  # a generator may have no end
    if not values:
        raise InvalidParameter(name, "the axis has no values, so there is nothing to run")
    if len(values) > MAX_CELLS:
        many = f"{len(value):,}" if isinstance(value, Sized) else f"more than {MAX_CELLS:,}"
        raise InvalidParameter(name, f"the axis has {many} values; a sweep has at most {MAX_CELLS:,} cells")
    return values
