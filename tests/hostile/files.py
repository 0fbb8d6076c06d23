"""Files as a server may serve them."""

import io
from collections.abc import Callable

from PIL import Image

from tests.hostile.http_wire import Call, Reply

PNG = {"content-type": "image/png"}


class File:
    """A file that is served by range, and differently as often as a test says."""

    def __init__(self, data: bytes, *first: Callable[[bytes], Reply], etag: str | None = '"one"') -> None:
        self.data = data
        self.etag = etag
        self.ranges: list[str | None] = []
        self._first = list(first)

    def __call__(self, call: Call) -> Reply:
        """Answer as the next time is to be answered."""
        range_header = call.headers.get("range")
        self.ranges.append(range_header)
        more = PNG | ({"etag": self.etag} if self.etag else {})
        if self._first:
            reply = self._first.pop(0)(self.data)
            return Reply(reply.content, reply.status, {**more, **reply.headers}, reply.cut)
        if range_header is None or (call.headers.get("if-range") not in (None, self.etag)):
            return Reply(self.data, 200, more)
        start = int(range_header.removeprefix("bytes=").removesuffix("-"))
        place = f"bytes {start}-{len(self.data) - 1}/{len(self.data)}"
        return Reply(self.data[start:], 206, {**more, "content-range": place})


def cut_at(count: int) -> Callable[[bytes], Reply]:
    """Return an answer that breaks off after so many bytes."""
    return lambda data: Reply(data, cut=count)


def pixels(data: bytes) -> bytes:
    """Return what the picture shows."""
    return Image.open(io.BytesIO(data)).tobytes()
