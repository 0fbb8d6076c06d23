"""A panel in a server of web pages: messages and observers belong to the place where its comm was made."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextvars import ContextVar, copy_context
from functools import partial
from typing import Any

import comm
import pytest

from tests.widget.wire.page import SECONDS, Wire
from wiro_widgets import Client, Gallery, Panel
from wiro_widgets.widget.host import is_of_kernel
from wiro_widgets.widget.wire.host_session import session_of

SESSION: ContextVar[str] = ContextVar("SESSION", default="none")
FLUX = "tencent/hunyuan-flux-srpo"


class ServerWire(Wire):
    """A comm that notes on which thread and in which session each message is sent."""

    def __init__(self, **settings: Any) -> None:
        self.senders: set[tuple[int, str]] = set()
        super().__init__(**settings)

    def publish_msg(self, msg_type: str, *arguments: Any, **fields: Any) -> None:
        """Note the sender."""
        self.senders.add(_here())
        super().publish_msg(msg_type, *arguments, **fields)


class KernelWire(ServerWire):
    """A comm of marimo, whose kernel runs cells on its loop."""

    kernel = "marimo"


def _here() -> tuple[int, str]:
    return threading.get_ident(), SESSION.get()


def _in_session(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run the work on a loop, in a session of its own."""

    def run() -> None:
        SESSION.set("page 1")
        asyncio.run(work())

    copy_context().run(run)


def test_a_server_gets_all_on_its_loop_and_in_its_session(
    sandbox_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages, traits and observers of a whole run come there, and the last state is the last message."""
    monkeypatch.setattr(comm, "create_comm", ServerWire)
    statuses: list[tuple[str, tuple[int, str]]] = []

    async def work() -> None:
        panel = Panel(FLUX, client=sandbox_client, prompt="Fog", width=64, height=64, steps=2)
        wire = panel.comm
        assert isinstance(wire, ServerWire)
        panel.observe(lambda change: statuses.append((change["new"], _here())), "status")
        wire.say("sync")
        wire.say("run", rev=1, values={})
        await asyncio.to_thread(
            wire.until, lambda: wire.traits.get("status") == "succeeded" and wire.pictures("thumb")
        )
        assert wire.senders == {(threading.get_ident(), "page 1")}
        assert statuses[-1][0] == "succeeded"
        assert {place for _, place in statuses} == wire.senders
        panel.close()

    _in_session(work)


def test_the_gallery_too(sandbox_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a gallery's worker threads send comes on the loop."""
    monkeypatch.setattr(comm, "create_comm", ServerWire)

    async def work() -> None:
        gallery = Gallery(sandbox_client)
        wire = gallery.comm
        assert isinstance(wire, ServerWire)
        await asyncio.to_thread(gallery.send, {"v": 1, "type": "test"})
        await asyncio.to_thread(wire.until, lambda: wire.messages("test"))
        assert wire.senders == {(threading.get_ident(), "page 1")}
        gallery.close()

    _in_session(work)


def test_a_kernel_is_not_waited_for(sandbox_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where cells keep the loop busy, messages go out on any thread meanwhile."""
    monkeypatch.setattr(comm, "create_comm", KernelWire)

    async def work() -> None:
        panel = Panel(FLUX, client=sandbox_client, prompt="Fog", width=64, height=64, steps=2)
        wire = panel.comm
        assert isinstance(wire, KernelWire)
        thread = threading.Thread(target=panel.send, args=({"v": 1, "type": "test"},))
        thread.start()
        thread.join()  # the loop has no turn meanwhile
        assert wire.messages("test")
        panel.close()

    _in_session(work)


def test_messages_keep_their_order() -> None:
    """A message of the loop's own thread does not overtake those that other threads have handed over."""
    numbers: list[int] = []

    async def work() -> None:
        session = session_of(Wire(target_name="test"))
        assert session is not None
        for number in range(3):
            thread = threading.Thread(target=session.send, args=(partial(numbers.append, number),))
            thread.start()
            thread.join()  # the loop has no turn meanwhile
        assert numbers == []
        session.send(lambda: numbers.append(3))
        assert numbers == [0, 1, 2, 3]

    _in_session(work)


def test_a_broken_call_spoils_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """What a page that is gone, or an observer, raises on the loop is logged, and the rest is sent."""

    async def work() -> None:
        session = session_of(Wire(target_name="test"))
        assert session is not None
        await asyncio.to_thread(session.send, lambda: 1 / 0)
        end = asyncio.Event()
        await asyncio.to_thread(session.send, end.set)
        async with asyncio.timeout(SECONDS):
            await end.wait()

    _in_session(work)
    assert "ZeroDivisionError" in caplog.text


def test_a_server_that_has_ended() -> None:
    """Messages to a closed loop are dropped without an error: the task goes on."""
    sessions: list[Any] = []

    async def work() -> None:
        sessions.append(session_of(Wire(target_name="test")))

    _in_session(work)
    thread = threading.Thread(target=lambda: sessions[0].send(lambda: pytest.fail("sent")))
    thread.start()
    thread.join()
    assert repr(sessions[0]) == "<LoopSession with a loop, 1 calls wait>"


def test_a_widget_that_was_made_before_the_loop(
    sandbox_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is at home where it is shown first."""
    monkeypatch.setattr(comm, "create_comm", ServerWire)
    panel = Panel(FLUX, client=sandbox_client)
    wire = panel.comm
    assert isinstance(wire, ServerWire)
    wire.senders.clear()

    async def work() -> None:
        panel._repr_mimebundle_()
        await asyncio.to_thread(panel.set, prompt="Harbour")
        await asyncio.to_thread(wire.until, lambda: wire.traits["values"].get("prompt") == "Harbour")
        assert wire.senders == {(threading.get_ident(), "page 1")}

    _in_session(work)
    panel.close()


def test_which_comms_are_of_a_kernel() -> None:
    """Bokeh's kernel has no shell, so it runs no cells; a comm of no host has no session at all."""
    wire = ServerWire(target_name="test")
    assert not is_of_kernel(wire)
    assert is_of_kernel(KernelWire(target_name="test"))
    assert session_of(None) is None
    assert session_of(comm.DummyComm(target_name="test")) is None
