"""A page or half a file is never kept as a result, whatever kind of file it is."""

from __future__ import annotations

import gzip
import io
import json
import struct
import wave
import zipfile
from collections.abc import Callable

import pytest
from PIL import Image

from tests.hostile.files import (
    GZIP,
    WRONG_FILES,
    gzip_members,
    half,
    half_without_length,
    page_instead,
    range_of_unknown_length,
    zeros,
)
from tests.hostile.fixtures import Fetch
from tests.hostile.http_wire import Call, Reply
from wiro_widgets.protocol.replies import OutputInfo
from wiro_widgets.transport.file_check import find_defect


def picture_as(kind: str, **options: object) -> bytes:
    """Return a picture in a format of Pillow's."""
    target = io.BytesIO()
    images = [Image.effect_noise((64, 64), 60 + number).convert("RGB") for number in range(3)]
    more = {"append_images": images[1:], "save_all": True} if kind == "GIF" else {}
    images[0].save(target, kind, **more, **options)
    return target.getvalue()


def glb() -> bytes:
    """Return a binary glTF with some bytes of content."""
    return b"glTF" + struct.pack("<II", 2, 12 + 4000) + b"\1" * 4000


def zipped() -> bytes:
    """Return a ZIP archive of two files."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a.txt", "a" * 3000)
        archive.writestr("b.txt", "b" * 3000)
    return target.getvalue()


def sound() -> bytes:
    """Return a WAV file."""
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\1\2" * 4000)
    return target.getvalue()


def boxes() -> bytes:
    """Return the boxes of an MP4 film."""

    def box(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", 8 + len(content)) + kind + content

    return box(b"ftyp", b"isom\0\0\0\0") + box(b"mdat", b"\7" * 5000) + box(b"moov", b"\7" * 300)


FILES: dict[str, tuple[str, str | None, bytes]] = {
    "png": ("0.png", "image/png", picture_as("PNG")),
    "jpeg": ("0.jpg", "image/jpeg", picture_as("JPEG")),
    "webp": ("0.webp", "image/webp", picture_as("WEBP", lossless=True)),
    "gif": ("0.gif", "image/gif", picture_as("GIF")),
    "glb": ("0.glb", "model/gltf-binary", glb()),
    "zip": ("0.zip", "application/zip", zipped()),
    "pdf": ("0.pdf", "application/pdf", b"%PDF-1.7\n" + b"1 0 obj\n" * 600 + b"%%EOF\n"),
    "gz": ("0.gz", "application/gzip", gzip.compress(picture_as("PNG"))),
    "json": ("0.json", "application/json", json.dumps({"numbers": list(range(2000))}).encode()),
    "text": ("0.txt", "text/plain", b"one line of the text\n" * 300),
    "wav": ("0.wav", "audio/wav", sound()),
    "mp3": ("0.mp3", "audio/mpeg", b"ID3\4" + bytes(range(1, 256)) * 20),
    "mp4": ("0.mp4", "video/mp4", boxes()),
    "untyped": ("0.bin", None, bytes(range(1, 256)) * 20),
    "untyped, named": ("0.glb", None, glb()),
    "an unknown type": ("weights.xyz", "application/octet-stream", bytes(range(1, 256)) * 20),
}
STRUCTURED = ("png", "jpeg", "webp", "gif", "glb", "zip", "pdf", "gz", "json", "wav", "mp4", "untyped, named")


def serve_after(data: bytes, *firsts: Callable[[bytes], Reply]) -> Callable[[Call], Reply]:
    """Return a handler that answers with the wrong replies first, and then with the file."""
    replies = [first(data) for first in firsts]
    return lambda _call: replies.pop(0) if replies else Reply(data)


@pytest.mark.parametrize("wrong", WRONG_FILES.values(), ids=WRONG_FILES)
@pytest.mark.parametrize("kind", FILES)
def test_what_is_no_file_is_fetched_again(fetch: Fetch, kind: str, wrong: Callable[[bytes], Reply]) -> None:
    """Two wrong replies of the same bytes are not believed; the third one is the file."""
    name, content_type, data = FILES[kind]
    handler = serve_after(data, wrong, wrong)
    output = fetch(data, handler, name=name, contenttype=content_type)
    assert output.error is None
    is_picture = content_type in ("image/png", "image/jpeg", "image/webp")
    assert output.bytes() == data or is_picture  # a recipe is written into a picture
    if is_picture:
        assert output.image().size == (64, 64)


@pytest.mark.parametrize("wrong", WRONG_FILES.values(), ids=WRONG_FILES)
@pytest.mark.parametrize("kind", ["png", "glb", "text", "untyped"])
def test_what_is_no_file_is_refused(fetch: Fetch, kind: str, wrong: Callable[[bytes], Reply]) -> None:
    """If nothing else comes, there is no output."""
    name, content_type, data = FILES[kind]
    output = fetch(data, lambda _call: wrong(data), name=name, contenttype=content_type)
    assert output.path is None
    assert output.error is not None


@pytest.mark.parametrize(
    "wrong", [page_instead, half, half_without_length], ids=["page", "half", "no length"]
)
@pytest.mark.parametrize("kind", STRUCTURED)
def test_without_a_size_the_structure_decides(
    fetch: Fetch, kind: str, wrong: Callable[[bytes], Reply]
) -> None:
    """Where Wiro does not say the size, the file's own structure shows that it is cut."""
    name, content_type, data = FILES[kind]
    output = fetch(data, serve_after(data, wrong, wrong), name=name, contenttype=content_type, size=None)
    assert output.error is None
    assert output.size is not None
    assert output.size >= len(data)


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_whole_is_taken_at_once(fetch: Fetch, kind: str) -> None:
    """A whole file of any kind is fetched once, with or without a size."""
    name, content_type, data = FILES[kind]
    for size in (str(len(data)), None):
        count = 0

        def handler(_call: Call, data: bytes = data) -> Reply:
            nonlocal count
            count += 1
            return Reply(data)

        assert fetch(data, handler, name=name, contenttype=content_type, size=size).error is None
        assert count == 1


