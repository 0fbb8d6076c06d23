"""Wiro's catalogue: what models there are, and what each takes."""

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
        known = self.known(model)
        if known is None:
            owner, name = split_model(model)
            key = f"{owner}/{name}"
            entry = {"slugowner": owner, "slugproject": name, **await self._tool(key)}
            known = self._schemas[key] = ModelSchema.from_tool(entry)
        return known

    def known(self, model: str) -> ModelSchema | None:
        """Return what a model takes where nobody needs to be asked; raises InvalidParameter for no model's name."""
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

    async def _tool(self, model: str) -> Mapping[str, Any]:
        """Return a model's entry; Wiro's own refusal does not name the model."""
        request = requests.tool_detail(model)
        sentence = f"there is no model {model}"
        try:
            tool = replies.tool(await self._http.call(request))
        except NotFound as error:
            raise NotFound(f"{sentence} ({error.message})", code=error.code, endpoint=request.path) from None
        if tool is None:
            raise NotFound(sentence, code=1, endpoint=request.path)
        return tool
