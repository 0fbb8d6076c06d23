"""The plan of a sweep: every cell bound, checked and keyed by its content before anything is sent."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from types import MappingProxyType
from typing import Any

from wiro_widgets.media import arrays
from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.protocol.requests import Upload
from wiro_widgets.protocol.schema import scalars
from wiro_widgets.protocol.schema.parameters import nearest
from wiro_widgets.protocol.schema.schema import COMMON, ModelSchema, split_model
from wiro_widgets.runs import fingerprint, inputs
from wiro_widgets.runs.chain import FailedInput
from wiro_widgets.sweeps import axes as axis_rules
from wiro_widgets.sweeps.axes import Axis, How
from wiro_widgets.sweeps.table import Table

_NO_VALUES: Mapping[str, Any] = MappingProxyType({})
MODEL_AXIS = "model"
OTHER_MODEL_AXIS = "owner/model"  # if a model has a parameter named `model`

Schemas = Mapping[str, ModelSchema | None]  # by model: what it takes, or None if nobody knows
_NO_AXIS = Axis("", ())


@dataclass(frozen=True, slots=True)
class PlannedCell:
    """One run of a sweep: its model, its bound values, its values of the axes, and the key of its content.

    `number` counts the cells with the same content, which are separate runs. A cell with an `error` is never sent: an
    input of it will not come.
    """

    index: int
    values: Mapping[str, Any]
    axis_values: Mapping[str, Any]
    content: str
    number: int
    model: str
    schema: ModelSchema | None = field(repr=False)
    error: InvalidParameter | None = None
    file_digests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a sweep will run; `table` is what it was planned from, if it was one.

    `left_out` names the values that a model does not take, by model: its runs go without them.
    """

    schemas: Schemas = field(repr=False)
    axes: tuple[Axis, ...]
    cells: tuple[PlannedCell, ...] = field(repr=False)
    table: Table | None = field(default=None, repr=False)
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def model(self) -> str:
        """The model, or all of them in one text."""
        return ", ".join(self.schemas)


def model_axis(schemas: Schemas, models: Iterable[str]) -> Axis:
    """Return the axis of these models; it is named "model", unless a model has a parameter of that name."""
    is_taken = any(schema is not None and schema.get(MODEL_AXIS) for schema in schemas.values())
    return Axis(OTHER_MODEL_AXIS if is_taken else MODEL_AXIS, tuple(models), is_model=True)


def of_values(
    schemas: Schemas, values: Mapping[str, Any], how: How, models: Iterable[str] | None = None
) -> Plan:
    """Return the plan of the axes among the values; reads and hashes their files.

    `models` are an axis before the others; without them there is one model. Raises InvalidParameter that names the
    axis, and the value or the cell if it is one.
    """
    _check_names(schemas, values)
    axes, constants = axis_rules.split(values, merged_schema(schemas))
    if models is not None:
        axes = (model_axis(schemas, models), *axes)
    return of_axes(schemas, axes, constants, how)


def of_axes(schemas: Schemas, axes: Sequence[Axis], constants: Mapping[str, Any], how: How = "grid") -> Plan:
    """Return the plan of these axes, with values that are the same in each cell; reads and hashes their files.

    Raises InvalidParameter that names the axis, and the value or the cell if it is one.
    """
    for model in schemas:
        split_model(model)
    reusable = _Files(merged_schema(schemas)).reusable
    constants = {name: reusable(name, value) for name, value in constants.items()}
    axes = [
        axis
        if axis.is_model
        else replace(axis, values=tuple(reusable(axis.name, value) for value in axis.values))
        for axis in axes
    ]
    files = {model: _Files(schema) for model, schema in schemas.items()}
    rows: list[_BoundRow] = []
    for index, (model, values, axis_values) in enumerate(combinations(schemas, axes, constants, how)):
        try:
            rows.append(_bind(model, schemas[model], values, axis_values, files[model]))
        except InvalidParameter as error:
            place = f"cell {index} ({model})" if len(schemas) > 1 else f"cell {index}"
            raise InvalidParameter(error.parameter, f"{place}: {error.reason}") from error
    names = (*constants, *(axis.name for axis in axes if not axis.is_model))
    left_out = {
        model: without
        for model, schema in schemas.items()
        if schema is not None and (without := tuple(name for name in names if schema.get(name) is None))
    }
    return Plan(schemas, tuple(axes), _cells(rows), left_out=left_out)


