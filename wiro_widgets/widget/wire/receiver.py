"""The receiver: does what a browser's messages ask.

It runs on whatever thread Jupyter delivers messages on, and returns at once: what takes time goes to a worker thread.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from wiro_widgets.client.sync_client import Client
from wiro_widgets.media.recipes import read_recipe
from wiro_widgets.protocol.errors import InvalidParameter, WiroError
from wiro_widgets.protocol.schema.schema import split_model
from wiro_widgets.runs.inputs import NamedBytes
from wiro_widgets.widget.controls.panel_info import PanelInfo
from wiro_widgets.widget.gallery import open_panels
from wiro_widgets.widget.host import front_end
from wiro_widgets.widget.panel_controls import PanelControls, field_for
from wiro_widgets.widget.panel_presets import PanelPresets
from wiro_widgets.widget.panel_runs import MAX_TIMES, PanelRuns
from wiro_widgets.widget.price_watch import PriceWatch
from wiro_widgets.widget.uploads import UploadRefused, Uploads
from wiro_widgets.widget.value_codec import as_file
from wiro_widgets.widget.wire import messages
from wiro_widgets.widget.wire.covers import Covers
from wiro_widgets.widget.wire.messages import VERSION, BadMessage, DeepMessage, reply
from wiro_widgets.widget.wire.publisher import Publisher

RECIPE_FIELD = "*recipe"  # the field of a picture whose recipe sets the controls

_log = logging.getLogger("wiro_widgets")


class PublicPanel(Protocol):
    """The calls of a panel that Python and the browser share."""

    @property
    def client(self) -> Client:
        """The client; raises ConfigurationError."""

    def switch_to(self, model: str) -> None:
        """Change to another model; raises NotFound."""

    def undo(self) -> bool:
        """Take the last change of the controls back."""

    def star(self, run: int, *, on: bool = True) -> None:
        """Star a run, or take its star away."""

    def code(self) -> str:
        """Return the Python call."""


class Receiver:
    """Reads messages, calls the parts of a panel, and replies if a reply is due."""

    def __init__(
        self,
        panel: PublicPanel,
        *,
        controls: PanelControls,
        runs: PanelRuns,
        publisher: Publisher,
        price_watch: PriceWatch,
        presets: PanelPresets,
        info: PanelInfo,
        later: Callable[[Callable[[], object], float], None],
    ) -> None:
        self._panel = panel
        self._controls = controls
        self._runs = runs
        self._publisher = publisher
        self._price_watch = price_watch
        self._presets = presets
        self._info = info
        self._later = later
        self._uploads = Uploads()
        self._covers = Covers(lambda url, limit: panel.client.picture(url, limit))  # noqa: PLW0108 - the client is made late

    def __repr__(self) -> str:
        return f"<Receiver, {self._uploads}>"

    def receive(self, content: object, buffers: list[Any] | None) -> None:
        """Do what a message asks; a message of an unknown shape is logged by its wrong field and ignored.

        One whose values lie too deep in each other is refused with a reply.
        """
        try:
            message = messages.parse(content, buffers)
        except BadMessage as error:
            self._refuse(content, error)
            return
        match message:
            case messages.Sync():
                self._publisher.snapshot(message.client)
                self._price_watch.look()
                self._info.look()
            case messages.Values():
                self._controls.enter(message.patch, self._publisher.output)
                self._reply(message)
            case messages.Run():
                self._controls.enter(message.values, self._publisher.output)
                self._runs.press(max(1, min(message.times or 1, MAX_TIMES)))
                self._reply(message)
            case messages.Stop():
                view = self._publisher.view(message.run)
                if view is not None:
                    view.stop()
            case messages.Show():
                self._publisher.show(message.run)
            case messages.Image():
                self._later(lambda: self._publisher.send_full(message.id, message.client), 0)
            case messages.Chunk():
                self._add_chunk(message)
            case _:
                self._answer(message)

    def _refuse(self, content: object, error: BadMessage) -> None:
        _log.warning("A message from the browser was ignored: its %r has an unknown shape", str(error))
        address = messages.address_of(content) if isinstance(error, DeepMessage) else None
        if address is not None:
            self._publisher.send(reply(*address, DeepMessage.reason))

    def _answer(self, message: messages.Message) -> None:
        """Do what a question asks."""
        panel = self._panel
        match message:
            case messages.Code() | messages.Undo() | messages.Lock():
                self._answer_at_once(message)
            case messages.Recipe():
                self._reply_later(message, lambda: {"text": self._recipe_text(message)})
            case messages.Module():
                self._reply_later(message, lambda: {"text": front_end(f"{message.name}.js")})
            case messages.Prompts() | messages.Preset() | messages.About() | messages.Example():
                self._reply_later(message, lambda: self._answer_about_model(message))
            case messages.Star():
                self._reply_later(message, lambda: panel.star(message.run, on=message.on))
            case messages.Decide():
                self._reply_later(message, lambda: self._runs.decide(message.run, message.choice))
            case messages.Model() | messages.Use() | messages.Vary():
                self._reply_later(message, lambda: self._send_on(message))
            case messages.Search():
                self._later(lambda: self._search(message), 0)
            case messages.Covers():
                self._later(lambda: self._send_covers(message), 0)

    def _answer_about_model(
        self, message: messages.Prompts | messages.Preset | messages.About | messages.Example
    ) -> dict[str, Any]:
        if isinstance(message, messages.About | messages.Example):
            return self._info.answer(message)
        return self._presets.answer(message)

    def _reply(self, message: messages.Question, error: str | None = None, **more: object) -> None:
        self._publisher.send(reply(message.client, message.rev, error, **more))

    def _reply_later(self, message: messages.Question, work: Callable[[], dict[str, Any] | None]) -> None:
        """Do the work on a worker thread, and reply with its result or its error."""

        def run() -> None:
            try:
                result = work()
            except WiroError as error:
                self._reply(message, str(error))
            else:
                self._reply(message, **(result or {}))

        self._later(run, 0)

    def _answer_at_once(self, message: messages.Code | messages.Undo | messages.Lock) -> None:
        match message:
            case messages.Code():
                self._reply(message, text=self._panel.code())
                return
            case messages.Undo():
                self._panel.undo()
            case messages.Lock():
                self._controls.lock_seed(on=message.on)
        self._reply(message)

    def _vary(self, message: messages.Vary) -> dict[str, Any]:
        """Run one model more or less beside the panel's own."""
        if message.on:
            name = "/".join(split_model(message.model))
            self._controls.add_model(name, self._panel.client.schema(name))
        else:
            self._controls.drop_model(message.model)
        return {}

    def _send_on(self, message: messages.Model | messages.Use | messages.Vary) -> dict[str, Any]:
        """Use an output of this panel in another one, or in this one with another model, if the message names one."""
        if isinstance(message, messages.Vary):
            return self._vary(message)
        item = self._publisher.output(message.output) if message.output else None
        output = as_file(item.output) if item else None
        if isinstance(message, messages.Use):
            return {"text": open_panels.hand_over([output] if output else [], message.panel, message.field)}
        if output is not None:
            field_for(output, self._panel.client.schema(message.model))  # refused before anything changes
        self._panel.switch_to(message.model)
        if output is not None:
            self._controls.use_output(output)
        return {}

    def _search(self, message: messages.Search) -> None:
        models: list[dict[str, Any]] = []
        error: str | None = None
        try:
            models = [
                {
                    "model": item.model,
                    "title": item.title,
                    "description": item.description,
                    "categories": list(item.categories),
                    "price": item.price,
                }
                for item in self._panel.client.models(message.text)
            ]
        except WiroError as failure:
            error = str(failure)
        address = {"v": VERSION, "type": "models", "to": message.client, "rev": message.rev}
        self._publisher.send({**address, "models": models, "error": error})

    def _send_covers(self, message: messages.Covers) -> None:
        pictures = self._covers.pictures(self._controls.schema, message.ids, self._info.pictures)
        self._publisher.send_pictures("cover", pictures, message.client)

    def _recipe_text(self, message: messages.Recipe) -> str:
        output = self._publisher.output(message.id)
        recipe = read_recipe(output.output.bytes()) if output else None
        if recipe is None:
            raise WiroError("It carries no recipe.")
        if message.take:
            self.apply_recipe(recipe)
        return json.dumps(recipe, indent=2, ensure_ascii=False)

    def apply_recipe(self, recipe: Mapping[str, Any]) -> None:
        """Set the model and the controls to the recipe of a picture; what does not fit is left out.

        It names one model, so others do not run beside it any more.
        """
        if recipe.get("model"):
            self._controls.drop_model()
        try:
            if recipe.get("model") and recipe["model"] != self._controls.model:
                self._panel.switch_to(str(recipe["model"]))
        except WiroError as error:
            self._publisher.explain(error)
        self._controls.fit(dict(recipe.get("parameters") or {}))

    def _add_chunk(self, chunk: messages.Chunk) -> None:
        try:
            byte_count, file = self._uploads.add(chunk)
            if file is not None:
                self._add_file(chunk.field, file)
        except (UploadRefused, InvalidParameter) as error:
            self._reply(chunk, str(error), upload=chunk.upload, received=0)
        else:
            self._reply(chunk, upload=chunk.upload, received=byte_count)

    def _add_file(self, field: str, file: NamedBytes) -> None:
        if field != RECIPE_FIELD:
            self._controls.add_file(field, file)
            return
        recipe = read_recipe(bytes(file))
        if recipe is None:
            raise UploadRefused(f"{file.name} carries no recipe")
        self._later(lambda: self.apply_recipe(recipe), 0)
