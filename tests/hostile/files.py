"""Files that a server serves by range, well or badly."""

import io
from collections.abc import Callable

from PIL import Image

from tests.hostile.http_wire import Call, Reply

PNG = {"content-type": "image/png"}


class ServedFile:
    """A file that is served by range; the first replies may be others."""

    def __init__(
        self, data: bytes, *first_replies: Callable[[bytes], Reply], etag: str | None = '"one"'
    ) -> None:
        self.data = data
        self.etag = etag
        self.ranges: list[str | None] = []
        self.first_replies = list(first_replies)

    def __call__(self, call: Call) -> Reply:
        """Return the next of the first replies, or the file or its requested range."""
        requested_range = call.headers.get("range")
        self.ranges.append(requested_range)
        headers = PNG | ({"etag": self.etag} if self.etag else {})
        if self.first_replies:
            reply = self.first_replies.pop(0)(self.data)
            return Reply(reply.content, reply.status, {**headers, **reply.headers}, reply.cut)
        if requested_range is None or (call.headers.get("if-range") not in (None, self.etag)):
            return Reply(self.data, 200, headers)
        start = int(requested_range.removeprefix("bytes=").removesuffix("-"))
        content_range = f"bytes {start}-{len(self.data) - 1}/{len(self.data)}"
        return Reply(self.data[start:], 206, {**headers, "content-range": content_range})


def cut_at(count: int) -> Callable[[bytes], Reply]:
    """Return a reply that breaks off after this many bytes."""
    return lambda data: Reply(data, cut=count)


def pixels(data: bytes) -> bytes:
    """Return the decoded pixels of a picture."""
    return Image.open(io.BytesIO(data)).tobytes()