def combinations(
    schemas: Schemas, axes: Sequence[Axis], constants: Mapping[str, Any], how: How = "grid"
) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Yield the model, the values and the axis values of each cell.

    What a model does not take is left out of its cells; of those that only differ in that, there is one.
    """
    [first_model, *more] = schemas
    positions = [replace(axis, values=tuple(range(len(axis.values)))) for axis in axes]
    by_name = {axis.name: axis for axis in axes}
    keys: set[tuple[str, tuple[tuple[str, int], ...]]] = set()
    for places in axis_rules.combine(positions, how):
        combination = {name: by_name[name].values[place] for name, place in places.items()}
        model = next((combination[axis.name] for axis in axes if axis.is_model), first_model)
        schema = schemas[model] if more else None  # of a single model every name was checked

        def takes(name: str, schema: ModelSchema | None = schema) -> bool:
            return schema is None or by_name.get(name, _NO_AXIS).is_model or schema.get(name) is not None

        axis_values = {name: value for name, value in combination.items() if takes(name)}
        if len(axis_values) < len(combination):
            key = model, tuple((name, places[name]) for name in axis_values)
            if key in keys:
                continue
            keys.add(key)
        same = {name: value for name, value in constants.items() if takes(name)}
        own = {name: value for name, value in axis_values.items() if not by_name[name].is_model}
        yield model, {**same, **own}, axis_values


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
    bound_rows: list[_BoundRow] = []
    for index, row in enumerate(rows):
        try:
            values = {**constants, **row}
            reusable.append({name: files.reusable(name, value) for name, value in values.items()})
            bound_rows.append(_bind(model, schema, reusable[-1], _NO_VALUES, files))
        except InvalidParameter as error:
            raise table.explain(error, index) from error
    identities = [
        {name: repr(fingerprint.of_value(value)) for name, value in digests.items()}
        for digests in (row.digests for row in bound_rows)
    ]
    axes, axis_values = axis_rules.varying(reusable, identities)
    rows_of_axes = [
        replace(row, axis_values=values) for row, values in zip(bound_rows, axis_values, strict=True)
    ]
    return Plan({model: schema}, axes, _cells(rows_of_axes), table)


def convert(values: Mapping[str, Any], schema: ModelSchema | None) -> dict[str, Any]:
    """Return the values in the types of the schema; unlike `bind` it asks for no required values.

    Raises InvalidParameter for one that the model does not take.
    """
    result: dict[str, Any] = {}
    for name in values:
        if schema is not None:  # an unknown name before a wrong value
            schema.require(name)
    for name, value in values.items():
        parameter = schema.get(name) if schema else None
        if parameter is None:
            result[name] = value
        elif not parameter.is_missing(value):
            result[name] = parameter.convert(value)
    return result


def merged_schema(schemas: Schemas) -> ModelSchema | None:
    """Return what any of the models takes, the first one's parameter if several have one of that name.

    None if of one of them nobody knows what it takes.
    """
    known_schemas = [schema for schema in schemas.values() if schema is not None]
    if len(known_schemas) < len(schemas):
        return None
    if len(known_schemas) == 1:
        return known_schemas[0]
    groups = [group for schema in reversed(known_schemas) for group in schema.groups]
    return ModelSchema(", ".join(schemas), groups=tuple(groups))


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
    """The values of a cell as its model takes them, the same with a digest in place of each file, and its error."""

    model: str
    schema: ModelSchema | None
    values: Mapping[str, Any]
    axis_values: Mapping[str, Any]
    digests: Mapping[str, Any]
    error: InvalidParameter | None = None


def _bind(
    model: str,
    schema: ModelSchema | None,
    row: Mapping[str, Any],
    axis_values: Mapping[str, Any],
    files: _Files,
) -> _BoundRow:
    values: Mapping[str, Any] = {name: value for name, value in row.items() if value is not None}
    if failed := next((value for value in values.values() if isinstance(value, FailedInput)), None):
        return _BoundRow(model, schema, values, axis_values, {}, failed.error)
    values = schema.bind(values) if schema else values
    digests = {name: files.digest(name, value) for name, value in values.items()}
    return _BoundRow(model, schema, values, axis_values, digests)


def _cells(rows: Iterable[_BoundRow]) -> tuple[PlannedCell, ...]:
    counts: Counter[str] = Counter()
    cells: list[PlannedCell] = []
    for row in rows:
        content = fingerprint.of_run(row.model, row.digests, {}, is_typed=row.schema is not None)
        cells.append(
            PlannedCell(
                len(cells),
                row.values,
                row.axis_values,
                content,
                counts[content],
                row.model,
                row.schema,
                row.error,
                tuple(_file_digests(row.digests)),
            )
        )
        counts[content] += 1
    return tuple(cells)


def _file_digests(digests: Mapping[str, Any]) -> Iterator[str]:
    """Yield the digests of the files of a cell, each once."""
    items = [item for value in digests.values() for item in (value if isinstance(value, list) else [value])]
    yield from {
        item["sha256"]: None for item in items if isinstance(item, dict) and item.keys() == {"sha256"}
    }


def _check_names(schemas: Schemas, values: Mapping[str, Any]) -> None:
    """Raise InvalidParameter for a name that no model knows before its values are looked at."""
    known_schemas = [schema for schema in schemas.values() if schema is not None]
    if len(known_schemas) < len(schemas):
        return
    for name in values:
        if len(known_schemas) == 1:
            known_schemas[0].require(name)
        elif not any(schema.get(name) for schema in known_schemas):
            names = [item.id for schema in known_schemas for item in (*schema.parameters, *COMMON)]
            hint = nearest(str(name), list(dict.fromkeys(names)))
            raise InvalidParameter(str(name), f"is no parameter of {', '.join(schemas)}.{hint}")
