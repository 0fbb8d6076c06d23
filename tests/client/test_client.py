"""A client leaves nothing behind: closed, forgotten, forked, pickled, or open when the interpreter ends."""

from __future__ import annotations

import asyncio
import gc
import io
import os
import pickle
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

from tests.client.conftest import MakeClient
from tests.client.hostile import CUT, KEY, SECRET, Hostile
from tests.client.wire import Reply
from wiro_widgets.client import sync
from wiro_widgets.client.aio import AsyncClient
from wiro_widgets.client.sync import Client
from wiro_widgets.protocol.errors import (
    ConfigurationError,
    InvalidParameter,
    NotFound,
    TaskError,
    TransportError,
    WiroWarning,
)
from wiro_widgets.protocol.events import Notice

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
def test_the_end_of_the_interpreter_is_quiet(server: Hostile, tmp_path: Path, what: str) -> None:
    """Whatever is open when the interpreter ends, it ends soon and complains of nothing."""
    server.make(prompt="x")
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
        timeout=20,
        check=False,
    )
    assert child.stderr == ""
    assert child.returncode == (3 if "exit" in what else 0)


def test_nothing_is_left_after_close(server: Hostile, make_client: MakeClient) -> None:
    """After close there is no thread, no connection and no socket, though a task was under way."""
    before = set(threading.enumerate())
    client = make_client()
    client.run("a/b", prompt="x")
    server.wait(lambda: server.task().listeners, "the registration")
    client.close()
    assert {thread for thread in threading.enumerate() if thread.name.startswith("wiro")} <= before
    server.wait(lambda: server.connections == 0 and not server.task().listeners, "the end of all connections")


def test_a_client_that_nobody_names(server: Hostile, make_client: MakeClient, tmp_path: Path) -> None:
    """A client that is forgotten closes by itself; with a task under way, when that is over."""
    client = Client(
        KEY, base_url=server.base_url, socket_url=server.socket_url, journal=False, output_dir=tmp_path
    )
    named = [client.run("a/b", prompt="x")]
    server.wait(lambda: server.task().listeners, "the registration")
    del client
    gc.collect()
    server.emit(server.task(), "task_start")
    server.wait(lambda: named[0].status == "running", "the start")
    named.clear()
    gc.collect()
    server.finish(server.task())
    server.wait(lambda: server.connections == 0, "the end of all connections")
    server.wait(
        lambda: not [thread for thread in threading.enumerate() if thread.name == "wiro-engine"], "its end"
    )
    assert make_client().attach(server.task().id).wait(5).record.outcome == "succeeded"


def test_waiting_ends_when_the_client_is_closed(server: Hostile, client: Client) -> None:
    """Whoever waits in another thread is told that the client was closed and the task goes on."""
    task = client.run("a/b", prompt="x")
    caught: list[BaseException] = []

    def wait() -> None:
        try:
            task.wait()
        except TaskError as error:
            caught.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    server.wait(lambda: server.task().listeners, "the registration")
    client.close()
    thread.join(5)
    assert "goes on" in str(caught[0])


def test_a_closed_client_says_so(client: Client) -> None:
    """Every call after close is a ConfigurationError."""
    client.close()
    client.close()
    for call in (client.models, lambda: client.attach("1"), client.recover, lambda: client.detail("1")):
        with pytest.raises(ConfigurationError, match="closed"):
            call()
    assert client.closed


