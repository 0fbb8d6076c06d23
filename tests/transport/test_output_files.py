"""Outputs are in their folder under safe names, once, and in memory if the disk is full."""

import json
import subprocess
import sys
from pathlib import Path

from tests.hostile.files import PNG
from tests.hostile.fixtures import Fetch
from tests.hostile.http_wire import Answer, Call, Hang, Reply
from tests.hostile.server import HostileServer
from wiro_widgets.client.sync_client import Client
from wiro_widgets.media.recipes import read_recipe, strip
from wiro_widgets.transport import downloads


def test_where_a_file_is(fetch: Fetch, picture: bytes, tmp_path: Path) -> None:
    """An output is at <output_dir>/<date>/<model>-<task id>-<n>.<ext>, with its recipe and unchanged pixels."""
    output = fetch(picture)
    assert output.path is not None
    assert output.path.parent.parent == tmp_path / "outputs"
    assert output.path.name == "a-b-701-0.png"
    recipe = read_recipe(output.path)
    assert recipe is not None
    assert (recipe["task_id"], recipe["model"], recipe["prompt"]) == ("701", "a/b", "x")
    assert strip(output.bytes()) == picture


def test_missing_outputs_are_fetched_by_attaching_again(
    server: HostileServer, client: Client, picture: bytes
) -> None:
    """Attaching to a settled task fetches what is missing and uses what is on the disk."""
    answers = [Reply(b"", 404)] * 4
    task = client.run("a/b", prompt="x")
    steady = server.serve_file(picture)
    flaky = server.serve_file(picture, lambda _: answers.pop() if answers else Reply(picture, headers=PNG))
    server.finish(server.task(), [steady, flaky])
    first = task.wait(60)
    assert [output.path is None for output in first.outputs] == [False, True]
    again = client.attach(str(task.id)).wait(60)
    assert again.outputs[0].path == first.outputs[0].path
    assert len(again.images) == 2
    assert [call.path for call in server.calls].count("/files/0/0.png") == 1
    assert client.history[str(task.id)].output_paths == tuple(str(output.path) for output in again.outputs)


def test_names_stay_in_the_folder(
    server: HostileServer, client: Client, picture: bytes, tmp_path: Path
) -> None:
    """Whatever the server calls an output, its file is in the folder."""
    names = ["../../evil.png", "/etc/passwd", "..", "", "a\0b.png", "CON.png", "x" * 5000, "a\r\nb.png"]
    task = client.run("a/b", prompt="x")
    outputs = [server.serve_file(picture) | {"name": name} for name in names]
    server.finish(server.task(), outputs)
    for output in task.wait(60).outputs:
        assert output.path is not None
        assert output.path.resolve().parent.parent == (tmp_path / "outputs").resolve()


def test_saving_takes_no_name_of_the_server(server: HostileServer, client: Client, tmp_path: Path) -> None:
    """A text that is saved into a folder is named after its model and task, not as the server names it."""
    task = client.run("a/b", prompt="x")
    text = {"name": "sitecustomize.py", "contenttype": "raw", "content": {"answer": ["import os"], "raw": ""}}
    server.finish(server.task(), [text])
    (output,) = task.wait(60).outputs
    assert output.save(tmp_path).name == f"a-b-{task.id}-0.txt"


def test_no_more_than_four_at_once(server: HostileServer, client: Client, picture: bytes) -> None:
    """Four outputs of one task are fetched at the same time."""
    busy, most = 0, 0

    async def handler(_call: Call) -> Answer:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await server.pause(0.02)
        busy -= 1
        return Reply(picture, headers=PNG)

    task = client.run("a/b", prompt="x")
    server.finish(server.task(), [server.serve_file(picture, handler, name=f"{n}.png") for n in range(12)])
    assert len(task.wait(60).images) == 12
    assert most == downloads.AT_ONCE == 4


def test_a_slow_server_keeps_no_other_task_waiting(
    server: HostileServer, client: Client, picture: bytes
) -> None:
    """While one task's outputs hang, another task's come."""
    slow = client.run("a/b", prompt="slow")
    hanging = [server.serve_file(picture, lambda _: Hang(), name=f"{n}.png") for n in range(9)]
    server.finish(server.task(), hanging)
    server.wait(lambda: sum("/files/" in call.path for call in server.calls) == 4, "the four downloads")
    fast = client.run("a/b", prompt="fast")
    server.finish(server.task(1), [server.serve_file(picture)])
    assert len(fast.wait(60).images) == 1
    assert slow.status == "finishing"


FULL_DISK = """
import json, resource, signal, sys, warnings
import wiro_widgets as wiro
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
base, sockets, folder = sys.argv[1:]
client = wiro.Client("key-of-a-child", base_url=base, socket_url=sockets, journal=False, output_dir=folder)
task = client.attach("701")
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    output, = task.wait(60).outputs
    size = output.image().size
    client.close()
notices = [event.text for event in task.events_so_far() if event.type == "notice"]
warning_texts = [str(item.message) for item in caught if item.category is wiro.WiroWarning]
print(json.dumps([size, str(output.path), warning_texts, notices]))
"""


def test_a_full_disk(server: HostileServer, picture: bytes, tmp_path: Path) -> None:
    """If the disk is full, the output is kept in memory, whole, and a warning says so."""
    task = server.add_task(prompt="x")
    child = subprocess.Popen(
        [sys.executable, "-c", FULL_DISK, server.base_url, server.socket_url, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    server.wait(lambda: task.listeners, "the child")
    server.finish(task, [server.serve_file(picture)])
    stdout, _ = child.communicate(timeout=60)
    size, path, warnings, notices = json.loads(stdout)
    assert (size, path) == ([160, 160], "None")
    assert len(picture) > 20_000
    assert len(warnings) == len(notices) == 1
    assert "kept in memory" in warnings[0]
    assert list(tmp_path.rglob("*.*")) == []
