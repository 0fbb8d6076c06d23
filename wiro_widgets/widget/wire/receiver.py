"""Does what a browser's messages ask; runs on whatever thread Jupyter delivers them on, and returns at once."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from wiro_widgets.media.recipes import read_recipe
from wiro_widgets.protocol.errors import InvalidParameter, WiroError
from wiro_widgets.runs.inputs import NamedBytes
from wiro_widgets.widget.uploads import UploadRefused, Uploads
from wiro_widgets.widget.wire import messages
from wiro_widgets.widget.wire.messages import VERSION, BadMessage

if TYPE_CHECKING:
    from wiro_widgets.widget.panel import Panel

RECIPE_FIELD = "*recipe"  # where a picture goes that the controls are to take their values from

_log = logging.getLogger("wiro_widgets")


class Inbox:
    """Reads messages, has the panel do what they ask, and answers where an answer is due."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self._uploads = Uploads()

    def __repr__(self) -> str:
        return f"<Inbox, {self._uploads}>"

    def take(self, content: object, buffers: list[Any] | None) -> None:
        """Do what a message asks."""
        try:
            message = messages.parse(content, buffers)
        except BadMessage as error:
            _log.warning(
                "A message of the browser's was left alone: its %r is not of a known shape", str(error)
            )
            return
        if isinstance(message, messages.Chunk):
            self._chunk(message)
        else:
            self._act(message)

    def _act(self, message: messages.Up) -> None:
        panel = self._panel
        match message:
            case messages.Sync():
                panel.show_again(message.client)
            case messages.Values():
                panel.typed(message.patch)
                self._reply(message.client, message.rev)
            case messages.Run():
                panel.typed(message.values)
                panel.press()
                self._reply(message.client, message.rev)
            case messages.Stop():
                panel.stop_run(message.run)
            case messages.Show():
                panel.display.show(message.run)
            case messages.Image():
                panel.later(lambda: panel.display.send_full(message.id, message.client))
            case _:
                self._ask(message)

    def _ask(self, message: messages.Up) -> None:
        """Do what is answered with something."""
        panel = self._panel
        match message:
            case messages.Code():
                self._reply(message.client, message.rev, text=panel.code())
            case messages.Recipe():
                self._answer(message.client, message.rev, lambda: self._recipe(message))
            case messages.Star():
                self._answer(message.client, message.rev, lambda: panel.star(message.run, on=message.on))
            case messages.Model():
                self._answer(message.client, message.rev, lambda: panel.switch_to(message.model))
            case messages.Search():
                panel.later(lambda: self._search(message))

    def _answer(self, client: str, rev: int, work: Callable[[], dict[str, Any] | None]) -> None:
        """Do work that takes its time on a worker thread, and reply with what came of it."""

        def answered() -> None:
            try:
                found = work()
            except WiroError as error:
                self._reply(client, rev, error=str(error))
            else:
                self._reply(client, rev, **(found or {}))

        self._panel.later(answered)

    def _reply(self, client: str, rev: int, error: str | None = None, **more: object) -> None:
        self._panel.tell(reply(client, rev, error, **more))

    def _search(self, message: messages.Search) -> None:
        told: dict[str, Any] = {"v": VERSION, "type": "models", "to": message.client, "rev": message.rev}
        try:
            found = self._panel.client.models(message.text)
        except WiroError as error:
            self._panel.tell({**told, "models": [], "error": str(error)})
            return
        models = [
            {
                "model": item.model,
                "title": item.title,
                "description": item.description,
                "categories": list(item.categories),
            }
            for item in found
        ]
        self._panel.tell({**told, "models": models, "error": None})

    def _recipe(self, message: messages.Recipe) -> dict[str, Any]:
        shown = self._panel.display.output(message.id)
        recipe = read_recipe(shown.output.bytes()) if shown else None
        if recipe is None:
            raise WiroError("It carries no recipe.")
        if message.take:
            self._panel.take_recipe(recipe)
        return {"text": json.dumps(recipe, indent=2, ensure_ascii=False)}

    def _chunk(self, chunk: messages.Chunk) -> None:
        try:
            received, file = self._uploads.take(chunk)
            if file is not None:
                self._whole(chunk.field, file)
        except (UploadRefused, InvalidParameter) as error:
            self._reply(chunk.client, chunk.rev, error=str(error), upload=chunk.upload, received=0)
        else:
            self._reply(chunk.client, chunk.rev, upload=chunk.upload, received=received)

    def _whole(self, field: str, file: NamedBytes) -> None:
        if field != RECIPE_FIELD:
            self._panel.uploaded(field, file)
            return
        recipe = read_recipe(bytes(file))
        if recipe is None:
            raise UploadRefused(f"{file.name} carries no recipe")
        self._panel.later(lambda: self._panel.take_recipe(recipe))


def reply(client: str, rev: int, error: str | None = None, **more: object) -> dict[str, Any]:
    """Return the answer to one message of a browser's."""
    return {"v": VERSION, "type": "reply", "to": client, "rev": rev, "error": error, **more}
