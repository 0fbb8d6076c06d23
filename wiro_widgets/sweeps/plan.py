"""The plan of a sweep: every cell bound, checked and keyed by its content before anything is sent."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from types import MappingProxyType
from typing import Any

from wiro_widgets.media import arrays
from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.protocol.requests import Upload
from wiro_widgets.protocol.schema import scalars
from wiro_widgets.protocol.schema.schema import ModelSchema, split_model
from wiro_widgets.runs import fingerprint, inputs
from wiro_widgets.runs.chain import FailedInput
from wiro_widgets.sweeps import axes as axis_rules
from wiro_widgets.sweeps.axes import Axis, How
from wiro_widgets.sweeps.table import Table

_NO_VALUES: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PlannedCell:
    """One run of a sweep: its bound values, its values of the axes, and the key of its content.

    `number` counts the cells with the same content, which are separate runs. A cell with an `error` is never sent: an
    input of it will not come.
    """

    index: int
    values: Mapping[str, Any]
    axis_values: Mapping[str, Any]
    content: str
    number: int
    error: InvalidParameter | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a sweep will run; `table` is what it was planned from, if it was one."""

    model: str
    schema: ModelSchema | None = field(repr=False)
    axes: tuple[Axis, ...]
    cells: tuple[PlannedCell, ...] = field(repr=False)
    table: Table | None = field(default=None, repr=False)


def of_values(model: str, schema: ModelSchema | None, values: Mapping[str, Any], how: How) -> Plan:
    """Return the plan of the axes among the values; reads and hashes their files.

    Raises InvalidParameter that names the axis, and the value or the cell if it is one.
    """
    _check_names(schema, values)
    axes, constants = axis_rules.split(values, schema)
    return of_axes(model, schema, axes, constants, how)


def of_axes(
    model: str,
    schema: ModelSchema | None,
    axes: Sequence[Axis],
    constants: Mapping[str, Any],
    how: How = "grid",
) -> Plan:
    """Return the plan of these axes, with values that are the same in each cell; reads and hashes their files.

    Raises InvalidParameter that names the axis, and the value or the cell if it is one.
    """
    split_model(model)
    files = _Files(schema)
    constants = {name: files.reusable(name, value) for name, value in constants.items()}
    axes = [
        replace(axis, values=tuple(files.reusable(axis.name, value) for value in axis.values))
        for axis in axes
    ]
    axis_values = list(axis_rules.combine(axes, how))
    rows = _bind(schema, [{**constants, **values} for values in axis_values], files)
    return Plan(model, schema, tuple(axes), _cells(model, schema, rows, axis_values))


def of_table(
    model: str,
    schema: ModelSchema | None,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    constants: Mapping[str, Any] = _NO_VALUES,
) -> Plan:
    """Return the plan of a table, a cell for each of its `rows`; reads and hashes their files.

    `constants` are values of every row that has none of its own. Raises InvalidParameter that names the field, the row
    and the column.
    """
    split_model(model)
    files = _Files(schema)
    reusable: list[dict[str, Any]] = []
    for index, row in enumerate(rows):
        try:
            values = {**constants, **row}
            reusable.append({name: files.reusable(name, value) for name, value in values.items()})
        except InvalidParameter as error:
            raise table.explain(error, index) from error
    bound_rows = _bind(schema, reusable, files, table)
    identities = [
        {name: repr(fingerprint.of_value(value)) for name, value in digests.items()}
        for digests in (row.digests for row in bound_rows)
    ]
    axes, axis_values = axis_rules.varying(reusable, identities)
    return Plan(model, schema, axes, _cells(model, schema, bound_rows, axis_values), table)


def convert(values: Mapping[str, Any], schema: ModelSchema | None) -> dict[str, Any]:
    """Return the values in the types of the schema; unlike `bind` it asks for no required values.

    Raises InvalidParameter for one that the model does not take.
    """
    _check_names(schema, values)
    result: dict[str, Any] = {}
    for name, value in values.items():
        parameter = schema.get(name) if schema else None
        if parameter is None:
            result[name] = value
        elif not parameter.is_missing(value):
            result[name] = parameter.convert(value)
    return result


