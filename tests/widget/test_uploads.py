"""Files that a page uploads in chunks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wiro_widgets.widget.uploads import MAX_BYTES, MAX_OPEN, UploadRefused, Uploads
from wiro_widgets.widget.wire.messages import Chunk


def _chunk(data: bytes, offset: int, size: int, upload: str = "u1") -> Chunk:
    return Chunk("c", 1, "inputImage", upload, "photo.png", "image/png", size, offset, data)


def test_a_file_in_one_chunk() -> None:
    """It is complete at once, under its name."""
    byte_count, file = Uploads().add(_chunk(b"abc", 0, 3))
    assert (byte_count, file, getattr(file, "name", None)) == (3, b"abc", "photo.png")


def test_a_file_in_several_chunks() -> None:
    """Each chunk returns the number of bytes so far; the last one returns the file."""
    uploads = Uploads()
    assert uploads.add(_chunk(b"abc", 0, 8)) == (3, None)
    assert uploads.add(_chunk(b"def", 3, 8)) == (6, None)
    assert uploads.add(_chunk(b"gh", 6, 8)) == (8, b"abcdefgh")
    assert repr(uploads) == "<Uploads 0 under way>"


def test_an_empty_file() -> None:
    """An empty file is one empty chunk."""
    assert Uploads().add(_chunk(b"", 0, 0)) == (0, b"")


@given(files=st.lists(st.binary(max_size=30), min_size=1, max_size=MAX_OPEN), data=st.data())
def test_several_files_at_once(files: list[bytes], data: st.DataObject) -> None:
    """Chunks of several files may come in any order; each file is complete in the end."""
    uploads = Uploads()
    offsets = {f"u{n}": 0 for n in range(len(files))}
    whole = {}
    while offsets:
        upload = data.draw(st.sampled_from(sorted(offsets)))
        file, offset = files[int(upload[1:])], offsets[upload]
        size = data.draw(st.integers(1, 30))
        byte_count, file_data = uploads.add(_chunk(file[offset : offset + size], offset, len(file), upload))
        offsets[upload] = byte_count
        if file_data is not None:
            whole[int(upload[1:])] = bytes(file_data)
            del offsets[upload]
    assert [whole[n] for n in range(len(files))] == files


@pytest.mark.parametrize(
    "chunk", [_chunk(b"def", 4, 8), _chunk(b"def", 0, 2), _chunk(b"def", 2, 8), _chunk(b"123456", 3, 8)]
)
def test_a_chunk_that_does_not_fit(chunk: Chunk) -> None:
    """A chunk that is missing, doubled or too long ends the upload with a message for the user."""
    uploads = Uploads()
    uploads.add(_chunk(b"abc", 0, 8))
    with pytest.raises(UploadRefused, match=r"photo.png did not arrive whole; choose it again"):
        uploads.add(chunk)
    with pytest.raises(UploadRefused):
        uploads.add(_chunk(b"def", 3, 8))


def test_a_chunk_of_an_unknown_upload() -> None:
    """A page that outlived its kernel gets an error."""
    with pytest.raises(UploadRefused):
        Uploads().add(_chunk(b"def", 3, 8))


def test_a_file_may_be_begun_anew() -> None:
    """The first chunk once more starts over."""
    uploads = Uploads()
    uploads.add(_chunk(b"abc", 0, 6))
    uploads.add(_chunk(b"xyz", 0, 6))
    assert uploads.add(_chunk(b"123", 3, 6))[1] == b"xyz123"


def test_a_file_that_is_too_large() -> None:
    """It is refused at its first chunk, before anything is stored."""
    uploads = Uploads()
    with pytest.raises(UploadRefused, match=r"larger than 256 MiB"):
        uploads.add(_chunk(b"abc", 0, MAX_BYTES + 1))
    assert repr(uploads) == "<Uploads 0 under way>"


def test_a_size_that_changes_on_the_way() -> None:
    """The size in the first chunk holds, so it bounds the memory."""
    uploads = Uploads()
    uploads.add(_chunk(b"abc", 0, 4))
    with pytest.raises(UploadRefused):
        uploads.add(_chunk(b"defgh", 3, 1000))


def test_the_oldest_upload_gives_way() -> None:
    """One upload more than the limit ends the oldest one."""
    uploads = Uploads()
    for number in range(MAX_OPEN + 1):
        uploads.add(_chunk(b"a", 0, 2, f"u{number}"))
    assert repr(uploads) == f"<Uploads {MAX_OPEN} under way>"
    with pytest.raises(UploadRefused):
        uploads.add(_chunk(b"b", 1, 2, "u0"))
    assert uploads.add(_chunk(b"b", 1, 2, "u1"))[1] == b"ab"


def test_beginning_anew_pushes_nobody_out() -> None:
    """An upload that starts over counts once."""
    uploads = Uploads()
    for number in range(MAX_OPEN):
        uploads.add(_chunk(b"a", 0, 2, f"u{number}"))
    uploads.add(_chunk(b"a", 0, 2, "u7"))
    assert uploads.add(_chunk(b"b", 1, 2, "u0"))[1] == b"ab"
