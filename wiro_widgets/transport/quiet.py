"""An httpx client that leaves nothing behind: no line of its calls in the libraries' logs, and no cookies."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx

_ours: ContextVar[bool] = ContextVar("wiro_widgets_call", default=False)
# They write status lines, response headers and addresses as a server sent them, and a server may repeat a secret.
_TALKATIVE = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy", "httpcore.socks")


def _is_not_ours(_record: logging.LogRecord) -> bool:
    return not _ours.get()


for _name in _TALKATIVE:
    logging.getLogger(_name).addFilter(_is_not_ours)


@contextmanager
def unheard() -> Iterator[None]:
    """Let no other log tell of what is sent and received in the block."""
    token = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(token)


class Client(httpx.AsyncClient):
    """A client whose calls are logged by this package alone; other users of httpx log as they did."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])), **settings)

    async def send(self, request: httpx.Request, **settings: Any) -> httpx.Response:
        """Send a request, unheard."""
        with unheard():
            return await super().send(request, **settings)
