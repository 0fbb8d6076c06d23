"""The plan of a sweep: every cell bound, checked and keyed by its content before anything is sent."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence, Sized
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.protocol.requests import Upload
from wiro_widgets.protocol.schema import scalars
from wiro_widgets.protocol.schema.schema import ModelSchema, split_model
from wiro_widgets.runs import fingerprint, inputs
from wiro_widgets.sweeps import axes as axis_rules
from wiro_widgets.sweeps.axes import MAX_CELLS, Axis, How


@dataclass(frozen=True, slots=True)
class PlannedCell:
    """One run of a sweep: its bound values, what it has of the axes, and the key of its content.

    `number` counts cells with the same content.
    """

    index: int
    values: Mapping[str, Any]
    chosen: Mapping[str, Any]
    content: str
    number: int


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a sweep will run."""

    model: str
    schema: ModelSchema | None = field(repr=False)
    axes: tuple[Axis, ...]
    cells: tuple[PlannedCell, ...] = field(repr=False)


def grid(model: str, schema: ModelSchema | None, values: Mapping[str, Any], how: How) -> Plan:
    """Return the plan of the combinations of the axes among the values; reads and hashes their files.

    Raises InvalidParameter that names the axis, and the value or the cell where it is one.
    """
    _check_names(schema, values)
    axes, same = axis_rules.split(values, schema)
    return of_axes(model, schema, axes, same, how)


def of_axes(
    model: str, schema: ModelSchema | None, axes: Sequence[Axis], same: Mapping[str, Any], how: How = "grid"
) -> Plan:
    """Return the plan of these axes, beside values that stay the same; reads and hashes their files.

    Raises InvalidParameter that names the axis, and the value or the cell where it is one.
    """
    split_model(model)
    hold = _Files(schema)
    same = {name: hold.frozen(name, value) for name, value in same.items()}
    held = tuple(_held(axis, hold) for axis in axes)
    chosen = list(axis_rules.combine(held, how))
    bound = _bound(model, schema, [{**same, **one} for one in chosen], hold)
    return Plan(model, schema, held, _cells(bound, chosen))


def listed(model: str, schema: ModelSchema | None, given: Iterable[Mapping[str, Any]]) -> Plan:
    """Return the plan of a list of values; reads and hashes their files.

    Raises InvalidParameter that names the field and the cell.
    """
    split_model(model)
    hold = _Files(schema)
    rows = [{name: hold.frozen(name, value) for name, value in row.items()} for row in _rows(given)]
    bound = _bound(model, schema, rows, hold)
    axes, chosen = axis_rules.varying(rows, [item.identities for item in bound])
    return Plan(model, schema, axes, _cells(bound, chosen))


def converted(values: Mapping[str, Any], schema: ModelSchema | None) -> dict[str, Any]:
    """Return the given values in their types, also where others that are required are not given yet.

    Raises InvalidParameter for one that the model does not take.
    """
    _check_names(schema, values)
    found: dict[str, Any] = {}
    for name, value in values.items():
        parameter = schema.get(name) if schema else None
        if parameter is None:
            found[name] = value
        elif not parameter.is_missing(value):
            found[name] = parameter.convert(value)
    return found


