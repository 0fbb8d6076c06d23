"""Catalogue: which models there are, and what each takes (docs/protocol.md, Catalogue)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from wiro_widgets.protocol import replies, requests
from wiro_widgets.protocol.errors import (
    SERVER_ERRORS_FROM,
    ApiError,
    ConfigurationError,
    NotFound,
    RateLimited,
)
from wiro_widgets.protocol.redact import printable
from wiro_widgets.protocol.replies import ModelSummary
from wiro_widgets.protocol.schema import listing
from wiro_widgets.protocol.schema.model_info import ModelInfo
from wiro_widgets.protocol.schema.schema import ModelSchema, split_model
from wiro_widgets.protocol.schema.tool_detail import Group
from wiro_widgets.render import model_table
from wiro_widgets.render.notebook_repr import NotebookRepr
from wiro_widgets.transport.http import Http


class Models(NotebookRepr, list[ModelSummary]):
    """Models of the catalogue, a list that shows itself as a table of names, titles and prices."""

    def __repr__(self) -> str:
        rows = [(item.model, listing.shorten(item.title or item.description), item.price) for item in self]
        widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
        lines = [
            f"{name:<{widths[0]}}  {title:<{widths[1]}}  {price}".rstrip() for name, title, price in rows
        ]
        return "\n".join(printable(line) for line in lines) or "<Models: none>"

    def _repr_html_(self) -> str:
        return model_table.models(self)


class Catalogue:
    """Asks for each model once."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self._schemas: dict[str, ModelSchema] = {}
        self._entries: dict[str, Mapping[str, Any]] = {}

    def __repr__(self) -> str:
        return f"<Catalogue, {len(self._schemas)} models asked for>"

    async def schema(self, model: str) -> ModelSchema:
        """Return what a model takes, an open schema if neither of Wiro's descriptions tells; raises NotFound."""
        schema = self.cached_schema(model)
        if schema is None:
            key = "/".join(split_model(model))
            schema = ModelSchema.from_tool(await self._entry(key))
            if schema.is_open:
                groups = await self._described_groups(key)
                if groups is None:
                    return schema  # the question may have an answer the next time
                schema = replace(schema, groups=groups)
            self._schemas[key] = schema
        return schema

    def cached_schema(self, model: str) -> ModelSchema | None:
        """Return what a model takes if nobody has to be asked; raises InvalidParameter for no model's name."""
        key = "/".join(split_model(model))
        return ModelSchema.built_in(key) or self._schemas.get(key)

    async def schema_if_known(self, model: str) -> ModelSchema | None:
        """Return the schema; None for a model that the catalogue does not show or describe, but that may well run."""
        try:
            schema = await self.schema(model)
        except NotFound:
            return None
        return None if schema.is_open else schema

    async def info(self, model: str) -> ModelInfo:
        """Return what Wiro tells of a model besides; raises NotFound."""
        key = "/".join(split_model(model))
        schema = await self.schema(key)
        entry = self._entries.get(key) or await self._entry(key)
        return await asyncio.to_thread(ModelInfo.from_tool, entry, schema)

    async def models(self, search: str, categories: Sequence[str], limit: int) -> Models:
        """Search; the best matches first."""
        request = requests.tool_list(search=search, categories=categories, limit=limit)
        return Models(replies.models(await self._http.call(request)))

    async def _described_groups(self, model: str) -> tuple[Group, ...] | None:
        """Return the parameters of the model's OpenAPI description, which may tell none; None if the server fails.

        A refusal says only that there is no description: the model itself was just shown.
        """
        try:
            reply = await self._http.call(requests.tool_openapi(model))
            return ModelSchema.from_openapi(reply, model=model).groups
        except RateLimited:
            raise
        except ApiError as error:
            return None if error.http_status >= SERVER_ERRORS_FROM else ()
        except ConfigurationError:
            return ()

    async def _entry(self, model: str) -> Mapping[str, Any]:
        """Ask for a model's entry; NotFound names the model, which Wiro's own refusal does not."""
        request = requests.tool_detail(model)
        sentence = f"there is no model {model}"
        try:
            entry = replies.tool(await self._http.call(request))
        except NotFound as error:
            raise NotFound(f"{sentence} ({error.message})", code=error.code, endpoint=request.path) from None
        if entry is None:
            raise NotFound(sentence, code=1, endpoint=request.path)
        owner, name = split_model(model)
        self._entries[model] = entry = {"slugowner": owner, "slugproject": name, **entry}
        return entry