def test_leaving_with_while_a_task_runs(server: Hostile, make_client: MakeClient) -> None:
    """Leaving the block lets the task go on at Wiro, and the journal lists it."""
    with make_client() as client:
        task = client.run("a/b", prompt="x")
    assert server.task().stops == 0
    assert [row.task_id for row in make_client().history.unfinished()] == [task.id]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child(server: Hostile, client: Client) -> None:
    """In a forked child the client says that it is another process's, and a new one works."""
    client.run("a/b", prompt="x")
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of forks beside threads
        pid = os.fork()
    if not pid:  # the child must never reach pytest again
        said = b"nothing"
        try:
            try:
                client.models()
            except ConfigurationError as error:
                said = str(error).encode()
            client.close()
            fresh = Client(KEY, base_url=server.base_url, socket_url=server.socket_url, journal=False)
            said += b" | " + fresh.detail("701").status.encode()
            fresh.close()
        finally:
            os.write(writer, said)
            os._exit(0)
    os.waitpid(pid, 0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        assert (
            pipe.read()
            == b"This client was made in another process, before a fork; make a new one. | task_queue"
        )
    assert client.detail("701").status == "task_queue"


def test_a_pickle_has_settings_and_no_credentials(
    server: Hostile, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client pickles with its settings; the other process finds its own credentials, or says that it has none."""
    data = pickle.dumps(client)
    assert KEY.encode() not in data
    assert SECRET.encode() not in data
    with pytest.raises(ConfigurationError, match="No Wiro API key"):
        pickle.loads(data)  # noqa: S301 - our own
    monkeypatch.setenv("WIRO_API_KEY", "the-key-of-a-worker")
    with pickle.loads(data) as copy:  # noqa: S301 - our own
        copy.run("a/b", prompt="x")
        assert server.calls[-1].headers["x-api-key"] == "the-key-of-a-worker"
        assert repr(copy.history) == repr(client.history)


def test_tasks_and_async_clients_do_not_pickle(server: Hostile, client: Client) -> None:
    """What lives in its process says how to find it elsewhere."""
    task = client.run("a/b", prompt="x")
    with pytest.raises(TypeError, match=rf"client\.attach\('{task.id}'\)"):
        pickle.dumps(task)
    with pytest.raises(TypeError, match="make one where it is needed"):
        pickle.dumps(AsyncClient(KEY, base_url=server.base_url, journal=False))


def test_attaching_twice_is_one_task(server: Hostile, client: Client) -> None:
    """While a task is under way there is one of it, however often it is attached to, also at the same time."""
    made = server.make(prompt="x")
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(client.attach(made.id))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert len({id(task) for task in found}) == 1
    assert server.count("Task/Detail") <= 2


def test_what_was_sent_wins_over_the_echo(server: Hostile, make_client: MakeClient) -> None:
    """An attached task has the values that the journal knows, not what the server made of them."""
    first = make_client()
    task = first.run("a/b", prompt="x", scale=3.5, seed=7350148318)
    first.close()
    server.task().parameters |= {"scale": "3.50", "seed": "7350148318.0", "added": "by the server"}
    again = make_client().attach(str(task.id))
    assert again.values == {"prompt": "x", "scale": 3.5, "seed": 7350148318, "added": "by the server"}
    assert (again.record.seed, again.record.prompt) == (7350148318, "x")


@pytest.mark.parametrize("away", ["forgotten", "unreachable"])
def test_what_is_on_the_disk_needs_no_server(
    server: Hostile, make_client: MakeClient, picture: bytes, away: str
) -> None:
    """A task whose files are all here can be attached to when Wiro has forgotten it or cannot be reached."""
    client = make_client()
    first = client.run("a/b", prompt="x")
    second = client.run("a/b", prompt="y")
    server.finish(server.task(0), [server.serve_file(picture)])
    server.finish(server.task(1), [server.serve_file(b"", lambda _: Reply(b"", 410))])
    for task in (first, second):
        task.wait(5)
    server.tasks.clear()
    if away == "unreachable":
        server.script("Task/Detail", *[CUT] * 50)
    again = client.attach(str(first.id))
    result = again.wait(5)
    assert [image.size for image in result.images] == [(160, 160)]
    assert (again.status, result.record.prompt) == ("succeeded", "x")
    with pytest.raises(NotFound if away == "forgotten" else TransportError):
        client.attach(str(second.id))


def test_a_callback_that_closes_its_client(server: Hostile, client: Client) -> None:
    """A callback cannot close the client it is called by, and is told so."""
    told: list[ConfigurationError] = []

    def close(_event: object) -> None:
        try:
            client.close()
        except ConfigurationError as error:
            told.append(error)

    task = client.run("a/b", prompt="x")
    task.add_callback(close)
    server.wait(lambda: server.task().listeners, "the registration")
    server.emit(server.task(), "task_start")
    server.finish(server.task())
    assert task.wait(5).record.outcome == "succeeded"
    assert told


def test_an_async_client_lives_on_one_loop(server: Hostile) -> None:
    """An AsyncClient that is used on a second loop says so."""
    client = AsyncClient(KEY, base_url=server.base_url, journal=False)
    made = server.make()

    async def look() -> str:
        return (await client.detail(made.id)).status

    with asyncio.Runner() as first:
        assert first.run(look()) == "task_queue"
        with pytest.raises(ConfigurationError, match="another event loop"):
            asyncio.run(look())
        first.run(client.close())
        first.run(client.close())


def test_a_task_begun_elsewhere_gets_a_row(server: Hostile, client: Client) -> None:
    """A task that no journal knew is kept from the moment it is attached to."""
    made = server.make("a/b", prompt="from afar", seed="5")
    task = client.attach(int(made.id))
    assert (task.model, task.values["prompt"]) == ("a/b", "from afar")
    server.wait(lambda: made.listeners, "the registration")
    server.finish(made)
    task.wait(5)
    assert client.history[made.id].prompt == "from afar"
    assert len(client.history) == 1


def test_trouble_with_the_journal_is_told_and_survived(
    server: Hostile, make_client: MakeClient, tmp_path: Path
) -> None:
    """A journal that cannot be written is a warning and a notice, once, and the run goes on."""
    blocked = tmp_path / "a file" / "journal.sqlite3"
    blocked.parent.write_text("in the way")
    with pytest.warns(WiroWarning, match="cannot be used"):
        client = make_client(journal=blocked)
    for number in range(2):
        task = client.run("a/b", prompt="x")
        server.finish(server.task(number))
        assert task.wait(5).record.outcome == "succeeded"
        told = [event for event in task.seen() if isinstance(event, Notice) and "journal" in event.text]
        assert len(told) == (1 if number == 0 else 0)
    assert len(client.history) == 2


def test_wrong_files_are_named(client: Client, tmp_path: Path) -> None:
    """A file that is closed, open as text, missing or empty is refused by the field's name; nothing is sent."""
    closed = io.BytesIO(b"data")
    closed.close()
    read_end, write_end = os.pipe()
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe, pytest.raises(InvalidParameter, match="is empty"):
        client.run("a/b", inputFile=pipe)
    for value in (closed, io.StringIO("text"), tmp_path / "missing.png", tmp_path, b""):
        with pytest.raises(InvalidParameter, match=r"^inputFile: "):
            client.run("a/b", inputFile=value)
    assert client.history.unfinished() == []


def test_the_default_client_is_made_anew_when_closed(
    server: Hostile, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Panels share one client, and get another when that was closed."""
    monkeypatch.setenv("WIRO_API_KEY", KEY)
    monkeypatch.setenv("WIRO_BASE_URL", server.base_url)
    monkeypatch.setenv("WIRO_JOURNAL", str(tmp_path / "j"))
    first = sync.default_client()
    assert sync.default_client() is first
    first.close()
    second = sync.default_client()
    assert second is not first
    second.close()
