"""Axes of a sweep: which values are lists to go through, and the cells that they make together."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence, Sized
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Literal

from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.protocol.schema.schema import ModelSchema

How = Literal["grid", "zip"]
MAX_CELLS = 10_000  # of one sweep; more is a mistake far more often than a wish


@dataclass(frozen=True, slots=True)
class Axis:
    """A parameter with the values that it takes in turn."""

    name: str
    values: tuple[Any, ...]


def split(values: Mapping[str, Any], schema: ModelSchema | None) -> tuple[tuple[Axis, ...], dict[str, Any]]:
    """Return the axes among the values, in their order, and the values that stay the same.

    Lists, tuples, ranges, generators and one-dimensional arrays are axes; texts, bytes, pictures and files are values.
    Raises InvalidParameter for an axis that is empty, a set (it has no order) or too long.
    """
    axes: list[Axis] = []
    same: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, AbstractSet):
            raise InvalidParameter(name, "a set has no order; give a list")
        if _is_axis(name, value, schema):
            axes.append(Axis(name, _listed(name, value)))
        else:
            same[name] = value
    return tuple(axes), same


def combine(axes: Sequence[Axis], how: How) -> Iterator[dict[str, Any]]:
    """Return what each cell has of the axes: every combination, the last axis fastest, or one of each at a time.

    Raises InvalidParameter when there would be too many, or when axes to be zipped differ in length.
    """
    names = [axis.name for axis in axes]
    if how == "zip":
        longest = max(axes, key=lambda axis: len(axis.values), default=None)
        for axis in axes:
            if longest and len(axis.values) != len(longest.values):
                reason = f"has {len(axis.values)} values where {longest.name} has {len(longest.values)}"
                raise InvalidParameter(axis.name, f'{reason}; how="zip" takes one of each at a time')
        combinations: Iterable[tuple[Any, ...]] = (
            zip(*(axis.values for axis in axes), strict=True) if axes else [()]
        )
    elif how == "grid":
        _check_count(axes)
        combinations = itertools.product(*(axis.values for axis in axes))
    else:
        raise InvalidParameter("how", f'"grid" or "zip" is needed, not {how!r}')
    return (dict(zip(names, combination, strict=True)) for combination in combinations)


def varying(
    cells: Sequence[Mapping[str, Any]], identities: Sequence[Mapping[str, Hashable]]
) -> tuple[tuple[Axis, ...], list[dict[str, Any]]]:
    """Return the parameters in which cells of a list differ, in order of appearance, and what each cell has of them.

    `identities` tell the values of the cells from each other: what is the same however it is written is one value.
    """
    axes: list[Axis] = []
    chosen: list[dict[str, Any]] = [{} for _ in cells]
    for name in dict.fromkeys(name for cell in cells for name in cell):
        values: dict[Hashable, Any] = {}
        found = [
            values.setdefault(told.get(name), cell.get(name))
            for cell, told in zip(cells, identities, strict=True)
        ]
        if len(values) > 1:
            axes.append(Axis(name, tuple(values.values())))
            for cell, value in zip(chosen, found, strict=True):
                cell[name] = value
    return tuple(axes), chosen


def distinct(values: Iterable[Any]) -> tuple[Any, ...]:
    """Return each value once; values that cannot be compared are told apart as objects."""
    return tuple({identity(value): value for value in values}.values())


def identity(value: Any) -> Hashable:
    """Return what tells a value of an axis from another."""
    if isinstance(value, list | tuple):
        return tuple(identity(item) for item in value)
    if isinstance(value, PurePath):
        return "path", str(value)
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


def _listed(name: str, value: Iterable[Any]) -> tuple[Any, ...]:
    listed = tuple(itertools.islice(value, MAX_CELLS + 1))
    if not listed:
        raise InvalidParameter(name, "the axis has no values, so there is nothing to run")
    if len(listed) > MAX_CELLS:
        many = f"{len(value):,}" if isinstance(value, Sized) else f"more than {MAX_CELLS:,}"
        raise InvalidParameter(name, f"the axis has {many} values; a sweep has at most {MAX_CELLS:,} cells")
    return listed


def _check_count(axes: Sequence[Axis]) -> None:
    count = 1
    for axis in axes:
        count *= len(axis.values)
    if count > MAX_CELLS:
        longest = max(axes, key=lambda axis: len(axis.values))
        shape = " x ".join(str(len(axis.values)) for axis in axes)
        raise InvalidParameter(
            longest.name, f"the axes make {shape} = {count:,} cells; a sweep has at most {MAX_CELLS:,}"
        )
