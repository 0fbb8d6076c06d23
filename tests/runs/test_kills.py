"""A process that is killed with SIGKILL, at any instant of a run, loses nothing that was paid for."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.fixtures import MakeClient
from tests.hostile.http_wire import Reply
from tests.hostile.server import KEY, SECRET, Handler, HostileServer
from wiro_widgets.client.sync_client import Client

CHILD = """
import sys
import wiro_widgets as wiro
key, secret, base, sockets, journal, folder = sys.argv[1:]
client = wiro.Client(key, secret, base_url=base, socket_url=sockets, journal=journal, output_dir=folder)
print("ready", flush=True)
client.run("a/b", prompt="of the child").wait()
print("done", flush=True)
sys.stdin.read()
"""
PNG = {"content-type": "image/png"}


class Child:
    """A process that runs a model and waits for it."""

    def __init__(self, server: HostileServer, folder: Path) -> None:
        where = [server.base_url, server.socket_url, str(folder / "journal.sqlite3"), str(folder / "outputs")]
        self._process = subprocess.Popen(
            [sys.executable, "-c", CHILD, KEY, SECRET, *where],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def line(self) -> str:
        """Wait for its next line."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def kill(self) -> None:
        """End it as a crash does."""
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate()


@pytest.fixture
def child(server: HostileServer, tmp_path: Path) -> Iterator[Child]:
    """Start a child that is about to run."""
    started = Child(server, tmp_path)
    yield started
    started.kill()


def check_recovery(server: HostileServer, client: Client, picture: bytes) -> None:
    """Recover the run in this process, finish its task if it is not over, and check that its picture comes."""
    (row,) = client.history.unfinished()
    assert row.parameters["prompt"] == "of the child"
    (task,) = client.recover()
    remote = server.task()
    if remote.status != "task_postprocess_end":
        server.wait(lambda: remote.listeners, "the registration")
        server.finish(remote, [server.serve_file(picture)])
    result = task.wait(60)
    assert [image.size for image in result.images] == [(160, 160)]
    assert (task.id, task.values["prompt"]) == (remote.id, "of the child")
    assert client.history.unfinished() == []
    assert client.history[remote.id].outcome == "succeeded"
    assert server.count("Run") == 1


def files(folder: Path) -> list[str]:
    """Return the names of the files in the output folder."""
    return sorted(path.name for path in (folder / "outputs").rglob("*") if path.is_file())


def test_before_the_run_is_sent(server: HostileServer, client: Client, child: Child) -> None:
    """Killed before anything left: nothing was made, nothing is picked up, and nothing is sent again."""
    gate = server.gate()
    server.script("Tool/Detail", gate)
    gate.await_call()
    child.kill()
    assert client.history.unfinished() == []
    assert client.recover() == []
    assert server.tasks == {}


def test_before_the_run_arrives(server: HostileServer, client: Client, child: Child) -> None:
    """Killed while the Run is on its way and no task was made: the row stays, and no task is matched to it."""
    server.script("Run", gate := server.gate(None))
    gate.effect = False
    gate.await_call()
    child.kill()
    (row,) = client.history.unfinished()
    assert (row.outcome, row.task_id) == ("submitting", None)
    assert client.recover() == []
    assert len(client.history.unfinished()) == 1


def test_after_the_task_was_made(server: HostileServer, client: Client, child: Child, picture: bytes) -> None:
    """Killed before the reply: the task is found in Wiro's list, and its picture comes."""
    gate = server.gate()
    server.script("Run", gate)
    gate.await_call()
    child.kill()
    check_recovery(server, client, picture)


def test_while_it_is_followed(server: HostileServer, client: Client, child: Child, picture: bytes) -> None:
    """Killed in the middle of the task: it is followed from here on."""
    remote = server.task()
    server.wait(lambda: remote.listeners, "the registration")
    server.emit(remote, "task_start")
    child.kill()
    check_recovery(server, client, picture)


def test_after_its_end(server: HostileServer, client: Client, child: Child, picture: bytes) -> None:
    """Killed when the task had ended but the child had not read it."""
    remote = server.task()
    server.wait(lambda: remote.listeners, "the registration")
    gate = server.gate()
    server.script("Task/Detail", *[gate] * 5)
    server.finish(remote, [server.serve_file(picture)])
    gate.await_call()
    child.kill()
    gate.open()
    check_recovery(server, client, picture)


def test_while_it_is_downloaded(
    server: HostileServer, make_client: MakeClient, child: Child, picture: bytes, tmp_path: Path
) -> None:
    """Killed in the middle of a download: it begins anew, and the half file is cleared up."""
    remote = server.task()
    half = Reply(picture, headers=PNG, trickle=0.0005)
    answers = [half]
    output = server.serve_file(picture, lambda _: answers.pop() if answers else Reply(picture, headers=PNG))
    server.finish(remote, [output])
    server.wait(
        lambda: not answers and [name for name in files(tmp_path) if name.endswith(".part")], "the half file"
    )
    child.kill()
    check_recovery(server, make_client(), picture)
    assert files(tmp_path) == [f"a-b-{remote.id}-0.png"]


def test_between_the_file_and_the_journal(
    server: HostileServer, make_client: MakeClient, child: Child, picture: bytes, tmp_path: Path
) -> None:
    """Killed when one file was complete but not in the journal: that file is used and the other fetched."""
    remote = server.task()
    gate = server.gate()
    answers: list[Handler] = [gate]
    second = server.serve_file(
        picture, lambda call: answers.pop()(call) if answers else Reply(picture, headers=PNG)
    )
    server.finish(remote, [server.serve_file(picture), second])
    server.wait(lambda: f"a-b-{remote.id}-0.png" in files(tmp_path), "the first file")
    child.kill()
    client = make_client()
    (task,) = client.recover()
    assert len(task.wait(60).images) == 2
    assert files(tmp_path) == [f"a-b-{remote.id}-0.png", f"a-b-{remote.id}-1.png"]
    assert sum(call.path == "/files/1/0.png" for call in server.calls) == 1


def test_after_everything(server: HostileServer, client: Client, child: Child, picture: bytes) -> None:
    """Killed when all was written: nothing is unfinished, and attaching takes the files from the disk."""
    remote = server.task()
    server.finish(remote, [server.serve_file(picture)])
    assert [child.line(), child.line()] == ["ready", "done"]
    child.kill()
    assert client.history.unfinished() == []
    assert len(client.attach(remote.id).wait(60).images) == 1
    assert sum("/files/" in call.path for call in server.calls) == 1


@pytest.mark.usefixtures("child")
def test_another_living_process_is_left_alone(server: HostileServer, client: Client) -> None:
    """A run that another process looks after is listed, but not taken over."""
    remote = server.task()
    server.wait(lambda: remote.listeners, "the registration")
    server.wait(lambda: [row.task_id for row in client.history.unfinished()] == [remote.id], "the row")
    assert client.recover() == []


def test_files_of_an_older_task_with_the_same_number(
    server: HostileServer, client: Client, picture: bytes, tmp_path: Path
) -> None:
    """When a sandbox counts its tasks from the beginning, an old picture is not taken for a new one."""
    for _ in range(2):
        server.tasks.clear()
        server.restart_numbers()
        task = client.run("a/b", prompt="x")
        server.finish(server.task(), [server.serve_file(picture)])
        task.wait(60)
    assert files(tmp_path) == ["a-b-701-0 (2).png", "a-b-701-0.png"]
