"""Whole text frames are taken straight from what was read; everything else is left to websockets."""

import asyncio
import contextlib
from collections.abc import Sequence

import pytest
from websockets.asyncio.server import ServerConnection, serve

from wiro_widgets.transport.batches import split
from wiro_widgets.transport.task_socket import TaskSocket

PING = b"\x89\x02hi"
EMPTY_PING = b"\x89\x00"
CLOSE = b"\x88\x02\x03\xe8"


def text(words: str) -> bytes:
    """Return a text frame as a server sends it."""
    data = words.encode()
    size = bytes((len(data),)) if len(data) < 126 else b"\x7e" + len(data).to_bytes(2, "big")
    return b"\x81" + size + data


def test_every_cut_gives_the_same_texts() -> None:
    """Wherever a read ends, the texts come whole and in their order, and a ping goes to websockets."""
    wire = text("one") + text("") + PING + text("ü" * 100) + EMPTY_PING + text("x" * 70)
    for cut in range(len(wire) + 1):
        first, rest, held, simple = split(wire[:cut])
        second, more, left, still = split(held + wire[cut:])
        assert first + second == ["one", "", "ü" * 100, "x" * 70]
        assert (rest + more, left, simple, still) == (PING + EMPTY_PING, b"", True, True)


@pytest.mark.parametrize(
    "other",
    [
        b"\x01\x02ab",  # the beginning of a text in parts
        b"\x82\x02ab",  # binary
        b"\x81\x7f" + (1 << 20).to_bytes(8, "big"),  # larger than 64 KiB
        b"\x81\x82mask",  # masked, which a server may not
        b"\xc1\x02ab",  # compressed, which was not agreed on
        b"\x81\x02\xff\xff",  # no UTF-8
    ],
)
def test_from_the_first_other_frame_on_all_is_left_to_websockets(other: bytes) -> None:
    """What is not a whole text, and all that follows it, goes on untouched, so that the order is kept."""
    texts, rest, held, simple = split(text("one") + PING + other + text("two"))
    assert texts == ["one"]
    assert (rest, held, simple) == (PING + other + text("two"), b"", False)


class Collecting:
    """Keeps what a socket brings."""

    def __init__(self) -> None:
        self.batches: list[tuple[str | bytes, ...]] = []
        self.ended = asyncio.Event()

    def connected(self) -> None:
        """Nothing to do."""

    def received(self, frames: Sequence[str | bytes]) -> None:
        """Keep a batch."""
        self.batches.append(tuple(frames))
        if "end" in frames:
            self.ended.set()

    def lost(self, _reason: str, *, was_open: bool) -> None:
        """Nothing to do."""

    @property
    def frames(self) -> list[str | bytes]:
        """All frames, in their order."""
        return [frame for batch in self.batches for frame in batch]


async def _heard(writes: list[bytes | list[str]]) -> Collecting:
    """Listen to a server that writes bytes as they are, and lists as one text in parts."""

    async def talk(connection: ServerConnection) -> None:
        await connection.recv()
        for item in writes:
            if isinstance(item, bytes):
                connection.transport.write(item)
            else:
                await connection.send(iter(item))
        await connection.wait_closed()

    heard = Collecting()
    async with serve(talk, "127.0.0.1", 0, compression=None) as server:
        port = server.sockets[0].getsockname()[1]
        listening = asyncio.create_task(TaskSocket(f"ws://127.0.0.1:{port}", "token", heard).run())
        async with asyncio.timeout(10):
            await heard.ended.wait()
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening
    return heard


def test_what_came_in_one_read_is_handed_on_at_once() -> None:
    """A thousand frames that were written together are not a thousand turns of the loop."""
    words = [f"{number:04}" for number in range(1000)]
    heard = asyncio.run(_heard([b"".join(map(text, [*words, "end"]))]))
    assert heard.frames == [*words, "end"]
    assert len(heard.batches) < 50


def test_the_order_is_kept_around_a_text_in_parts() -> None:
    """Frames after a text in parts do not overtake it."""
    numbers = [text(str(number)) for number in range(50)]
    heard = asyncio.run(
        _heard([b"".join(numbers[:20]), ["in ", "parts"], b"".join(numbers[20:]) + text("end")])
    )
    assert heard.frames == [*map(str, range(20)), "in parts", *map(str, range(20, 50)), "end"]
