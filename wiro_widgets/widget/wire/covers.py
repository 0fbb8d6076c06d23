"""The covers of a select's options: fetched by the kernel when the page shows them, sent as small pictures."""

from __future__ import annotations

import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable
from itertools import islice

from wiro_widgets.media import images
from wiro_widgets.media.images import Thumbnail
from wiro_widgets.protocol.errors import WiroError
from wiro_widgets.protocol.schema.schema import ModelSchema

EDGE = 96  # pixels
MAX_BYTES = 4 * 1024 * 1024  # of a cover as it is served
MAX_AT_ONCE = 64  # of one message
MAX_COVERS = 1_000  # that are kept; each has a few kilobytes


def cover_id(url: str) -> str:
    """Return the name of a cover at the page, which never gets its address."""
    return f"c{zlib.crc32(url.encode()):08x}"


class Covers:
    """The covers of a panel's models, each fetched once; worker threads call it.

    `read` takes an address and a limit in bytes; it takes its time and raises WiroError.
    """

    def __init__(self, read: Callable[[str, int], bytes]) -> None:
        self._read = read
        self._pictures: OrderedDict[str, Thumbnail | None] = OrderedDict()  # by address; None: there is none
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<Covers, {len(self._pictures)} fetched>"

    def pictures(self, schema: ModelSchema, ids: Iterable[str]) -> list[tuple[str, str, Thumbnail]]:
        """Return the id, the label and the picture of each of these covers that can be had."""
        names = set(islice(ids, MAX_AT_ONCE))
        options = {
            cover_id(option.cover): option
            for parameter in schema.parameters
            for option in parameter.options
            if option.cover and cover_id(option.cover) in names
        }
        pictures = images.in_threads(self._picture, [option.cover for option in options.values()])
        return [
            (name, option.label, picture)
            for (name, option), picture in zip(options.items(), pictures, strict=True)
            if picture is not None
        ]

    def _picture(self, url: str) -> Thumbnail | None:
        with self._lock:
            if url in self._pictures:
                self._pictures.move_to_end(url)
                return self._pictures[url]
        try:
            picture = images.thumbnail(self._read(url, MAX_BYTES), edge=EDGE)
        except WiroError:
            picture = None  # the option has its label
        with self._lock:
            self._pictures[url] = picture
            while len(self._pictures) > MAX_COVERS:
                self._pictures.popitem(last=False)
        return picture
