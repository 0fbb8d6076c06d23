"""Model: one model as a function that waits for its pictures."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from wiro_widgets.client.model import ModelCall, ModelFace, with_help
from wiro_widgets.client.sync_sweep import Sweep
from wiro_widgets.client.sync_task import Task
from wiro_widgets.journal.result import Images
from wiro_widgets.protocol.prices.pricing import Estimate
from wiro_widgets.protocol.schema.model_info import ModelInfo
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.runs.inputs import merge


@with_help
class Model(ModelFace[Images]):
    """A model as a function: `inspect.signature`, Tab and `help` know its parameters; made by `Client.model`.

    A call is `Client.generate`; `run`, `panel`, `sweep`, `map` and `estimate` are those of the client. Nothing is
    asked until somebody wants to know the parameters. Ids that are no Python names stand in a dict that comes first.

    >>> flux = client.model("tencent/hunyuan-flux-srpo")
    >>> images = flux(prompt="a lighthouse at dusk", steps=20)
    """

    def __init__(self, client: Any, model: str) -> None:  # a Client, whose file imports this one
        super().__init__(client, model)
        self.run: ModelCall[Task] = self._call(client.run)
        self.sweep: ModelCall[Sweep] = self._call(client.sweep, lists=True)
        self.map: ModelCall[Sweep] = self._call(client.map, is_whole=False)
        self.estimate: ModelCall[Estimate] = self._call(client.estimate, is_whole=False)
        self.panel: ModelCall[Any] = self._call(self._panel, is_whole=False)

    @property
    def schema(self) -> ModelSchema:
        """What the model takes, from the catalogue, asked once; raises NotFound."""
        schema: ModelSchema = self._client.schema(self.name)
        return schema

    @property
    def info(self) -> ModelInfo:
        """What Wiro tells of the model besides: cover, readme, prices, samples; asked once, raises NotFound."""
        info: ModelInfo = self._client.info(self.name)
        return info

    @property
    def examples(self) -> tuple[dict[str, Any], ...]:
        """Example inputs that Wiro gives, as values by parameter: `flux(**flux.examples[0])`; raises NotFound.

        A file is its URL, which Wiro itself fetches once the example runs.
        """
        return self.info.examples

    def _panel(self, model: str, params: Mapping[str, Any] | None = None, /, **values: Any) -> Any:
        """Return a Panel of the model with these values in its controls; raises InvalidParameter."""
        # The panel is in a room above this one, so it is asked for by its public name, as a user would.
        panel = import_module("wiro_widgets").Panel(model, client=self._client)
        panel.values = {**panel.values, **merge(params, values)}
        return panel
