"""An interrupt returns within a second, stops the remote task unless told to detach, and says how to go on."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.client.stderr_lines import real_errors
from tests.hostile.http_wire import Hang
from tests.hostile.server import KEY, SECRET, HostileServer
from wiro_widgets.client.async_client import AsyncClient

CHILD = """
import sys, time, traceback
import wiro_widgets as wiro
key, secret, base, sockets, folder, what = sys.argv[1:]
client = wiro.Client(key, secret, base_url=base, socket_url=sockets, journal=folder + "/j", output_dir=folder)
begun = None
try:
    try:
        exec(what)
    except KeyboardInterrupt as error:
        print("interrupted", flush=True)
        print(*getattr(error, "__notes__", ["no note"]), flush=True)
        sys.stdin.readline()
        client.close()
        print("closed", flush=True)
except KeyboardInterrupt:
    print("interrupted twice", flush=True)
"""
STRICT = (sys.executable, "-X", "dev", "-W", "error", "-c")
WAIT = 'client.run("a/b", prompt="x").wait()'
EVENTS = 'task = client.run("a/b", prompt="x")\nfor event in task.events(): pass'
GENERATE = 'client.generate("a/b", prompt="x")'
RUN = 'client.run("a/b", prompt="x")'
DETACHED = (
    'task = client.run("a/b", prompt="x")\nprint("running", flush=True)\ntask.wait(on_interrupt="detach")'
)


class Child:
    """A process that waits for a task and is interrupted."""

    def __init__(self, server: HostileServer, folder: Path, what: str) -> None:
        self._process = subprocess.Popen(
            [*STRICT, CHILD, KEY, SECRET, server.base_url, server.socket_url, str(folder), what],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def interrupt(self) -> float:
        """Send SIGINT, and return the seconds until it was answered."""
        start = time.monotonic()
        self._process.send_signal(signal.SIGINT)
        assert self.line() == "interrupted"
        return time.monotonic() - start

    def line(self) -> str:
        """Wait for its next line."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def let_go(self) -> None:
        """Let it close its client, and do not wait for that."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def end(self) -> str:
        """Let it close its client and end; return what it wrote to stderr."""
        _, errors = self._process.communicate("\n", timeout=60)
        return real_errors(errors)

    def kill(self) -> None:
        """End it in any case."""
        with suppress(OSError):
            self._process.kill()
        self._process.communicate()


@pytest.fixture
def start(server: HostileServer, tmp_path: Path) -> Iterator[Callable[[str], Child]]:
    """Start children, which end with the test."""
    children: list[Child] = []

    def one(what: str) -> Child:
        children.append(Child(server, tmp_path, what))
        return children[-1]

    yield one
    for child in children:
        child.kill()


@pytest.mark.parametrize("what", [WAIT, EVENTS, GENERATE])
def test_a_running_task_is_stopped(server: HostileServer, start: Callable[[str], Child], what: str) -> None:
    """SIGINT during wait, events and generate stops the remote task and says how to attach."""
    child = start(what)
    remote = server.task()
    server.wait(lambda: remote.listeners, "the registration")
    remote.status = "task_start"
    server.emit(remote, "task_start")
    assert child.interrupt() < 1
    assert f"client.attach('{remote.id}')" in child.line()
    server.wait(lambda: remote.stops == 1, "the stop")
    assert child.end() == ""


def test_a_detached_task_goes_on(server: HostileServer, start: Callable[[str], Child]) -> None:
    """SIGINT with on_interrupt="detach" stops nothing."""
    child = start(DETACHED)
    assert child.line() == "running"
    remote = server.task()
    server.wait(lambda: remote.listeners, "the registration")
    assert child.interrupt() < 1
    assert child.line() == f"Task {remote.id} goes on; client.attach('{remote.id}') finds it again."
    assert child.end() == ""
    assert (remote.stops, server.count("Task/Kill"), server.count("Task/Cancel")) == (0, 0, 0)


@pytest.mark.parametrize("what", [RUN, GENERATE])
def test_before_the_receipt(server: HostileServer, start: Callable[[str], Child], what: str) -> None:
    """SIGINT before the Run's reply returns at once, and the task is stopped as soon as its id is known."""
    gate = server.gate()
    server.script("Run", gate)
    child = start(what)
    gate.await_call()
    assert child.interrupt() < 1
    assert "client.recover()" in child.line()
    gate.open()
    server.wait(lambda: server.task().stops == 1, "the stop")
    assert child.end() == ""


def test_the_end_of_the_interpreter_waits_for_the_receipt(
    server: HostileServer, start: Callable[[str], Child]
) -> None:
    """A process that is interrupted before the reply and ends still stops the task it paid for."""
    gate = server.gate()
    server.script("Run", gate)
    child = start(RUN)
    gate.await_call()
    child.interrupt()
    child.let_go()
    gate.open()
    assert child.end() == ""
    assert server.task().stops == 1


def test_a_detached_generate_before_the_receipt(server: HostileServer, start: Callable[[str], Child]) -> None:
    """`generate(on_interrupt="detach")` stops nothing, even before the receipt."""
    gate = server.gate()
    server.script("Run", gate)
    child = start('client.generate("a/b", prompt="x", on_interrupt="detach")')
    gate.await_call()
    assert child.interrupt() < 1
    gate.open()
    assert child.end() == ""
    assert server.task().stops == 0


def test_a_server_that_never_answers_the_stop(server: HostileServer, start: Callable[[str], Child]) -> None:
    """An interrupt returns within a second also when the server does not answer the stop."""
    server.script("Task/Cancel", *[Hang()] * 9)
    server.script("Task/Kill", *[Hang()] * 9)
    child = start(WAIT)
    remote = server.task()
    server.wait(lambda: remote.listeners, "the registration")
    assert child.interrupt() < 1.2
    assert f"client.attach('{remote.id}')" in child.line()


def test_a_call_that_hangs_is_left(server: HostileServer, start: Callable[[str], Child]) -> None:
    """SIGINT during a plain call returns at once."""
    server.script("Task/Detail", Hang())
    child = start("client.detail(5)")
    server.wait(lambda: server.count("Task/Detail") == 1, "the call")
    assert child.interrupt() < 1
    assert child.line() == "no note"
    assert child.end() == ""


def test_cancelling_does_what_an_interrupt_does(server: HostileServer, tmp_path: Path) -> None:
    """Cancelling the asyncio task that waits, runs, generates or reads events stops the remote task."""

    async def main() -> None:
        async with AsyncClient(
            KEY, base_url=server.base_url, socket_url=server.socket_url, journal=False, output_dir=tmp_path
        ) as client:

            async def waits() -> None:
                await (await client.run("a/b", prompt="x")).wait()

            async def reads() -> None:
                async for _ in (await client.run("a/b", prompt="x")).events():
                    pass

            async def generates() -> None:
                await client.generate("a/b", prompt="x")

            for number, work in enumerate((waits, reads, generates)):
                job = asyncio.create_task(work())
                await asyncio.to_thread(server.task, number)
                remote = server.task(number)
                await asyncio.to_thread(server.wait, lambda remote=remote: remote.listeners)  # type: ignore[misc]
                job.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await job
                assert remote.stops == 1
            detached = await client.run("a/b", prompt="x")
            waiting = asyncio.create_task(detached.wait(on_interrupt="detach"))
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert server.task(3).stops == 0

    asyncio.run(main())
