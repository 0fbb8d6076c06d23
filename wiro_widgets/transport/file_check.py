"""Check that a downloaded file is all of what was made: by its type, its size and its own structure."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO, Final
from urllib.parse import urlsplit

from wiro_widgets.media import content_types, image_blocks, images
from wiro_widgets.protocol.errors import OutputError
from wiro_widgets.protocol.replies import OutputInfo

_PAGE: Final = "text/html"
_JSON: Final = "application/json"
_CHUNK: Final = 1024 * 1024
_MAX_UNPACKED: Final = 1024 * _CHUNK  # bytes of a gzip file that are unpacked to find its end
_UNKNOWN_SIZE: Final = 0xFFFFFFFF  # what a RIFF says that was written as a stream
_PDF_END: Final = 2048  # bytes at the end of a PDF in which its end mark stands
_LARGE_BOX: Final = 1  # the size of an ISO media box whose size follows as 64 bits
_MAX_BOXES: Final = 100_000


@dataclass(frozen=True, slots=True)
class Defect:
    """Why a file may not be what was made.

    If two tries bring files of one digest, the server has no other. None if equal files would prove nothing.
    """

    reason: str
    digest: bytes | None = None


class _CutError(Exception):
    """The file's own structure says that it is not whole."""


class _DamageError(Exception):
    """The file is whole as far as anybody can tell, and cannot be read."""


def find_defect(info: OutputInfo, file: BinaryIO, size: int, served_type: str | None = None) -> Defect | None:
    """Compare a file with what Wiro says of it and with its own structure; None if it is what was made.

    `served_type` is the content type of the server's reply. A file of the size that Wiro says is believed the second
    time, whatever it holds.
    """
    if not size:
        return Defect("it is empty")
    true_size = info.size or 0
    head = _read_at(file, 0, content_types.HEAD_SIZE)
    actual, expected = content_types.sniff(head), _expected_type(info)
    reason = _wrong_content(expected, actual, served_type, head)
    is_right_kind, is_whole, may_repeat = reason is None, False, False
    if is_right_kind:
        try:
            is_whole = _check_structure(actual, expected, file, size)
        except _CutError as error:
            reason = str(error)
        except _DamageError as error:
            reason, may_repeat = str(error), not true_size
    if size < true_size and not is_whole and is_right_kind:
        return Defect(f"only {size} of {true_size} bytes came")
    if size > true_size > 0 and not is_whole and reason is None:
        reason, may_repeat = f"{size} bytes came instead of {true_size}", True
    if reason is None:
        return None
    return Defect(reason, _digest(file) if may_repeat or size == true_size else None)


def _expected_type(info: OutputInfo) -> str | None:
    """Return the type that Wiro says, else that of the name or the address."""
    type_by_wiro = content_types.canonical(info.content_type)
    if type_by_wiro is not None and content_types.is_known(type_by_wiro):
        return type_by_wiro
    try:
        path = urlsplit(info.url or "").path
    except ValueError:
        path = ""
    by_name = content_types.type_of_name(info.name) or content_types.type_of_name(path)
    return by_name or (type_by_wiro if "/" in (type_by_wiro or "") else None)


def _wrong_content(
    expected: str | None, actual: str | None, served_type: str | None, head: bytes
) -> str | None:
    """Return why the file is of another kind than expected; a picture, film or sound of another format is not."""
    is_page = actual == _PAGE or (_is_text(actual) and content_types.canonical(served_type) == _PAGE)
    if is_page and expected != _PAGE:
        return f"it says {expected or 'nothing of its type'} but holds {_PAGE}"
    if not any(head):
        return "it begins with zeros"
    if (
        expected is None
        or content_types.agree(expected, actual)
        or (_is_media(expected) and _is_media(actual))
    ):
        return None
    return f"it says {expected} but holds {actual or 'something else'}"


def _is_media(content_type: str | None) -> bool:
    return (content_type or "").startswith(("image/", "video/", "audio/")) and not _is_text(content_type)


def _is_text(actual: str | None) -> bool:
    """Return True for text and for what nobody recognizes."""
    return (
        actual is None or actual.startswith("text/") or actual in (_JSON, "application/xml", "image/svg+xml")
    )


def _check_structure(actual: str | None, expected: str | None, file: BinaryIO, size: int) -> bool:
    """Return True if the file's structure says that it is whole, False if it says nothing; raises _CutError."""
    if expected == _JSON or (expected is None and actual == _JSON):
        return _check_json(file, must_parse=expected == _JSON)
    check = _CHECKS.get(actual or "")
    if check is not None:
        return check(file, size)
    if (actual or "").startswith("image/") and not _is_text(actual):
        return _check_picture(file, size)
    return False


def _check_json(file: BinaryIO, *, must_parse: bool) -> bool:
    file.seek(0)
    try:
        json.loads(file.read())
    except RecursionError:
        return False
    except ValueError:
        if must_parse:
            raise _CutError("it is no whole JSON") from None
        return False
    return True


