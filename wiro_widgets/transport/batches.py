"""Frames in batches: what comes in one read is handed on at once, past websockets' parser and queue (RFC 6455, 5.2).

A generator, a queue and a wake-up for each frame cost more than all that is made of it here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.client import ClientProtocol

_TEXT = 0x81  # a whole text
_CONTROLS = frozenset({0x88, 0x89, 0x8A})  # close, ping, pong
_IN_TWO_BYTES = 126  # a size below is the size itself; 127: it follows in eight bytes


class BatchConnection(ClientConnection):
    """A connection that hands on whole text frames by itself and leaves everything else to websockets.

    From the first frame on that is in parts, binary or larger than 64 KiB all go through websockets, in their order.
    """

    def __init__(
        self, take: Callable[[list[str]], object], protocol: ClientProtocol, **settings: Any
    ) -> None:
        super().__init__(protocol, **settings)
        self._take = take
        self._held = b""
        self._simple: bool | None = None  # None until the handshake is over

    def forget_handshake(self) -> None:
        """Let go of the headers that were exchanged: a fifth of what an idle connection holds."""
        if self.response is not None:
            self.response.headers.clear()  # websockets' parser keeps the response itself
        self.request = None

    def data_received(self, data: bytes) -> None:
        """Take what was read; the transport calls it."""
        if not self._simple:
            super().data_received(data)
            if self._simple is None and self.response is not None:
                self._simple = data.endswith(b"\r\n\r\n")  # and no frame came in the same read
            return
        texts, rest, self._held, self._simple = split(self._held + data)
        if texts:
            self._take(texts)
        if rest:
            super().data_received(rest)


def split(data: bytes) -> tuple[list[str], bytes, bytes, bool]:
    """Return the whole texts, what is for websockets, the beginning of the next frame, and whether to go on so."""
    texts: list[str] = []
    rest = bytearray()
    at, end = 0, len(data)
    while end - at > 1:
        kind, size, start = data[at], data[at + 1], at + 2
        if (kind != _TEXT and kind not in _CONTROLS) or size > _IN_TWO_BYTES:
            return texts, bytes(rest + data[at:]), b"", False
        if size == _IN_TWO_BYTES:
            start += 2
            if start > end:
                break
            size = int.from_bytes(data[at + 2 : start], "big")
        stop = start + size
        if end < stop:
            break
        if kind == _TEXT:
            try:
                texts.append(str(data[start:stop], "utf-8"))
            except UnicodeDecodeError:
                return texts, bytes(rest + data[at:]), b"", False
        else:
            rest += data[at:stop]
        at = stop
    return texts, bytes(rest), data[at:], True
