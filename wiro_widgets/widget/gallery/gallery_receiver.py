"""The gallery's receiver: does what a page asks, on worker threads; it returns at once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from wiro_widgets.client.sync_client import Client
from wiro_widgets.journal.gallery.run_collection import RunCollection
from wiro_widgets.journal.row import JournalRow
from wiro_widgets.media.content_types import type_of_name
from wiro_widgets.media.images import Thumbnail
from wiro_widgets.protocol.errors import OutputError, WiroError
from wiro_widgets.widget.gallery import cards, gallery_messages
from wiro_widgets.widget.gallery.listings import Listings
from wiro_widgets.widget.gallery.thumbnails import Thumbnails
from wiro_widgets.widget.python_call import python_call
from wiro_widgets.widget.wire import messages
from wiro_widgets.widget.wire.messages import BadMessage, image_message, picture_facts, reply, sendable

MAX_TAG: Final = 100  # characters
MAX_FULL: Final = 256 * 2**20  # bytes of a file that is sent to the browser

_log = logging.getLogger("wiro_widgets")


class PublicGallery(Protocol):
    """The calls of a gallery that Python and the browser share."""

    @property
    def client(self) -> Client:
        """The client."""

    def select(self, run_ids: tuple[str, ...]) -> None:
        """Select these runs."""


class GalleryReceiver:
    """Reads messages and answers them.

    `send` sends a message with its buffers, `later` calls a function on a worker thread after some seconds.
    """

    def __init__(
        self,
        gallery: PublicGallery,
        collection: RunCollection,
        listings: Listings,
        thumbnails: Thumbnails,
        *,
        send: Callable[[dict[str, Any], list[bytes]], None],
        later: Callable[[Callable[[], object], float], None],
    ) -> None:
        self._gallery = gallery
        self._collection = collection
        self._listings = listings
        self._thumbnails = thumbnails
        self._send = send
        self._later = later
        self._newest_selection: gallery_messages.Select | None = None

    def __repr__(self) -> str:
        return f"<GalleryReceiver, {self._listings}>"

    def receive(self, content: object, buffers: list[Any] | None) -> None:
        """Do what a message asks; one of an unknown shape is logged by its wrong field and ignored."""
        try:
            message = messages.parse(content, buffers, gallery_messages.TYPES)
        except BadMessage as error:
            _log.warning("A message from the browser was ignored: its %r has an unknown shape", str(error))
            return
        match message:
            case gallery_messages.Find():
                self._listings.note_question(message)
                self._work(message, lambda: self._listings.find(message))
            case gallery_messages.Look():
                self._work(message, lambda: self._listings.look(message))
            case gallery_messages.Items():
                self._work(message, lambda: self._listings.items(message))
            case gallery_messages.Ids():
                self._work(message, lambda: self._listings.ids(message))
            case gallery_messages.Thumbs():
                self._thumbnails.want(message.client, message.ids)
            case messages.Image():
                self._work(message, lambda: self._send_full(message))
            case gallery_messages.Select():
                self._newest_selection = message
                self._work(message, lambda: self._select(message))
            case messages.Question():
                self._work(message, lambda: self._reply(message, **self._answer(message)))

    def _work(self, message: messages.Message, work: Callable[[], object]) -> None:
        """Do the work on a worker thread; an error is the answer to a question."""

        def run() -> None:
            try:
                work()
            except WiroError as error:
                self._refuse(message, str(error))
            except Exception as error:  # noqa: BLE001 - whatever it is, the page waits for no answer for ever
                _log.exception("The gallery could not do what the page asked")
                self._refuse(message, f"This did not work: {error or type(error).__name__}")

        self._later(run, 0)

    def _refuse(self, message: messages.Message, reason: str) -> None:
        rev = message.rev if isinstance(message, messages.Question) else 0
        self._send(sendable(reply(message.client, rev, reason)), [])

    def _reply(self, message: messages.Question, **facts: Any) -> None:
        self._send(sendable(reply(message.client, message.rev, **facts)), [])

    def _answer(self, message: messages.Question) -> Mapping[str, Any]:
        """Do what a question asks, and return what the reply has."""
        collection = self._collection
        match message:
            case gallery_messages.Details():
                row = collection.row(message.id)
                if row is None:
                    raise WiroError("This run is no longer in the history.")
                return {"details": cards.details(row, collection.result(row).outputs)}
            case gallery_messages.Mark():
                return self._annotate(message.ids, lambda _row: {"star": message.on})
            case gallery_messages.Tag():
                add = [tag for tag in (" ".join(tag.split())[:MAX_TAG] for tag in message.add) if tag]
                return self._annotate(
                    message.ids,
                    lambda row: {
                        "tags": tuple(
                            dict.fromkeys([*(tag for tag in row.tags if tag not in message.remove), *add])
                        )
                    },
                )
            case gallery_messages.Note():
                return self._annotate(message.ids, lambda _row: {"notes": message.text.strip()})
            case gallery_messages.CodeOf():
                row = collection.row(message.id)
                if row is None:
                    raise WiroError("This run is no longer in the history.")
                return {"text": python_call(row.model, row.parameters, {})}
        return {}

    def _select(self, message: gallery_messages.Select) -> None:
        """Select runs, unless the person has selected others since: worker threads keep no order."""
        if self._newest_selection is message:
            self._gallery.select(message.ids)
        self._reply(message)

    def _annotate(
        self, ids: tuple[str, ...], annotations: Callable[[JournalRow], dict[str, Any]]
    ) -> dict[str, Any]:
        """Write down what the person says of runs, and return their cards."""
        self._collection.annotate({row.id: annotations(row) for row in self._collection.rows(ids)})
        return {"cards": [cards.card(row) for row in self._collection.rows(ids)]}

    def _send_full(self, message: messages.Image) -> None:
        """Send one page an output in full."""
        run_id, place = cards.split_id(message.id)
        row = self._collection.row(run_id)
        outputs = self._collection.result(row).outputs if row is not None else ()
        if not 0 <= place < len(outputs):
            raise WiroError("This output is no longer in the history.")
        output = outputs[place]
        if (output.size or 0) > MAX_FULL:
            raise OutputError(f"has more than {MAX_FULL:,} bytes: open it with its path", output=output.name)
        data = output.bytes()
        content_type = output.content_type or type_of_name(output.name) or ""
        facts = picture_facts(message.id, "full", output.name, Thumbnail(data, content_type, 0, 0))
        self._send(sendable(image_message([facts], message.client)), [data])