@pytest.mark.parametrize("kind", ["png", "glb", "zip", "pdf", "mp4", "untyped"])
def test_zeros_of_the_right_size(fetch: Fetch, kind: str) -> None:
    """As many zeros as the file has bytes are fetched again."""
    name, content_type, data = FILES[kind]
    output = fetch(data, serve_after(data, zeros), name=name, contenttype=content_type)
    assert any(output.bytes())


def test_a_page_that_is_the_output(fetch: Fetch) -> None:
    """A model may make a web page; it is kept if its type says so, or if it has the size that Wiro says."""
    page = b"<!DOCTYPE html><html><body>made by a model</body></html>"
    assert fetch(page, lambda _: Reply(page), name="0.html", contenttype="text/html").bytes() == page
    assert fetch(page, lambda _: Reply(page), name="0.txt", contenttype="text/plain").bytes() == page


def test_a_gzip_body_of_several_members(fetch: Fetch) -> None:
    """A gzip body may have several members; all of them are the file."""
    _, _, data = FILES["glb"]
    handler = lambda _call: gzip_members(data)  # noqa: E731 - one reply
    assert fetch(data, handler, name="0.glb", contenttype="model/gltf-binary").bytes() == data


def test_a_gzip_body_that_is_filled_up(fetch: Fetch) -> None:
    """Zeros after a gzip body are no part of it."""
    _, _, data = FILES["untyped"]
    reply = Reply(gzip.compress(data) + bytes(100), headers=GZIP)
    assert fetch(data, lambda _call: reply, name="0.bin", contenttype=None).bytes() == data


def test_a_range_of_unknown_length_that_is_all(fetch: Fetch) -> None:
    """A range without the length of the file is taken if it has as many bytes as Wiro says."""
    _, _, data = FILES["untyped"]
    reply = Reply(data, 206, {"content-range": f"bytes 0-{len(data) - 1}/*"})
    assert fetch(data, lambda _call: reply, name="0.bin", contenttype=None).bytes() == data
    again = fetch(
        data, lambda _call: range_of_unknown_length(data), name="0.bin", contenttype=None, size=None
    )
    assert "did not say of how many bytes" in str(again.error)


def test_a_matroska_file_that_is_cut() -> None:
    """The length of the segment shows a cut."""
    header = b"\x1a\x45\xdf\xa3\x88\x42\x82\x84webm\xec" + b"\x18\x53\x80\x67" + b"\xa0"
    whole = header + b"\7" * 0x20
    info = OutputInfo("0.webm", "video/webm")
    assert find_defect(info, io.BytesIO(whole), len(whole)) is None
    assert find_defect(info, io.BytesIO(whole[:-1]), len(whole) - 1)