class _Files:
    """The files of a sweep, each opened, checked and hashed once however many cells it is in.

    What could be read only once, or by one cell at a time, is held as bytes.
    """

    def __init__(self, schema: ModelSchema | None) -> None:
        self._schema = schema
        self._frozen: dict[int, tuple[Any, Any]] = {}
        self._digests: dict[Hashable, tuple[Any, Any]] = {}

    def frozen(self, name: str, value: Any) -> Any:
        """Return the value as every cell may use it."""
        if isinstance(value, list | tuple) and self._is_file(name):
            return [self.frozen(name, item) for item in value]
        value = scalars.plain(value)
        if not hasattr(value, "read") and not hasattr(value, "__array_interface__"):
            return value
        if id(value) not in self._frozen:
            self._frozen[id(value)] = value, self._as_bytes(name, value)
        return self._frozen[id(value)][1]

    def told(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return bound values with their files as what a key has of them."""
        return {name: self._told(name, value) for name, value in values.items()}

    def _told(self, name: str, value: Any) -> Any:
        if not self._is_file(name) and not isinstance(value, bytes | Path):
            return value
        if isinstance(value, list | tuple):
            return [self._told(name, item) for item in value]
        key = (name, str(value)) if isinstance(value, str | Path) else id(value)
        if key not in self._digests:
            with ExitStack() as opened:
                ready = inputs.prepare({name: value}, self._schema, opened)[name]
                self._digests[key] = value, fingerprint.of_value(ready)
        return self._digests[key][1]

    def _as_bytes(self, name: str, value: Any) -> Any:
        with ExitStack() as opened:
            ready = inputs.prepare({name: value}, self._schema, opened)[name]
            if isinstance(ready, Upload):
                ready.content.seek(0)
                return inputs.NamedBytes(ready.content.read(), ready.filename)
        return ready

    def _is_file(self, name: str) -> bool:
        parameter = self._schema.get(name) if self._schema else None
        return parameter is not None and parameter.kind == "file"


def _held(axis: Axis, hold: _Files) -> Axis:
    return replace(axis, values=tuple(hold.frozen(axis.name, value) for value in axis.values))


def _check_names(schema: ModelSchema | None, values: Mapping[str, Any]) -> None:
    """Find an axis that does not exist before its values are looked at."""
    for name in values:
        if schema is not None and schema.get(name) is None:
            schema.bind({name: "unknown"})


def _rows(given: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the cells of a list, unless they are none, no dicts or too many."""
    if not isinstance(given, Iterable) or isinstance(given, Mapping | str | bytes):
        hint = "; one run is a list of one dict" if isinstance(given, Mapping) else ""
        raise InvalidParameter("values", f"a list of dicts is needed, not {type(given).__name__}{hint}")
    rows = list(itertools.islice(given, MAX_CELLS + 1))
    if not rows:
        raise InvalidParameter("values", "the list has no cells, so there is nothing to run")
    if len(rows) > MAX_CELLS:
        many = f"{len(given):,}" if isinstance(given, Sized) else f"more than {MAX_CELLS:,}"
        raise InvalidParameter("values", f"the list has {many} cells; a sweep has at most {MAX_CELLS:,}")
    for index, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise InvalidParameter("values", f"cell {index}: a dict is needed, not {type(row).__name__}")
    return rows


@dataclass(frozen=True, slots=True)
class _Bound:
    """The values of a cell as the model takes them, what tells each of them from another, and the key of them all."""

    values: Mapping[str, Any]
    identities: Mapping[str, Hashable]
    key: str


def _bound(
    model: str, schema: ModelSchema | None, rows: Sequence[Mapping[str, Any]], hold: _Files
) -> list[_Bound]:
    found: list[_Bound] = []
    for index, values in enumerate(rows):
        given = {name: value for name, value in values.items() if value is not None}
        try:
            bound = schema.bind(given) if schema else given
            told = hold.told(bound)
        except InvalidParameter as error:
            raise InvalidParameter(error.parameter, f"cell {index}: {error.reason}") from error
        identities = {name: repr(fingerprint.of_value(value)) for name, value in told.items()}
        found.append(_Bound(bound, identities, fingerprint.of_run(model, told)))
    return found


def _cells(bound: Sequence[_Bound], chosen: Sequence[Mapping[str, Any]]) -> tuple[PlannedCell, ...]:
    seen: Counter[str] = Counter()
    cells: list[PlannedCell] = []
    for index, (item, has) in enumerate(zip(bound, chosen, strict=True)):
        cells.append(PlannedCell(index, item.values, has, item.key, seen[item.key]))
        seen[item.key] += 1
    return tuple(cells)
