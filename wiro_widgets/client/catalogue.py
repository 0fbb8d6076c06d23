"""Catalogue: which models there are, and what each takes (docs/protocol.md, Catalogue)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wiro_widgets.protocol import replies, requests
from wiro_widgets.protocol.errors import NotFound
from wiro_widgets.protocol.replies import ModelSummary
from wiro_widgets.protocol.schema.schema import ModelSchema, split_model
from wiro_widgets.transport.http import Http


class Catalogue:
    """Asks for each model once."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self._schemas: dict[str, ModelSchema] = {}

    def __repr__(self) -> str:
        return f"<Catalogue, {len(self._schemas)} models asked for>"

    async def schema(self, model: str) -> ModelSchema:
        """Return what a model takes; raises NotFound."""
        schema = self.cached_schema(model)
        if schema is None:
            owner, name = split_model(model)
            key = f"{owner}/{name}"
            entry = {"slugowner": owner, "slugproject": name, **await self._entry(key)}
            schema = self._schemas[key] = ModelSchema.from_tool(entry)
        return schema

    def cached_schema(self, model: str) -> ModelSchema | None:
        """Return what a model takes if nobody has to be asked; raises InvalidParameter for no model's name."""
        key = "/".join(split_model(model))
        return ModelSchema.built_in(key) or self._schemas.get(key)

    async def schema_if_known(self, model: str) -> ModelSchema | None:
        """Return the schema, or None for a model that the catalogue does not show but may well run."""
        try:
            return await self.schema(model)
        except NotFound:
            return None

    async def models(self, search: str, categories: Sequence[str], limit: int) -> list[ModelSummary]:
        """Search; the best matches first."""
        request = requests.tool_list(search=search, categories=categories, limit=limit)
        return list(replies.models(await self._http.call(request)))

    async def _entry(self, model: str) -> Mapping[str, Any]:
        """Return a model's entry; NotFound names the model, which Wiro's own refusal does not."""
        request = requests.tool_detail(model)
        sentence = f"there is no model {model}"
        try:
            entry = replies.tool(await self._http.call(request))
        except NotFound as error:
            raise NotFound(f"{sentence} ({error.message})", code=error.code, endpoint=request.path) from None
        if entry is None:
            raise NotFound(sentence, code=1, endpoint=request.path)
        return entry
