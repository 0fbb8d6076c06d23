"""What a client is outside its calls: pickled, attached to twice, on a second loop, without a journal."""

from __future__ import annotations

import asyncio
import io
import os
import pickle
import threading
from pathlib import Path

import pytest

from tests.hostile.fixtures import MakeClient
from tests.hostile.http_wire import Reply
from tests.hostile.server import CUT, KEY, SECRET, HostileServer
from wiro_widgets.client.async_client import AsyncClient
from wiro_widgets.client.sync_client import Client
from wiro_widgets.protocol.errors import (
    ConfigurationError,
    InvalidParameter,
    NotFound,
    TransportError,
    WiroWarning,
)
from wiro_widgets.protocol.events import Notice


def test_a_pickle_has_settings_and_no_credentials(
    server: HostileServer, client: Client, monkeypatch: pytest.MonkeyPatch
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


def test_tasks_and_async_clients_do_not_pickle(server: HostileServer, client: Client) -> None:
    """Pickling a task or an AsyncClient raises an error that says what to do elsewhere."""
    task = client.run("a/b", prompt="x")
    with pytest.raises(TypeError, match=rf"client\.attach\('{task.id}'\)"):
        pickle.dumps(task)
    with pytest.raises(TypeError, match="make one where it is needed"):
        pickle.dumps(AsyncClient(KEY, base_url=server.base_url, journal=False))


def test_attaching_twice_is_one_task(server: HostileServer, client: Client) -> None:
    """Attaching to a task that is under way gives the same object each time, also from several threads at once."""
    remote = server.add_task(prompt="x")
    tasks: list[object] = []
    threads = [threading.Thread(target=lambda: tasks.append(client.attach(remote.id))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len({id(task) for task in tasks}) == 1
    assert server.count("Task/Detail") <= 2


def test_what_was_sent_wins_over_the_echo(server: HostileServer, make_client: MakeClient) -> None:
    """An attached task has the values from the journal, not the server's version of them."""
    first = make_client()
    task = first.run("a/b", prompt="x", scale=3.5, seed=7350148318)
    first.close()
    server.task().parameters |= {"scale": "3.50", "seed": "7350148318.0", "added": "by the server"}
    again = make_client().attach(str(task.id))
    assert again.values == {"prompt": "x", "scale": 3.5, "seed": 7350148318, "added": "by the server"}
    assert (again.record.seed, again.record.prompt) == (7350148318, "x")


@pytest.mark.parametrize("away", ["forgotten", "unreachable"])
def test_what_is_on_the_disk_needs_no_server(
    server: HostileServer, make_client: MakeClient, picture: bytes, away: str
) -> None:
    """A task whose files are all here can be attached to when Wiro has forgotten it or cannot be reached."""
    client = make_client()
    first = client.run("a/b", prompt="x")
    second = client.run("a/b", prompt="y")
    server.finish(server.task(0), [server.serve_file(picture)])
    server.finish(server.task(1), [server.serve_file(b"", lambda _: Reply(b"", 410))])
    for task in (first, second):
        task.wait(60)
    server.tasks.clear()
    if away == "unreachable":
        server.script("Task/Detail", *[CUT] * 50)
    again = client.attach(str(first.id))
    result = again.wait(60)
    assert [image.size for image in result.images] == [(160, 160)]
    assert (again.status, result.record.prompt) == ("succeeded", "x")
    with pytest.raises(NotFound if away == "forgotten" else TransportError):
        client.attach(str(second.id))


def test_an_async_client_lives_on_one_loop(server: HostileServer) -> None:
    """An AsyncClient that is used on a second loop says so."""
    client = AsyncClient(KEY, base_url=server.base_url, journal=False)
    remote = server.add_task()

    async def look() -> str:
        return (await client.detail(remote.id)).status

    with asyncio.Runner() as first:
        assert first.run(look()) == "task_queue"
        with pytest.raises(ConfigurationError, match="another event loop"):
            asyncio.run(look())
        first.run(client.close())
        first.run(client.close())


def test_a_task_begun_elsewhere_gets_a_row(server: HostileServer, client: Client) -> None:
    """A task that is not in the journal gets a row when it is attached to."""
    remote = server.add_task("a/b", prompt="from afar", seed="5")
    task = client.attach(int(remote.id))
    assert (task.model, task.values["prompt"]) == ("a/b", "from afar")
    server.wait(lambda: remote.listeners, "the registration")
    server.finish(remote)
    task.wait(60)
    assert client.history[remote.id].prompt == "from afar"
    assert len(client.history) == 1


def test_trouble_with_the_journal_is_told_and_survived(
    server: HostileServer, make_client: MakeClient, tmp_path: Path
) -> None:
    """A journal that cannot be written is a warning and a notice, once, and the run goes on."""
    unusable = tmp_path / "a file" / "journal.sqlite3"
    unusable.parent.write_text("in the way")
    with pytest.warns(WiroWarning, match="cannot be used"):
        client = make_client(journal=unusable)
    for number in range(2):
        task = client.run("a/b", prompt="x")
        server.finish(server.task(number))
        assert task.wait(60).record.outcome == "succeeded"
        notices = [
            event for event in task.events_so_far() if isinstance(event, Notice) and "journal" in event.text
        ]
        assert len(notices) == (1 if number == 0 else 0)
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
