"""The pictures of the catalogue: fetched by the kernel when the page shows them, sent as small pictures."""

from __future__ import annotations

import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from itertools import islice

from wiro_widgets.media import images
from wiro_widgets.media.images import Thumbnail
from wiro_widgets.protocol.errors import WiroError
from wiro_widgets.protocol.schema.schema import ModelSchema

EDGE = 96  # pixels
LARGE_EDGE = 512  # of the cover and the samples of a model
MAX_BYTES = 4 * 1024 * 1024  # of a cover as it is served
MAX_AT_ONCE = 64  # of one message
MAX_COVERS = 1_000  # that are kept; each has a few kilobytes


def cover_id(url: str) -> str:
    """Return the name of a cover at the page, which never gets its address."""
    return f"c{zlib.crc32(url.encode()):08x}"


class Covers:
    """The pictures of a panel's models, each fetched once; worker threads call it.

    `read` takes an address and a limit in bytes; it takes its time and raises WiroError.
    """

    def __init__(self, read: Callable[[str, int], bytes]) -> None:
        self._read = read
        self._pictures: OrderedDict[str, Thumbnail | None] = OrderedDict()  # by address; None: there is none
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<Covers, {len(self._pictures)} fetched>"

    def pictures(
        self, schema: ModelSchema, ids: Iterable[str], of_model: Callable[[], Mapping[str, str]] = dict
    ) -> list[tuple[str, str, Thumbnail]]:
        """Return the id, the label and the picture of each of these covers that can be had.

        `of_model` returns the addresses of the model's own pictures, if an id is of none of the options.
        """
        names = set(islice(ids, MAX_AT_ONCE))
        items = {
            cover_id(option.cover): (option.cover, option.label, EDGE)
            for parameter in schema.parameters
            for option in parameter.options
            if option.cover and cover_id(option.cover) in names
        }
        if names - items.keys():
            large = {name: (url, "", LARGE_EDGE) for name, url in of_model().items() if name in names}
            items = large | items
        pictures = images.in_threads(lambda item: self._picture(item[0], item[2]), list(items.values()))
        return [
            (name, label, picture)
            for (name, (_, label, _)), picture in zip(items.items(), pictures, strict=True)
            if picture is not None
        ]

    def _picture(self, url: str, edge: int) -> Thumbnail | None:
        with self._lock:
            if url in self._pictures:
                self._pictures.move_to_end(url)
                return self._pictures[url]
        try:
            picture = images.thumbnail(self._read(url, MAX_BYTES), edge=edge)
        except WiroError:
            picture = None  # the option has its label
        with self._lock:
            self._pictures[url] = picture
            while len(self._pictures) > MAX_COVERS:
                self._pictures.popitem(last=False)
        return picture
