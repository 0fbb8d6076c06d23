"""Requests that the sandbox itself sends, to loopback only."""

import http.client
import ipaddress
from urllib.parse import SplitResult, urlsplit

TIMEOUT = 2.0
MAX_BYTES = 100 * 1024 * 1024


def is_loopback(url: str) -> bool:
    """Return True for a plain http URL on this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return parts.scheme == "http" and (host == "localhost" or ipaddress.ip_address(host).is_loopback)
    except ValueError:
        return False


def fetch(url: str) -> bytes:
    """Return the content of a loopback URL; raise OSError if it cannot be fetched."""
    status, body = _request("GET", url, None)
    if status != http.client.OK:
        raise OSError(f"{url} answers {status}")
    return body


def post(url: str, body: bytes) -> int:
    """Post JSON to a loopback URL and return the status; raise OSError when it cannot be reached."""
    return _request("POST", url, body)[0]


def _request(method: str, url: str, body: bytes | None) -> tuple[int, bytes]:
    parts: SplitResult = urlsplit(url)
    if not is_loopback(url):
        raise OSError(f"the sandbox makes no requests to {parts.hostname}")
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT)
    try:
        target = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
        connection.request(method, target, body, {"content-type": "application/json"} if body else {})
        answer = connection.getresponse()
        return answer.status, answer.read(MAX_BYTES)
    except http.client.HTTPException as exc:
        raise OSError(f"{url} does not answer HTTP") from exc
    finally:
        connection.close()
