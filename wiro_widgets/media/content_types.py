"""Content types: recognise bytes by their first few, compare with a declared type, choose a file's extension."""

from __future__ import annotations

import codecs
from typing import Final

HEAD_SIZE: Final = 512

_PREFIXES: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"glTF", "model/gltf-binary"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"%PDF-", "application/pdf"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
)
_RIFF: Final = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BRANDS: Final = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"hevc": "image/heic",
    b"heim": "image/heic",
    b"heis": "image/heic",
    b"hevx": "image/heic",
    b"hevm": "image/heic",
    b"hevs": "image/heic",
    b"mif1": "image/heic",
    b"msf1": "image/heic",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
}
_MARKUP: Final = (
    (b"<!doctype html", "text/html"),
    (b"<html", "text/html"),
    (b"<head", "text/html"),
    (b"<body", "text/html"),
    (b"<svg", "image/svg+xml"),
    (b"<?xml", "application/xml"),
    (b"{", "application/json"),
    (b"[", "application/json"),
)
_BMP_HEADERS: Final = {12, 40, 52, 56, 64, 108, 124}
_ALIASES: Final = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "image/x-ms-bmp": "image/bmp",
    "image/x-bmp": "image/bmp",
    "image/heif": "image/heic",
    "audio/mp3": "audio/mpeg",
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    "audio/x-flac": "audio/flac",
    "application/x-zip-compressed": "application/zip",
    "application/x-gzip": "application/gzip",
    "text/json": "application/json",
    "text/xml": "application/xml",
}
_EXTENSIONS: Final = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/bmp": "bmp",
    "image/tiff": "tif",
    "image/avif": "avif",
    "image/heic": "heic",
    "image/svg+xml": "svg",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "video/quicktime": "mov",
    "video/x-matroska": "mkv",
    "video/x-msvideo": "avi",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "audio/flac": "flac",
    "audio/ogg": "ogg",
    "audio/mp4": "m4a",
    "model/gltf-binary": "glb",
    "application/zip": "zip",
    "application/gzip": "gz",
    "application/pdf": "pdf",
    "application/json": "json",
    "application/xml": "xml",
    "text/html": "html",
    "text/plain": "txt",
}
_TYPES_BY_ENDING: Final = {ending: content_type for content_type, ending in _EXTENSIONS.items()} | {
    "jpeg": "image/jpeg",
    "tiff": "image/tiff",
}
# A file of unknown type keeps the ending of its name if it is one of these.
_HARMLESS_ENDINGS: Final = frozenset(_EXTENSIONS.values()) | {
    *("jpeg", "tiff", "gltf", "obj", "ply", "stl", "usdz", "fbx", "csv", "md", "srt", "vtt", "npy", "npz"),
    *("safetensors", "gz", "tar", "aac", "opus"),
}
# The first bytes do not tell the types of one family apart.
_FAMILIES: Final = {
    "text/plain": "text",
    "application/json": "text",
    "application/xml": "text",
    "image/svg+xml": "text",
    "video/mp4": "iso media",
    "video/quicktime": "iso media",
    "audio/mp4": "iso media",
    "video/webm": "matroska",
    "video/x-matroska": "matroska",
}


def canonical(content_type: str | None) -> str | None:
    """Return the type in lower case, without parameters and by its usual name; None if it is empty."""
    bare = (content_type or "").partition(";")[0].strip().lower()
    return _ALIASES.get(bare, bare) or None


def sniff(head: bytes) -> str | None:
    """Return the content type that the first bytes (up to `HEAD_SIZE`) show, or None."""
    for prefix, content_type in _PREFIXES:
        if head.startswith(prefix):
            return content_type
    return _sniff_container(head) or _sniff_text(head[:HEAD_SIZE])


def is_known(content_type: str | None) -> bool:
    """Return True for a type whose files are recognized or at least have an ending of their own."""
    return canonical(content_type) in _EXTENSIONS


def type_of_name(name: str) -> str | None:
    """Return the content type that the ending of a name means, or None."""
    return _TYPES_BY_ENDING.get(name.rpartition(".")[2].lower()) if "." in name else None


def agree(declared_type: str | None, actual_type: str | None) -> bool:
    """Return True unless the declared type is one that can be checked and contradicts the sniffed one."""
    expected = canonical(declared_type)
    if expected == actual_type or expected not in _EXTENSIONS:
        return True
    if actual_type is None:
        return expected not in _CHECKABLE
    if expected == "text/html":
        return actual_type.startswith("text/") or _FAMILIES.get(actual_type) == "text"
    return _FAMILIES.get(expected, expected) == _FAMILIES.get(actual_type, actual_type)


_CHECKABLE: Final = frozenset(_EXTENSIONS) - {"audio/mpeg", "application/xml", "text/plain", "image/svg+xml"}


def extension(content_type: str | None, name: str = "") -> str:
    """Return the file extension of this type, else a harmless one of the name, else "bin"."""
    ending = _EXTENSIONS.get(canonical(content_type) or "")
    if ending is not None:
        return ending
    _, dot, ending = name.rpartition(".")
    return ending.lower() if dot and ending.lower() in _HARMLESS_ENDINGS else "bin"


def is_picture(declared_type: str | None, head: bytes = b"", name: str = "") -> bool:
    """Return True for a file made of pixels: by its declared type, else its first bytes, else its name."""
    content_type = canonical(declared_type) or ""
    if content_type not in _EXTENSIONS and not content_type.startswith("image/"):
        ending = name.rpartition(".")[2].lower()
        content_type = sniff(head) or _TYPES_BY_ENDING.get(ending, "")
    return content_type.startswith("image/") and content_type != "image/svg+xml"


def _sniff_container(head: bytes) -> str | None:
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        compatible = head[16 : int.from_bytes(head[:4], "big")]
        is_avif = brand in (b"mif1", b"msf1") and (b"avif" in compatible or b"avis" in compatible)
        return "image/avif" if is_avif else _BRANDS.get(brand, "video/mp4")
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "video/webm" if b"webm" in head[:64] else "video/x-matroska"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "image/bmp"
    layer_three = len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2  # noqa: PLR2004 - MPEG sync, layer III
    return "audio/mpeg" if layer_three else None


def _sniff_text(head: bytes) -> str | None:
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return None
    if not text or any(ord(letter) < 32 and letter not in "\t\n\r\f\x1b" for letter in text):  # noqa: PLR2004 - controls
        return None
    markup = start.lower()
    for prefix, content_type in _MARKUP:
        if markup.startswith(prefix):
            is_svg = content_type == "application/xml" and b"<svg" in markup
            return "image/svg+xml" if is_svg else content_type
    return "text/plain"
