"""ModelSchema: the parameters of a model in groups, and the binding of a user's values to them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.protocol.redact import printable
from wiro_widgets.protocol.schema import listing, openapi, tool_detail
from wiro_widgets.protocol.schema.builtin import BUILT_IN
from wiro_widgets.protocol.schema.parameters import Parameter, nearest
from wiro_widgets.protocol.schema.scalars import split_model as split_model  # noqa: PLC0414 - a part of this
from wiro_widgets.protocol.schema.tool_detail import Group

# Every model takes these, listed in its schema or not (docs/protocol.md, Run).
COMMON = (
    Parameter("callbackUrl", label="Callback URL", advanced=True),
    Parameter("projectid", label="Project", advanced=True),
)
_COMMON_NAMES = frozenset(item.id for item in COMMON)
_SESSIONS = frozenset({"sessionid", "conversationid", "chatid"})


@dataclass(frozen=True, slots=True, repr=False)
class ModelSchema:
    """What a model takes: its parameters in groups, in the catalogue's order.

    >>> schema = ModelSchema.built_in("tencent/hunyuan-flux-srpo")
    >>> schema.bind({"prompt": "a lighthouse", "steps": "20"})
    {'prompt': 'a lighthouse', 'steps': 20}
    """

    model: str
    title: str = ""
    groups: tuple[Group, ...] = ()
    description: str = ""
    categories: tuple[str, ...] = ()
    _by_id: Mapping[str, Parameter] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_id = {item.id: item for group in self.groups for item in group.parameters}
        object.__setattr__(self, "_by_id", by_id)

    def __repr__(self) -> str:
        return printable(f"<ModelSchema {self.model}, parameters: {len(self.parameters)}>")

    def __str__(self) -> str:
        return printable(listing.parameters(self.model, self.parameters))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Print one line for each parameter in IPython."""
        printer.text(repr(self) if cycle else str(self))

    @classmethod
    def from_tool(cls, tool: Mapping[str, Any]) -> ModelSchema:
        """Read a catalogue entry, the `tool` of a Tool/Detail reply."""
        return cls(*tool_detail.read(tool))

    @classmethod
    def from_openapi(cls, spec: Mapping[str, Any] | list[Any], *, model: str | None = None) -> ModelSchema:
        """Read the OpenAPI description of a model, bare or as Tool/DetailOpenAPI's reply.

        `model` says which one, if it describes several. Raises ConfigurationError if it describes no Run.
        """
        return cls(*openapi.read(spec, model))

    @classmethod
    def built_in(cls, model: str) -> ModelSchema | None:
        """Return the schema of a model that this package contains, or None."""
        return _read_built_in(model) if model in BUILT_IN else None

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """All parameters, in order."""
        return tuple(self._by_id.values())

    @property
    def session(self) -> str | None:
        """The id of the parameter that names a conversation which the model remembers; None if there is none."""
        return next((item.id for item in self.parameters if is_session(item)), None)

    @property
    def is_open(self) -> bool:
        """True if nothing is known of what the model takes: any value is bound as it is, and Wiro checks it."""
        return all(name in _COMMON_NAMES for name in self._by_id)

    @property
    def defaults(self) -> dict[str, Any]:
        """The defaults of the parameters that have one."""
        return {item.id: item.default for item in self.parameters if item.default is not None}

    def get(self, name: str) -> Parameter | None:
        """Return the parameter with this id, also one common to every model; None if there is none."""
        return self._by_id.get(name) or next((item for item in COMMON if item.id == name), None)

    def bind(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values converted, in the schema's order, ready to send.

        A missing value is left out, so that Wiro's own default applies; a missing required choice or number takes its
        default. An open schema takes every value as it is. Raises InvalidParameter naming the first field that is
        unknown, missing or wrong.
        """
        if self.is_open:
            return {name: value for name, value in values.items() if value is not None}
        for name in values:
            self.require(name)
        common = (item for item in COMMON if item.id not in self._by_id)
        bound = {item.id: self._bind_one(item, values) for item in (*self.parameters, *common)}
        return {name: value for name, value in bound.items() if value is not None}

    def convert(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return some values in the types of their parameters, None for those that are missing.

        An open schema takes every value as it is. Raises InvalidParameter.
        """
        result: dict[str, Any] = {}
        for name, value in values.items():
            parameter = self.get(name) if self.is_open else self.require(name)
            missing = value is None if parameter is None else parameter.is_missing(value)
            result[name] = None if missing else parameter.convert(value) if parameter else value
        return result

    def typed_values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values that Wiro gives for a task, with numbers and booleans in their types again.

        Files, and values that the schema does not know or would refuse, stay unchanged.
        """
        results = dict(values)
        for name, value in values.items():
            parameter = self.get(name)
            if parameter is not None and parameter.kind != "file" and not parameter.is_missing(value):
                with suppress(InvalidParameter):
                    results[name] = parameter.convert(value)
        return results

    def problems(self, values: Mapping[str, Any]) -> dict[str, InvalidParameter]:
        """Return what `bind` would refuse, for all fields at once."""
        errors: dict[str, InvalidParameter] = {}
        if self.is_open:
            return errors
        for name in {**values, **{item.id: None for item in self.parameters if item.required}}:
            try:
                self._bind_one(self.require(name), values)
            except InvalidParameter as error:
                errors[name] = error
        return errors

    def require(self, name: str) -> Parameter:
        """Return the parameter with this id; raises InvalidParameter that proposes the nearest one."""
        parameter = self.get(name)
        if parameter is None:
            names = list(dict.fromkeys(item.id for item in (*self.parameters, *COMMON)))
            hint = nearest(str(name), names) or f" It takes {', '.join(names)}."
            raise InvalidParameter(str(name), f"is no parameter of {self.model}.{hint}")
        return parameter

    def _bind_one(self, parameter: Parameter, values: Mapping[str, Any]) -> Any:
        """Return a value converted, or the default of a required setting; None if it is to be left out.

        A required text or file has to be given even if it has a default, because a run costs money; a file or its URL.
        """
        value = values.get(parameter.id)
        url_field = self.get(parameter.url_field) if parameter.url_field else None
        url = values.get(url_field.id) if url_field else None
        has_url = url_field is not None and not url_field.is_missing(url)
        if not parameter.is_missing(value):
            if has_url and not parameter.multiple:
                raise parameter.refuse(f"give the file here or its URL as {parameter.url_field}, not both")
            return parameter.convert(value)
        if parameter.has_to_be_given and not has_url:
            raise parameter.refuse("is required")
        return parameter.default if parameter.required and not has_url else None


@cache
def _read_built_in(model: str) -> ModelSchema:
    return ModelSchema.from_tool(BUILT_IN[model])


def is_session(parameter: Parameter) -> bool:
    """Return True for a text that names a conversation, however the model spells it."""
    letters = re.sub(r"[\W_]", "", parameter.id.lower())
    return parameter.kind in ("text", "textarea") and letters in _SESSIONS