def _check_picture(file: BinaryIO, _size: int) -> bool:
    """Decode a picture; one that is too large for Pillow's limit says nothing."""
    file.seek(0)
    data = file.read()
    container = image_blocks.read(data)
    if container is not None and container.format == image_blocks.PNG:
        if not image_blocks.intact(container):
            raise _DamageError("its checksums are wrong")
        return True
    if (data.startswith(b"GIF8") and not data.rstrip(b"\0").endswith(b";")) or data.startswith(b"\x89PNG"):
        raise _CutError("it lacks its end")
    if data.startswith(b"RIFF"):
        _check_riff(file, len(data))
    try:
        images.decode(data)
    except OutputError as error:
        if error.__cause__ is None:  # the limit has no cause; an error of Pillow's has
            return False
        raise (_CutError if "cut short" in error.reason else _DamageError)(error.reason) from None
    return True


def _check_glb(file: BinaryIO, size: int) -> bool:
    """Compare the length in the header of a binary glTF (glTF 2.0, GLB file format)."""
    length = int.from_bytes(_read_at(file, 8, 4), "little")
    if length > size:
        raise _CutError(f"only {size} of the {length} bytes of its header came")
    return length == size


def _check_zip(file: BinaryIO, _size: int) -> bool:
    """Read the directory, which stands at the end."""
    file.seek(0)
    try:
        with zipfile.ZipFile(file):
            return True
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise _CutError("its directory is missing") from None


def _check_pdf(file: BinaryIO, size: int) -> bool:
    """Look for the end mark; it says little, because a PDF may have several."""
    if b"%%EOF" not in _read_at(file, max(0, size - _PDF_END), _PDF_END):
        raise _CutError("it lacks its end")
    return False


def _check_riff(file: BinaryIO, size: int) -> bool:
    length = int.from_bytes(_read_at(file, 4, 4), "little")
    if length in (0, _UNKNOWN_SIZE):
        return False
    if length + 8 > size:
        raise _CutError(f"only {size} of the {length + 8} bytes of its header came")
    return True


def _check_boxes(file: BinaryIO, size: int) -> bool:
    """Walk over the boxes of an ISO media file (MP4, MOV, M4A, AVIF, HEIC): the last one must end with the file."""
    offset, kinds = 0, set()
    for _ in range(_MAX_BOXES):
        if offset + 8 > size:
            break
        header = _read_at(file, offset, 16)
        length, kind = int.from_bytes(header[:4], "big"), header[4:8]
        if length == _LARGE_BOX:
            length = int.from_bytes(header[8:16], "big")
        kinds.add(kind)
        if length == 0:  # it goes on to the end of the file
            offset = size
        elif length < 8 or offset + length > size:  # noqa: PLR2004 - the size of a box's header
            raise _CutError(f"it breaks off in a box of {length} bytes")
        else:
            offset += length
    if not kinds & {b"moov", b"moof", b"meta"}:
        raise _CutError("it lacks its index")
    return offset == size


def _check_matroska(file: BinaryIO, size: int) -> bool:
    """Compare the length of the segment that holds everything (RFC 8794, 6); a live stream says none."""
    head = _read_at(file, 0, content_types.HEAD_SIZE)
    header_length, start = _ebml_length(head, 4)
    segment = start + (header_length or 0)
    if header_length is None or head[segment : segment + 4] != b"\x18\x53\x80\x67":
        return False
    length, start = _ebml_length(head, segment + 4)
    if length is None:
        return False
    if start + length > size:
        raise _CutError(f"only {size} of the {start + length} bytes of its header came")
    return True


def _ebml_length(head: bytes, offset: int) -> tuple[int | None, int]:
    """Return the length that stands at this offset, and where it ends; None for an unknown length."""
    first = head[offset] if offset < len(head) else 0
    count = 9 - first.bit_length()  # of bytes: as many as the first one has leading zeros, and one
    bits = int.from_bytes(head[offset : offset + count], "big") & ((1 << 7 * count) - 1)
    unknown = not first or bits == (1 << 7 * count) - 1
    return (None if unknown else bits), offset + count


def _check_gzip(file: BinaryIO, size: int) -> bool:
    """Unpack a gzip file to its end, member after member."""
    stream, byte_count = zlib.decompressobj(16 + zlib.MAX_WBITS), 0
    file.seek(0)
    try:
        while byte_count < _MAX_UNPACKED:
            chunk = stream.unconsumed_tail or stream.unused_data or file.read(_CHUNK)
            if stream.eof:
                chunk = chunk.lstrip(b"\0") if file.tell() >= size else chunk
                if not chunk:
                    return True
                stream = zlib.decompressobj(16 + zlib.MAX_WBITS)
            elif not chunk:
                raise _CutError("it is compressed, and cut off")
            byte_count += len(stream.decompress(chunk, _CHUNK))
    except zlib.error:
        raise _CutError("it is compressed, and broken") from None
    return False


_CHECKS: Final[Mapping[str, Callable[[BinaryIO, int], bool]]] = {
    "model/gltf-binary": _check_glb,
    "application/zip": _check_zip,
    "application/pdf": _check_pdf,
    "application/gzip": _check_gzip,
    "audio/wav": _check_riff,
    "video/x-msvideo": _check_riff,
    **dict.fromkeys(("video/mp4", "video/quicktime", "audio/mp4", "image/avif", "image/heic"), _check_boxes),
    **dict.fromkeys(("video/webm", "video/x-matroska"), _check_matroska),
}


def _digest(file: BinaryIO) -> bytes:
    file.seek(0)
    digest = sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.digest()


def _read_at(file: BinaryIO, offset: int, count: int) -> bytes:
    file.seek(offset)
    return file.read(count)
