"""A blocking client's tasks and sweeps can be awaited, and a language model's text can be read as it grows."""

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from tests.hostile.fixtures import MakeClient
from tests.hostile.server import HostileServer
from tests.sandbox_clients import FLUX, SMALL
from wiro_widgets import AsyncClient, Client, Sandbox, TaskError, TaskFailed
from wiro_widgets.protocol.events import Log, TaskEvent, TextSnapshot
from wiro_widgets.protocol.text.text_content import TextContent
from wiro_widgets.runs.event_stream import TextPieces

CHAT = "wiro/sandbox-chat"


def test_a_task_is_awaited(sandbox_client: Client) -> None:
    """`await task` gives its result, again when it is over; its events are those of the blocking iteration."""

    async def use() -> list[Any]:
        task = sandbox_client.run(FLUX, prompt="x", **SMALL)
        events = [event async for event in task]
        first, second = await task, await task
        again = [event async for event in task]
        return [first is second or first.record == second.record, events == again == list(task.events())]

    assert asyncio.run(use()) == [True, True]


def test_a_failed_task_raises(sandbox_client: Client) -> None:
    """`await task` and the end of a text stream raise what `wait` raises."""
    task = sandbox_client.run("wiro/sandbox-fail", prompt="x")

    async def use() -> None:
        await task

    with pytest.raises(TaskFailed):
        asyncio.run(use())
    with pytest.raises(TaskFailed):
        list(task.text_stream())


def test_a_sweep_is_awaited(sandbox_client: Client) -> None:
    """`await sweep` returns the sweep, and its cells come as they finish."""

    async def use() -> tuple[bool, list[int]]:
        sweep = sandbox_client.sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(3))
        indices = [cell.index async for cell in sweep]
        return await sweep is sweep, sorted(indices)

    assert asyncio.run(use()) == (True, [0, 1, 2])


def test_a_cancelled_await_stops_the_task(server: HostileServer, client: Client) -> None:
    """Cancelling the asyncio task that awaits acts as an interrupt of `wait` does."""

    async def use() -> None:
        task = client.run("a/b", prompt="x")
        waiting = asyncio.ensure_future(_wait(task))
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(use())
    server.wait(lambda: server.task().stops == 1, "the stop")


async def _wait(task: Any) -> None:
    await task


def test_a_client_that_is_closed_meanwhile(server: HostileServer, make_client: MakeClient) -> None:
    """The one that awaits gets an error in words, and is not cancelled itself."""
    client = make_client()
    task = client.run("a/b", prompt="x")
    assert server.task()

    async def use() -> None:
        threading.Timer(0.1, client.close).start()
        await task

    with pytest.raises(TaskError, match="client was closed"):
        asyncio.run(use())


def test_text_comes_in_pieces(sandbox_client: Client) -> None:
    """The pieces are several, and together the answer, without the thinking; both faces give the same."""
    task = sandbox_client.run(CHAT, prompt="why is the sky blue?")
    pieces = list(task.text_stream())
    assert len(pieces) > 3
    assert "".join(pieces) == task.wait().text
    assert list(sandbox_client.run(FLUX, prompt="x", **SMALL).text_stream()) == []


def test_an_async_task_streams_text(sandbox: Sandbox) -> None:
    """`async for` reads the pieces of an AsyncTask, which can be awaited and iterated itself."""

    async def use() -> tuple[str, str | None, int]:
        settings: dict[str, Any] = {"base_url": sandbox.base_url, "socket_url": sandbox.socket_url}
        async with AsyncClient(sandbox.api_key, sandbox.api_secret, journal=False, **settings) as client:
            task = await client.run(CHAT, prompt="why is the sky blue?")
            text = "".join([piece async for piece in task.text_stream()])
            return text, (await task).text, len([event async for event in task])

    text, whole, count = asyncio.run(use())
    assert text == whole
    assert count > 5


def _snapshot(*answer: str, thinking: str = "", raw: str = "") -> TextSnapshot:
    return TextSnapshot(TextContent((thinking,) if thinking else (), answer, raw), 1.0)


@pytest.mark.parametrize(
    ("events", "pieces"),
    [
        ([_snapshot("a"), _snapshot("ab"), _snapshot("abc")], ["a", "b", "c"]),
        ([_snapshot("abc"), _snapshot("ab"), _snapshot("abcd")], ["abc", "", "d"]),
        ([_snapshot("a"), _snapshot("a", "b")], ["a", "\nb"]),
        ([_snapshot(thinking="hm", raw="<think>hm"), _snapshot("a", thinking="hm")], ["", "a"]),
        ([_snapshot(raw="<answer>a"), _snapshot(raw="a")], ["", "a"]),
        ([_snapshot(raw="a"), Log("output", "x", 1.0), _snapshot("ab")], ["a", "", "b"]),
        ([_snapshot("the cat"), _snapshot("the dog sat")], ["the cat", "dog sat"]),
    ],
)
def test_the_pieces_of_snapshots(events: Sequence[TaskEvent], pieces: list[str]) -> None:
    """Each gives what is new: late ones nothing, thinking nothing, a changed end the new end."""
    reader = TextPieces()
    assert [reader.of_event(event) for event in events] == pieces
