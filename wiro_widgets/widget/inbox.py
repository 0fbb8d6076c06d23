"""Does what a browser's messages ask; runs on whatever thread Jupyter delivers them on, and returns at once."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Protocol

from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.widget import messages
from wiro_widgets.widget.display import Display, reply
from wiro_widgets.widget.messages import BadMessage
from wiro_widgets.widget.uploads import UploadRefused, Uploads

_log = logging.getLogger("wiro_widgets")


class Desk(Protocol):
    """What a hand can do to a panel."""

    def typed(self, patch: Mapping[str, Any]) -> None:
        """Take what was typed into controls."""

    def uploaded(self, field: str, file: Any) -> None:
        """Take a file for a control; raises InvalidParameter."""

    def press_run(self) -> None:
        """Run."""

    def press_stop(self) -> None:
        """Stop."""

    def show_again(self, client: str) -> None:
        """Send a view what it lacks."""


class Inbox:
    """Reads messages, hands them to the desk, and answers where an answer is due."""

    def __init__(self, desk: Desk, display: Display) -> None:
        self._desk = desk
        self._display = display
        self._uploads = Uploads()

    def __repr__(self) -> str:
        return f"<Inbox, {self._uploads}>"

    def take(self, content: object, buffers: list[Any] | None) -> dict[str, Any] | None:
        """Do what a message asks and return the reply to it, if any."""
        try:
            message = messages.parse(content, buffers)
        except BadMessage as error:
            _log.warning(
                "A message of the browser's was left alone: its %r is not of a known shape", str(error)
            )
            return None
        match message:
            case messages.Sync():
                self._desk.show_again(message.client)
            case messages.Stop():
                self._desk.press_stop()
            case messages.Image():
                self._display.send_full(message.id, message.client)
            case messages.Values():
                self._desk.typed(message.patch)
                return reply(message.client, message.rev)
            case messages.Run():
                self._desk.typed(message.values)
                self._desk.press_run()
                return reply(message.client, message.rev)
            case messages.Chunk():
                return self._chunk(message)
        return None

    def _chunk(self, chunk: messages.Chunk) -> dict[str, Any]:
        try:
            received, file = self._uploads.take(chunk)
            if file is not None:
                self._desk.uploaded(chunk.field, file)
        except (UploadRefused, InvalidParameter) as error:
            return reply(chunk.client, chunk.rev, str(error), upload=chunk.upload, received=0)
        return reply(chunk.client, chunk.rev, upload=chunk.upload, received=received)
