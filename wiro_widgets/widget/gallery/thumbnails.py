"""Thumbnails: the small pictures of outputs, made on demand on worker threads and kept in the cache."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final

from wiro_widgets.journal import output_files
from wiro_widgets.journal.gallery.picture_cache import SmallPicture
from wiro_widgets.journal.gallery.run_collection import RunCollection
from wiro_widgets.journal.gallery.run_listing import Listing
from wiro_widgets.journal.row import JournalRow
from wiro_widgets.media import images, pixels
from wiro_widgets.media.content_types import type_of_name
from wiro_widgets.media.images import Thumbnail
from wiro_widgets.protocol.errors import OutputError
from wiro_widgets.widget.gallery import cards
from wiro_widgets.widget.wire.messages import image_message, picture_facts, sendable

EDGE: Final = 384  # pixels
WORKERS: Final = 3  # threads that make pictures at once
BATCH: Final = 12  # pictures in one message at most
MAX_WAITING: Final = 400  # pictures that a page can wait for; a screen has fewer


class Thumbnails:
    """Sends the small pictures that pages wait for; what a page does not want any more is not made.

    `send` sends a message with its buffers, `later` calls a function on a worker thread after some seconds.
    """

    def __init__(
        self,
        collection: RunCollection,
        send: Callable[[dict[str, Any], list[bytes]], None],
        later: Callable[[Callable[[], object], float], None],
    ) -> None:
        self._collection = collection
        self._send = send
        self._later = later
        self._lock = threading.Lock()
        self._waiting: dict[str, list[str]] = {}  # ids by page, in the order in which they are wanted
        self._workers = 0

    def __repr__(self) -> str:
        return f"<Thumbnails, {sum(map(len, self._waiting.values()))} waiting>"

    def want(self, client: str, ids: tuple[str, ...]) -> None:
        """Make these pictures for a page, the first first, and no others that it wanted before; returns at once."""
        with self._lock:
            self._waiting.pop(client, None)  # the page that asked last is served first
            self._waiting[client] = list(dict.fromkeys(ids))[:MAX_WAITING]
            new = min(WORKERS - self._workers, 1 + len(ids) // BATCH) if ids else 0
            self._workers += max(0, new)
        for _ in range(new):
            self._later(self._work, 0)

    def make(self, row: JournalRow, place: int) -> SmallPicture | str:
        """Return the small picture of an output, or why there is none; empty if it is no picture."""
        path = row.paths[place] if 0 <= place < len(row.paths) else None
        if path is None:
            return "was not downloaded" if place >= 0 else ""
        key = self._key(row, path)
        if (picture := self._collection.pictures.get(key)) is not None:
            reason = output_files.absence(row, path, self._collection.output_dir)
            return picture if reason is None else reason
        if (reason := output_files.trouble(row, path, self._collection.output_dir)) is not None:
            return reason
        output = self._collection.result(row).outputs[place]
        if not output.is_image:
            return ""
        try:
            picture = _shrink(output.bytes())
        except OutputError as error:
            return error.reason
        self._collection.pictures.put(key, row.id, picture)
        return picture

    def take_poster(self, item_id: str, data: bytes) -> None:
        """Keep a frame of a video that a page has drawn; raises OutputError if it is no picture.

        It is decoded and encoded again here, and stands for no other kind of file.
        """
        run_id, place = cards.split_id(item_id)
        row = self._collection.row(run_id)
        path = row.paths[place] if row is not None and 0 <= place < len(row.paths) else ""
        if row is None or not (type_of_name(path) or "").startswith("video/"):
            return
        self._collection.pictures.put(self._key(row, path), row.id, _shrink(data))
        self._send_batch(None, [item_id])

    def newest(self, listing: Listing, count: int) -> list[Thumbnail]:
        """Return the first small pictures of a listing, at most so many."""
        pictures: list[Thumbnail] = []
        for row in self._collection.rows(self._collection.ids(listing.numbers)):
            if len(pictures) == count:
                break
            picture = self.make(row, 0) if row.paths else ""
            if not isinstance(picture, str):
                pictures.append(Thumbnail(picture.data, picture.content_type, picture.width, picture.height))
        return pictures

    @staticmethod
    def _key(row: JournalRow, path: str) -> str:
        entry = next((item for item in row.files if item.path == path), None)
        return f"{EDGE} {entry.sha256}" if entry else f"{EDGE} {row.id} {path}"

    def _work(self) -> None:
        try:
            while batch := self._next_batch():
                self._send_batch(*batch)
        finally:
            with self._lock:
                self._workers -= 1

    def _next_batch(self) -> tuple[str, list[str]] | None:
        with self._lock:
            for client in reversed(self._waiting):
                ids = self._waiting[client]
                if ids:
                    self._waiting[client] = ids[BATCH:]
                    return client, ids[:BATCH]
            self._waiting.clear()
        return None

    def _send_batch(self, client: str | None, ids: list[str]) -> None:
        places = [(item, *cards.split_id(item)) for item in ids]
        rows = {row.id: row for row in self._collection.rows(run_id for _, run_id, _ in places)}
        facts: list[dict[str, Any]] = []
        buffers: list[bytes] = []
        for item_id, run_id, place in places:
            row = rows.get(run_id)
            picture = self.make(row, place) if row else "is no longer in the history"
            if isinstance(picture, str):
                facts.append({**picture_facts(item_id, "thumb", "", _NONE), "missing": picture})
                buffers.append(b"")
                continue
            small = Thumbnail(picture.data, picture.content_type, picture.full_width, picture.full_height)
            facts.append({**picture_facts(item_id, "thumb", "", small), "missing": None})
            buffers.append(picture.data)
        self._send(sendable(image_message(facts, client)), buffers)


_NONE: Final = Thumbnail(b"", "", 0, 0)


def _shrink(data: bytes) -> SmallPicture:
    """Return a small picture with the extent of the whole one; a large JPEG is decoded only as far as needed."""
    try:
        picture = images.decode(data)
    except OutputError:
        small = images.thumbnail(data, edge=EDGE)
        return SmallPicture(
            small.data, small.content_type, small.width, small.height, small.width, small.height
        )
    small = images.thumbnail(picture, edge=EDGE)
    return SmallPicture(
        small.data, small.content_type, small.width, small.height, *pixels.upright_size(picture)
    )
