"""Content types: what bytes are by their first few, whether that was said, and how such a file ends."""

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
    "application/pdf": "pdf",
    "application/json": "json",
    "application/xml": "xml",
    "text/html": "html",
    "text/plain": "txt",
}
_TYPES_OF_ENDINGS: Final = {ending: known for known, ending in _EXTENSIONS.items()} | {
    "jpeg": "image/jpeg",
    "tiff": "image/tiff",
}
# Files whose type is not known keep these endings of their own name.
_KEPT_ENDINGS: Final = frozenset(_EXTENSIONS.values()) | {
    *("jpeg", "tiff", "gltf", "obj", "ply", "stl", "usdz", "fbx", "csv", "md", "srt", "vtt", "npy", "npz"),
    *("safetensors", "gz", "tar", "aac", "opus"),
}
# Within one of these the first bytes say too little to accuse the server of a wrong type.
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
    """Return the type in lower case, without parameters and by its usual name; None when there is none."""
    plain = (content_type or "").partition(";")[0].strip().lower()
    return _ALIASES.get(plain, plain) or None


def sniff(head: bytes) -> str | None:
    """Return the content type that the first bytes (up to `HEAD_SIZE`) show, or None."""
    for prefix, content_type in _PREFIXES:
        if head.startswith(prefix):
            return content_type
    return _sniff_container(head) or _sniff_text(head[:HEAD_SIZE])


def agree(declared: str | None, held: str | None) -> bool:
    """Tell whether bytes that look like `held` may be called `declared`; types that nobody can check may."""
    said = canonical(declared)
    if said == held or said not in _EXTENSIONS:
        return True
    if held is None:
        return said not in _CHECKABLE
    if said == "text/html":
        return held.startswith("text/") or _FAMILIES.get(held) == "text"
    return _FAMILIES.get(said, said) == _FAMILIES.get(held, held)


_CHECKABLE: Final = frozenset(_EXTENSIONS) - {"audio/mpeg", "application/xml", "text/plain", "image/svg+xml"}


def extension(content_type: str | None, name: str = "") -> str:
    """Return the ending for a file of this type, else the harmless one of its name, else "bin"."""
    known = _EXTENSIONS.get(canonical(content_type) or "")
    if known is not None:
        return known
    _, dot, ending = name.rpartition(".")
    return ending.lower() if dot and ending.lower() in _KEPT_ENDINGS else "bin"


def is_picture(declared: str | None, head: bytes = b"", name: str = "") -> bool:
    """Tell whether a file is made of pixels: by its declared type, else its first bytes, else its name."""
    said = canonical(declared) or ""
    if said not in _EXTENSIONS and not said.startswith("image/"):
        ending = name.rpartition(".")[2].lower()
        said = sniff(head) or _TYPES_OF_ENDINGS.get(ending, "")
    return said.startswith("image/") and said != "image/svg+xml"


def _sniff_container(head: bytes) -> str | None:
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
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
    lowered = start.lower()
    for prefix, content_type in _MARKUP:
        if lowered.startswith(prefix):
            drawn = content_type == "application/xml" and b"<svg" in lowered
            return "image/svg+xml" if drawn else content_type
    return "text/plain"
