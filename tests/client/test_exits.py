"""A client leaves nothing behind: closed, forgotten, forked, or open when the interpreter ends."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

from tests.client.stderr_lines import real_errors
from tests.hostile.fixtures import MakeClient
from tests.hostile.server import KEY, HostileServer
from wiro_widgets.client import sync_client
from wiro_widgets.client.sync_client import Client
from wiro_widgets.protocol.errors import (
    ConfigurationError,
    TaskError,
)

OPEN_AT_EXIT = {
    "an unused client": "client = wiro.Client(**where)",
    "a used client": "client = wiro.Client(**where)\nclient.detail('701')",
    "a task under way": "client = wiro.Client(**where)\ntask = client.run('a/b', prompt='x')",
    "a forgotten client": "wiro.Client(**where).detail('701')",
    "a forgotten client with a task": "wiro.Client(**where).run('a/b', prompt='x')",
    "a task that is being stopped": "task = wiro.Client(**where).run('a/b', prompt='x')\ntask.stop_soon()",
    "events half read": "events = wiro.Client(**where).run('a/b', prompt='x').events()\nprint('ok')",
    "a background run": "task = wiro.Client(**where).start('a/b', {'prompt': 'x'}, None)",
    "an exception": "client = wiro.Client(**where)\nclient.detail('701')\nsys.exit(3)",
    "closed twice": "client = wiro.Client(**where)\nclient.detail('701')\nclient.close()\nclient.close()",
    "an async client": (
        "import asyncio\nwiro.AsyncClient\nasync def main():\n    async with wiro.AsyncClient(**where) as client:\n"
        "        await client.run('a/b', prompt='x')\nasyncio.run(main())"
    ),
    "a sandbox with its client": (
        "client = wiro.connect()\ntask = client.run('tencent/hunyuan-flux-srpo', prompt='x')\nprint('ok')"
    ),
    "a waiting thread": (
        "import threading\ntask = wiro.Client(**where).run('a/b', prompt='x')\n"
        "threading.Thread(target=lambda: list(task.events()), daemon=True).start()"
    ),
}


@pytest.mark.parametrize("what", OPEN_AT_EXIT.values(), ids=OPEN_AT_EXIT)
def test_the_end_of_the_interpreter_is_quiet(server: HostileServer, tmp_path: Path, what: str) -> None:
    """Whatever is open when the interpreter ends, it ends soon and writes nothing to stderr."""
    server.add_task(prompt="x")
    where = {
        "api_key": KEY,
        "base_url": server.base_url,
        "socket_url": server.socket_url,
        "journal": str(tmp_path / "j"),
        "output_dir": str(tmp_path),
    }
    script = f"import sys\nimport wiro_widgets as wiro\nwhere = {where!r}\n{what}\n"
    child = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert real_errors(child.stderr) == ""
    assert child.returncode == (3 if "exit" in what else 0)


def test_nothing_is_left_after_close(server: HostileServer, make_client: MakeClient) -> None:
    """After close there is no thread, no connection and no socket, though a task was under way."""
    before = set(threading.enumerate())
    client = make_client()
    client.run("a/b", prompt="x")
    server.wait(lambda: server.task().listeners, "the registration")
    client.close()
    assert {thread for thread in threading.enumerate() if thread.name.startswith("wiro")} <= before
    server.wait(lambda: server.connections == 0 and not server.task().listeners, "the end of all connections")


def test_a_client_that_nobody_names(server: HostileServer, make_client: MakeClient, tmp_path: Path) -> None:
    """A client that is forgotten closes by itself; with a task under way, when that is over."""
    client = Client(
        KEY, base_url=server.base_url, socket_url=server.socket_url, journal=False, output_dir=tmp_path
    )
    tasks = [client.run("a/b", prompt="x")]
    server.wait(lambda: server.task().listeners, "the registration")
    del client
    gc.collect()
    server.emit(server.task(), "task_start")
    server.wait(lambda: tasks[0].status == "running", "the start")
    tasks.clear()
    gc.collect()
    server.finish(server.task())
    server.wait(lambda: server.connections == 0, "the end of all connections")
    server.wait(
        lambda: not [thread for thread in threading.enumerate() if thread.name == "wiro-engine"], "its end"
    )
    assert make_client().attach(server.task().id).wait(60).record.outcome == "succeeded"


def test_waiting_ends_when_the_client_is_closed(server: HostileServer, client: Client) -> None:
    """A wait in another thread raises an error that says that the task goes on."""
    task = client.run("a/b", prompt="x")
    errors: list[BaseException] = []

    def wait() -> None:
        try:
            task.wait()
        except TaskError as error:
            errors.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    server.wait(lambda: server.task().listeners, "the registration")
    client.close()
    thread.join(60)
    assert "goes on" in str(errors[0])


def test_a_closed_client_says_so(client: Client) -> None:
    """Every call after close is a ConfigurationError."""
    client.close()
    client.close()
    for call in (client.models, lambda: client.attach("1"), client.recover, lambda: client.detail("1")):
        with pytest.raises(ConfigurationError, match="closed"):
            call()
    assert client.closed


def test_leaving_with_while_a_task_runs(server: HostileServer, make_client: MakeClient) -> None:
    """After the block the task goes on at Wiro, and the journal lists it."""
    with make_client() as client:
        task = client.run("a/b", prompt="x")
    assert server.task().stops == 0
    assert [row.task_id for row in make_client().history.unfinished()] == [task.id]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child(server: HostileServer, client: Client) -> None:
    """In a forked child the client says that it is another process's, and a new one works."""
    client.run("a/b", prompt="x")
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of forks beside threads
        pid = os.fork()
    if not pid:  # the child must never reach pytest again
        text = b"nothing"
        try:
            try:
                client.models()
            except ConfigurationError as error:
                text = str(error).encode()
            client.close()
            fresh = Client(KEY, base_url=server.base_url, socket_url=server.socket_url, journal=False)
            text += b" | " + fresh.detail("701").status.encode()
            fresh.close()
        finally:
            os.write(writer, text)
            os._exit(0)
    os.waitpid(pid, 0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        assert (
            pipe.read()
            == b"This client was made in another process, before a fork; make a new one. | task_queue"
        )
    assert client.detail("701").status == "task_queue"


def test_a_callback_that_closes_its_client(server: HostileServer, client: Client) -> None:
    """A callback cannot close the client that calls it: that raises ConfigurationError."""
    errors: list[ConfigurationError] = []

    def close(_event: object) -> None:
        try:
            client.close()
        except ConfigurationError as error:
            errors.append(error)

    task = client.run("a/b", prompt="x")
    task.add_callback(close)
    server.wait(lambda: server.task().listeners, "the registration")
    server.emit(server.task(), "task_start")
    server.finish(server.task())
    assert task.wait(60).record.outcome == "succeeded"
    assert errors


def test_the_default_client_is_made_anew_when_closed(
    server: HostileServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Panels share one client, and get another when that was closed."""
    monkeypatch.setenv("WIRO_API_KEY", KEY)
    monkeypatch.setenv("WIRO_BASE_URL", server.base_url)
    monkeypatch.setenv("WIRO_JOURNAL", str(tmp_path / "j"))
    first = sync_client.default_client()
    assert sync_client.default_client() is first
    first.close()
    second = sync_client.default_client()
    assert second is not first
    second.close()