class _Files:
    """The files of a sweep: each is opened, checked and hashed once, however many cells it is in."""

    def __init__(self, schema: ModelSchema | None) -> None:
        self._schema = schema
        # Both by `id`, with the object itself, so that no other object gets the same id meanwhile.
        self._contents: dict[int, tuple[Any, Any]] = {}
        self._digests: dict[Hashable, tuple[Any, Any]] = {}

    def reusable(self, name: str, value: Any) -> Any:
        """Return the value in a form that every cell can use; an open file, which one cell would use up, as bytes."""
        if isinstance(value, list | tuple) and self._is_file(name):
            return [self.reusable(name, item) for item in value]
        value = scalars.python_scalar(value)
        parameter = self._schema.get(name) if self._schema else None
        if parameter is not None and parameter.kind == "file":
            value = parameter.read_file(value)  # here, so that cells share the bytes of a data: URL
        if not hasattr(value, "read") and not arrays.shape_of(value):
            return value
        if id(value) not in self._contents:
            with ExitStack() as opened:
                content = inputs.prepare({name: value}, self._schema, opened)[name]
                if isinstance(content, Upload):
                    content.content.seek(0)
                    content = inputs.NamedBytes(content.content.read(), content.filename)
            self._contents[id(value)] = value, content
        return self._contents[id(value)][1]

    def digest(self, name: str, value: Any) -> Any:
        """Return what represents a bound value in a content key: of a file its digest, otherwise the value."""
        if not self._is_file(name) and not isinstance(value, bytes | os.PathLike):
            return value
        if isinstance(value, list | tuple):
            return [self.digest(name, item) for item in value]
        key = (name, str(value)) if isinstance(value, str | PurePath) else id(value)
        if key not in self._digests:
            with ExitStack() as opened:
                upload = inputs.prepare({name: value}, self._schema, opened)[name]
                self._digests[key] = value, fingerprint.of_value(upload)
        return self._digests[key][1]

    def _is_file(self, name: str) -> bool:
        parameter = self._schema.get(name) if self._schema else None
        return parameter is not None and parameter.kind == "file"


@dataclass(frozen=True, slots=True)
class _BoundRow:
    """The values of a cell as the model takes them, the same with a digest in place of each file, and its error."""

    values: Mapping[str, Any]
    digests: Mapping[str, Any]
    error: InvalidParameter | None = None


def _bind(
    schema: ModelSchema | None,
    rows: Sequence[Mapping[str, Any]],
    files: _Files,
    table: Table | None = None,
) -> list[_BoundRow]:
    bound_rows: list[_BoundRow] = []
    for index, row in enumerate(rows):
        values: Mapping[str, Any] = {name: value for name, value in row.items() if value is not None}
        if failed := next((value for value in values.values() if isinstance(value, FailedInput)), None):
            bound_rows.append(_BoundRow(values, {}, failed.error))
            continue
        try:
            values = schema.bind(values) if schema else values
            digests = {name: files.digest(name, value) for name, value in values.items()}
        except InvalidParameter as error:
            if table is not None:
                raise table.explain(error, index) from error
            raise InvalidParameter(error.parameter, f"cell {index}: {error.reason}") from error
        bound_rows.append(_BoundRow(values, digests))
    return bound_rows


def _cells(
    model: str,
    schema: ModelSchema | None,
    rows: Sequence[_BoundRow],
    axis_values: Sequence[Mapping[str, Any]],
) -> tuple[PlannedCell, ...]:
    counts: Counter[str] = Counter()
    cells: list[PlannedCell] = []
    for row, values_of_axes in zip(rows, axis_values, strict=True):
        content = fingerprint.of_run(model, row.digests, is_typed=schema is not None)
        cells.append(PlannedCell(len(cells), row.values, values_of_axes, content, counts[content], row.error))
        counts[content] += 1
    return tuple(cells)


def _check_names(schema: ModelSchema | None, values: Mapping[str, Any]) -> None:
    """Raise InvalidParameter for an unknown name before its values are looked at."""
    for name in values:
        if schema is not None:
            schema.require(name)
