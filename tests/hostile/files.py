"""Files that a server serves by range, well or badly."""

import gzip
import io
from collections.abc import Callable, Mapping

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


GZIP = {"content-encoding": "gzip"}


def page_instead(_data: bytes) -> Reply:
    """Answer with a web page and success."""
    return Reply(
        b"<!DOCTYPE html><html><body>Sign in to the network</body></html>",
        headers={"content-type": "text/html"},
    )


def half(data: bytes) -> Reply:
    """Answer with half of the file as if it were all."""
    return Reply(data[: len(data) // 2])


def half_without_length(data: bytes) -> Reply:
    """Answer with half of the file, and end the connection."""
    return Reply(
        data[: len(data) // 2], headers={"content-length": "", "connection": "close"}, cut=len(data) // 2
    )


def nothing_at_all(_data: bytes) -> Reply:
    """Answer with success and no bytes."""
    return Reply(b"")


def zeros(data: bytes) -> Reply:
    """Answer with as many bytes as the file has, none of its own."""
    return Reply(bytes(len(data)))


def gzip_cut(data: bytes) -> Reply:
    """Answer with a gzip stream that lacks its end, as if it were whole."""
    return Reply(gzip.compress(data)[:-12], headers=GZIP)


def gzip_half(data: bytes) -> Reply:
    """Answer with half of a gzip stream as if it were whole."""
    packed = gzip.compress(data)
    return Reply(packed[: len(packed) // 2], headers=GZIP)


def gzip_members(data: bytes) -> Reply:
    """Answer with a gzip stream of three members, which is a whole file."""
    third = len(data) // 3
    chunks = (data[:third], data[third : 2 * third], data[2 * third :])
    return Reply(b"".join(map(gzip.compress, chunks)), headers=GZIP)


def range_of_unknown_length(data: bytes) -> Reply:
    """Answer, unasked, with the first half of the file as a range of a file of unknown length."""
    count = len(data) // 2
    return Reply(data[:count], 206, {"content-range": f"bytes 0-{count - 1}/*"})


def range_without_place(data: bytes) -> Reply:
    """Answer, unasked, with the second half of the file as a range without a place."""
    return Reply(data[len(data) // 2 :], 206)


# What is no file, or not all of it, although nothing says so but the length and the content.
WRONG_FILES: Mapping[str, Callable[[bytes], Reply]] = {
    "a page": page_instead,
    "half of it": half,
    "half of it, no length": half_without_length,
    "no bytes": nothing_at_all,
    "a gzip stream without its end": gzip_cut,
    "half a gzip stream": gzip_half,
    "a range of unknown length": range_of_unknown_length,
    "a range without a place": range_without_place,
}


def cut_at(count: int) -> Callable[[bytes], Reply]:
    """Return a reply that breaks off after this many bytes."""
    return lambda data: Reply(data, cut=count)


def pixels(data: bytes) -> bytes:
    """Return the decoded pixels of a picture."""
    return Image.open(io.BytesIO(data)).tobytes()
