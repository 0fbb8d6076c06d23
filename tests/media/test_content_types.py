import pytest

from wiro_widgets.media.content_types import agree, canonical, extension, sniff

HEADS = [
    (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
    (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
    (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
    (b"GIF89a\1\0", "image/gif"),
    (b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", "image/bmp"),
    (b"II*\0\x08\0\0\0", "image/tiff"),
    (b"\0\0\0\x20ftypavif", "image/avif"),
    (b"\0\0\0\x18ftypheic", "image/heic"),
    (b"\0\0\0\x18ftypisom", "video/mp4"),
    (b"\0\0\0\x14ftypqt  ", "video/quicktime"),
    (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm", "video/webm"),
    (b"ID3\x04\0", "audio/mpeg"),
    (b"\xff\xfb\x90\x64", "audio/mpeg"),
    (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav"),
    (b"glTF\x02\0\0\0", "model/gltf-binary"),
    (b"PK\x03\x04\x14\0", "application/zip"),
    (b"%PDF-1.7", "application/pdf"),
    (b'  {"a": 1}', "application/json"),
    (b"\xef\xbb\xbf<!DOCTYPE html><p>", "text/html"),
    (b'<?xml version="1.0"?><svg width="1">', "image/svg+xml"),
    ("Grüße".encode(), "text/plain"),
    (b"BMW is a car maker", "text/plain"),
    (b"\x00\x01\x02", None),
    (b"", None),
]


@pytest.mark.parametrize(("head", "content_type"), HEADS)
def test_first_bytes_show_the_type(head: bytes, content_type: str | None) -> None:
    """The first bytes of a file show its type, or None."""
    assert sniff(head) == content_type


def test_text_cut_inside_a_letter_is_text() -> None:
    """A head that ends in the middle of a UTF-8 letter is still text."""
    assert sniff("Grü".encode()[:-1]) == "text/plain"


@pytest.mark.parametrize(
    ("declared_type", "actual_type"),
    [
        ("image/jpg", "image/jpeg"),
        ("IMAGE/PNG; charset=binary", "image/png"),
        (None, "image/png"),
        ("", "image/png"),
        ("application/octet-stream", "image/png"),
        ("x-wiro/new-thing", "image/png"),
        ("raw", "text/plain"),
        ("text/plain", "application/json"),
        ("video/mp4", "video/quicktime"),
        ("audio/mpeg", None),
    ],
)
def test_types_that_agree(declared_type: str | None, actual_type: str | None) -> None:
    """Other spellings, missing, generic and unknown types agree with any bytes."""
    assert agree(declared_type, actual_type)


@pytest.mark.parametrize(
    ("declared_type", "actual_type"),
    [
        ("image/png", "text/html"),
        ("image/png", "image/jpeg"),
        ("image/png", None),
        ("application/json", "text/html"),
        ("video/mp4", "image/png"),
    ],
)
def test_types_that_contradict(declared_type: str, actual_type: str | None) -> None:
    """A known type contradicts bytes of another."""
    assert not agree(declared_type, actual_type)


def test_canonical_drops_parameters() -> None:
    """A content type is compared in lower case, without parameters and by its usual name."""
    assert canonical("Image/JPG; q=1") == "image/jpeg"


@pytest.mark.parametrize(
    ("content_type", "name", "ending"),
    [
        ("image/jpeg", "0.png", "jpg"),
        (None, "mesh.OBJ", "obj"),
        (None, "setup.exe", "bin"),
        ("application/octet-stream", "x.png/../../etc/passwd", "bin"),
        (None, "", "bin"),
    ],
)
def test_file_endings(content_type: str | None, name: str, ending: str) -> None:
    """The ending comes from the type, else from a harmless name, never from anything else."""
    assert extension(content_type, name) == ending
