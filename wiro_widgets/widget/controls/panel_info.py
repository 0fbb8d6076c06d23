"""PanelInfo: what Wiro tells of a panel's model, and its examples, which fill the form."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from wiro_widgets.client.sync_client import Client
from wiro_widgets.protocol.errors import InvalidParameter, WiroError
from wiro_widgets.protocol.schema.model_info import ModelInfo, snippet
from wiro_widgets.widget.panel_controls import PanelControls
from wiro_widgets.widget.wire import messages
from wiro_widgets.widget.wire.covers import cover_id

MAX_SAMPLES = 6  # that the page shows


class PanelInfo:
    """Asks for the examples of the model once a view looks, and for the rest when the page opens it.

    `client` raises ConfigurationError. `show` takes the examples in words; `later` calls a function on a worker thread
    after some seconds. Any thread may call it.
    """

    def __init__(
        self,
        controls: PanelControls,
        *,
        client: Callable[[], Client],
        show: Callable[[list[str]], None],
        later: Callable[[Callable[[], object], float], None],
    ) -> None:
        self._controls = controls
        self._client = client
        self._show = show
        self._later = later
        self._has_viewer = False

    def __repr__(self) -> str:
        return f"<PanelInfo of {self._controls.model} {'with' if self._has_viewer else 'without'} a viewer>"

    @property
    def info(self) -> ModelInfo:
        """What Wiro tells of the model; takes its time. Raises NotFound, and ConfigurationError without a model."""
        return self._client().info(self._controls.required_model())

    def look(self) -> None:
        """Begin to show examples: there is a view."""
        if not self._has_viewer:
            self._has_viewer = True
            self.switch_model()

    def switch_model(self) -> None:
        """Show the examples of another model."""
        if self._has_viewer and self._controls.model is not None:
            self._later(self._show_examples, 0)

    def use(self, index: int, model: str | None = None) -> None:
        """Set the controls to an example; `model` is the one that it was shown of. Raises InvalidParameter."""
        info = self.info
        if model not in (None, self._controls.model) or not 0 <= index < len(info.examples):
            what = (
                f"the model has {len(info.examples)} examples"
                if info.examples
                else "the model has no examples"
            )
            raise InvalidParameter("example", f"{what}; number {index} is none of them")
        self._controls.fit(info.examples[index])

    def answer(self, message: messages.About | messages.Example) -> dict[str, Any]:
        """Do what the page asks, and return what it shows; raises WiroError."""
        if isinstance(message, messages.Example):
            try:
                self.use(message.index, message.model)
            except InvalidParameter as error:
                raise WiroError(f"{error.reason[:1].upper()}{error.reason[1:]}.") from error
            return {}
        info = self.info
        page = None if self._client().is_sandbox else f"https://wiro.ai/models/{quote(info.model)}"
        about = {
            "title": info.title,
            "description": info.description,
            "categories": list(info.categories),
            "price": info.price,
            "readme": _below_title(info),
            "cover": cover_id(info.cover) if info.cover else None,
            "samples": [cover_id(url) for url in info.samples[:MAX_SAMPLES]],
            "page": page,
        }
        return {"about": messages.sendable(about)}

    def pictures(self) -> Mapping[str, str]:
        """Return the addresses of cover and samples by the names that the page has for them."""
        try:
            info = self.info
        except WiroError:
            return {}
        return {cover_id(url): url for url in (info.cover, *info.samples[:MAX_SAMPLES]) if url}

    def _show_examples(self) -> None:
        model = self._controls.model
        try:
            examples = [snippet(values) for values in self.info.examples]
        except WiroError:
            examples = []  # the price beside Run says why
        if self._controls.model == model:
            self._show(messages.sendable(examples))


def _below_title(info: ModelInfo) -> str:
    """Return the readme without the title, which stands above it, and with headings that skip no level."""
    lines = re.sub(rf"\A#+ +{re.escape(info.title)} *(\n+|\Z)", "", info.readme).split("\n")
    level, is_code = 0, False
    for at, line in enumerate(lines):
        is_code ^= line.startswith("```")
        heading = None if is_code else re.match(r"(#{1,6}) ", line)
        if heading is not None:
            level = min(len(heading[1]), level + 1)
            lines[at] = f"{'#' * level}{line[len(heading[1]) :]}"
    return "\n".join(lines)
