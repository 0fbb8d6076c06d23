"""What the text of a file parameter means: a web address, a path, or a file that is in the text itself."""

from __future__ import annotations

import base64
import binascii
import os
import re
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes, urlsplit

from wiro_widgets.protocol.schema.scalars import is_url

MAX_INLINE_BYTES = 256 * 1024 * 1024
MAX_PATH_CHARACTERS = 4096

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")  # of two letters at least: one is a drive of Windows
_DATA = re.compile(r"data:[^,]{0,500}?(;\s*base64)?\s*,", re.IGNORECASE)
# How pictures, sound, films, PDF and ZIP files begin in base64.
_BASE64_START = re.compile(
    r"iVBORw0KGgo|/9j/|R0lGOD|UklGR|SUkq|TU0AK|JVBERi0|UEsDB|SUQz|T2dnUw|ZkxhQw|GkXfo|Z2xURg|AAAA[\w+/]{2}Z0eX"
)
_BASE64 = re.compile(r"[\w+/-]{64,}={0,2}", re.ASCII)
_SAFE = "!#$%&'()*+,/:;=?@[]~"  # characters of a URL that stay


def read(text: str) -> str | bytes | Path:
    """Return what a text stands for: a URL or a path as it is, bytes of a data: URL or of base64, the path of file://.

    Raises ValueError with a short reason, which never quotes the text.
    """
    start = text[:1000].lstrip()
    if is_url(start):
        if not _has_host(text.strip()):
            raise ValueError("is an incomplete web address")
        return text
    scheme = _SCHEME.match(start)
    if scheme:
        name = scheme[1].lower()
        if name == "data":
            return _from_data_url(text.strip())
        if name == "file":
            return _from_file_url(text.strip())
        if name == "blob" or start[scheme.end() :].startswith("//"):
            raise ValueError(
                f"an address with {name[:20]}: cannot be fetched; give an https address, or the file itself"
            )
    if _BASE64_START.match(start):
        compact = "".join(text.split())
        if _BASE64.fullmatch(compact):
            return _from_base64(compact, "the base64")
    if len(text) > MAX_PATH_CHARACTERS:
        raise ValueError(f"a text of {len(text):,} characters is no path, no URL and no file in base64")
    return text


def web_address(text: str) -> str:
    """Return a URL as a server can fetch it: blanks and letters outside ASCII percent-encoded, the host in ASCII."""
    url = re.sub(r"[\t\r\n]", "", text.strip())
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if not host.isascii():
            login, at, _ = parts.netloc.rpartition("@")
            port = f":{parts.port}" if parts.port else ""
            place = f"{login}{at}{host.encode('idna').decode()}{port}"
            url = url.replace(parts.netloc, place, 1)
    except ValueError:
        pass  # a host that is no name; the server may say so
    return quote(url, safe=_SAFE, errors="surrogateescape")


def _has_host(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False


def _from_data_url(text: str) -> bytes:
    head = _DATA.match(text)
    if head is None:
        raise ValueError("the data: URL has no comma before its data")
    data = text[head.end() :]
    if not data:
        raise ValueError("the data: URL is empty")
    if not head[1]:
        return unquote_to_bytes(data)
    if "%" in data:
        data = unquote_to_bytes(data).decode("ascii", "replace")
    return _from_base64("".join(data.split()), "the data: URL")


def _from_base64(text: str, name: str) -> bytes:
    if len(text) > MAX_INLINE_BYTES // 3 * 4:
        raise ValueError(f"{name} holds more than {MAX_INLINE_BYTES >> 20} MiB; give the path of a file")
    digits = text.rstrip("=")
    digits += "=" * (-len(digits) % 4)
    try:
        return base64.b64decode(digits.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"{name} is damaged: it is no valid base64") from None


def _from_file_url(text: str) -> Path:
    rest = text[len("file:") :]
    host, path = "", rest
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        path = slash + path
        if host.startswith("~") or host == ".":  # people write file://~/picture.png
            host, path = "", host + path
    path = os.fsdecode(unquote_to_bytes(path.encode("utf-8", "surrogateescape")))
    if os.name == "nt":
        path = re.sub(r"^/([A-Za-z]:)", r"\1", path)
        if host and host.lower() != "localhost":
            return Path(f"//{host}{path}")
    elif host.lower() not in ("", "localhost"):
        raise ValueError("the file: address names another machine")
    if not path:
        raise ValueError("the file: address has no path")
    return Path(path)
