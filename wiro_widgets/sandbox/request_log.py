"""The requests that arrived, without secrets: for tests and for debugging."""

from collections.abc import Iterable
from dataclasses import dataclass

MAX_REQUESTS = 2_000
MAX_TEXT = 4_000
HIDDEN = "(hidden)"
SECRET_FIELDS = frozenset({"tasktoken", "socketaccesstoken", "apikey", "api_key", "apisecret", "token"})


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """One request: `fields` are (name, text) in order, `files` are (name, filename, content type, bytes)."""

    method: str
    path: str
    fields: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, str, str, int], ...] = ()


class RequestLog:
    """A bounded list of requests, oldest first; it knows the secrets in order to remove them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self.requests: list[ReceivedRequest] = []
        self._secrets = sorted((secret for secret in secrets if secret), key=len, reverse=True)

    def add(
        self,
        method: str,
        path: str,
        fields: Iterable[tuple[str, str]] = (),
        files: Iterable[tuple[str, str, str, int]] = (),
    ) -> None:
        """Add one request, with credentials and tokens hidden and long texts cut."""
        clean_fields = tuple((name, self._clean(name, text)) for name, text in fields)
        self.requests.append(ReceivedRequest(method, self._clean("", path), clean_fields, tuple(files)))
        del self.requests[:-MAX_REQUESTS]

    def _clean(self, name: str, text: str) -> str:
        if name.lower() in SECRET_FIELDS:
            return HIDDEN
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "..."
