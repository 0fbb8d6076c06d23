"""Every limit holds, and what exceeds it is a clear error."""

from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.fixtures import MakeClient
from tests.hostile.http_wire import Reply
from tests.hostile.server import HostileServer
from wiro_widgets.client.sync_client import Client
from wiro_widgets.protocol.errors import ApiError, ConfigurationError, TransportError
from wiro_widgets.protocol.events import Log, Outputs, Progress, TaskEvent, TextSnapshot
from wiro_widgets.protocol.replies import OutputInfo
from wiro_widgets.protocol.text.text_content import TextContent
from wiro_widgets.runs.event_stream import EventStream
from wiro_widgets.transport import http

LIMIT = http.MAX_REPLY_BYTES
MEASURED = """
import resource, sys
import wiro_widgets as wiro
base, sockets, folder, what = sys.argv[1:]
client = wiro.Client("key-of-a-child", base_url=base, socket_url=sockets, journal=False, output_dir=folder)
client.attach("701")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
exec(what)
client.close()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def memory_growth(server: HostileServer, folder: Path, what: str) -> subprocess.Popen[str]:
    """Start a process that prints by how many KiB its memory grew."""
    where = [server.base_url, server.socket_url, str(folder)]
    return subprocess.Popen([sys.executable, "-c", MEASURED, *where, what], stdout=subprocess.PIPE, text=True)


def padded_reply(size: int) -> bytes:
    """Return a good reply of so many bytes."""
    empty = json.dumps({"result": True, "errors": [], "tool": [], "padding": ""}).encode()
    return empty[:-2] + b"x" * (size - len(empty)) + empty[-2:]


def test_a_reply_at_the_limit(server: HostileServer, client: Client) -> None:
    """A reply of exactly 16 MiB is read."""
    server.script("Tool/List", Reply(padded_reply(LIMIT)))
    assert client.models() == []


@pytest.mark.parametrize("as_gzip", [False, True])
def test_a_reply_over_the_limit(server: HostileServer, client: Client, as_gzip: bool) -> None:
    """A reply of more than 16 MiB, compressed or not, raises an error that names the limit, and is not repeated."""
    data = padded_reply(LIMIT + 1)
    reply = Reply(gzip.compress(data), headers={"content-encoding": "gzip"}) if as_gzip else Reply(data)
    server.script("Tool/List", reply)
    with pytest.raises(ApiError, match="the reply is larger than 16 MiB, the limit"):
        client.models()
    assert server.count("Tool/List") == 1


def test_a_bomb_costs_no_memory(server: HostileServer, tmp_path: Path) -> None:
    """A reply that unpacks to a gigabyte is given up before it is unpacked."""
    server.add_task()
    bomb = gzip.compress(bytes(1_000_000_000), compresslevel=1)
    server.script("Tool/List", Reply(bomb, headers={"content-encoding": "gzip"}))
    what = "try: client.models()\nexcept wiro.ApiError: pass"
    growth, _ = memory_growth(server, tmp_path, what).communicate(timeout=30)
    assert int(growth) < 80_000


def test_a_packed_reply_is_understood(server: HostileServer, client: Client) -> None:
    """An ordinary packed reply is unpacked."""
    body = json.dumps({"result": True, "tool": [{"slugowner": "a", "slugproject": "b"}]}).encode()
    server.script("Tool/List", Reply(gzip.compress(body), headers={"content-encoding": "gzip"}))
    assert [model.model for model in client.models()] == ["a/b"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_call_follows_a_redirect(server: HostileServer, client: Client, status: int) -> None:
    """A redirect of an API call is refused: the key would go to the new address."""
    server.script("Tool/List", Reply(b"", status, {"location": f"{server.base_url}/elsewhere"}))
    with pytest.raises(ApiError, match="redirect, which is not followed"):
        client.models()
    assert server.count("elsewhere") == 0


def test_plain_http_is_for_loopback() -> None:
    """An unencrypted address of another machine is refused unless `allow_http` is set."""
    with pytest.raises(ConfigurationError, match="not encrypted"):
        Client("a-key-for-nobody", base_url="http://wiro.example/v1", journal=False)
    with pytest.raises(ConfigurationError, match="not encrypted"):
        Client("a-key-for-nobody", socket_url="ws://wiro.example/v1", journal=False)
    Client("a-key-for-nobody", base_url="http://wiro.example/v1", journal=False, allow_http=True).close()


def test_an_upload_is_streamed(server: HostileServer, tmp_path: Path) -> None:
    """A file of 200 MB is sent from the disk; memory does not grow with it."""
    server.add_task()
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        file.truncate(200_000_000)
    what = 'from pathlib import Path\nclient.run("a/b", {"inputFile": Path(sys.argv[3]) / "large.bin"})'
    growth, _ = memory_growth(server, tmp_path, what).communicate(timeout=60)
    (call,) = [call for call in server.calls if "/Run/" in call.path]
    assert call.size > 200_000_000
    assert int(growth) < 20_000


def test_a_download_is_streamed(server: HostileServer, tmp_path: Path) -> None:
    """A film of 60 MB goes to the disk; memory does not grow with it."""
    remote = server.add_task()
    film = b"\0\0\0\x18ftypmp42" + bytes(60_000_000)
    what = 'print(client.attach("701").wait(60).outputs[0].size)'
    child = memory_growth(server, tmp_path, what)
    server.wait(lambda: remote.listeners, "the child")
    output = server.serve_file(film, lambda _: Reply(film), name="0.mp4") | {"contenttype": "video/mp4"}
    server.finish(remote, [output])
    size, more = child.communicate(timeout=30)[0].split()
    assert int(size) == len(film)
    assert int(more) < 20_000


def test_a_trickled_read_ends(server: HostileServer, make_client: MakeClient) -> None:
    """A reply that comes byte by byte does not make a read longer than its timeout."""
    server.script("Tool/List", *[Reply(padded_reply(2000), trickle=0.02)] * 5)
    with pytest.raises(TransportError, match=r"no answer within 0\.3 s"):
        make_client(timeout=0.3).models()


def test_events_are_bounded_by_count() -> None:
    """The ring keeps the newest events; a reader that fell behind goes on with the oldest kept."""
    events = EventStream(max_events=10)
    for number in range(25):
        events.publish([Log("output", str(number), 0.0)])
    batch, position = events.since(0)
    assert [event.text for event in batch if isinstance(event, Log)] == [str(n) for n in range(15, 25)]
    assert (position, len(events)) == (25, 25)


def test_events_are_bounded_by_size() -> None:
    """The ring is bounded by the size of its texts as well."""
    events = EventStream(max_text=100_000)
    for _ in range(100):
        events.publish([Log("output", "x" * 10_000, 0.0)])
    assert len(events.since(0)[0]) == 10
    assert len(events) == 100


@pytest.mark.parametrize(
    "event",
    [
        Progress(0.0, label="x" * 10_000),
        TextSnapshot(TextContent(answer=("x" * 10_000,)), 0.0),
        Outputs((OutputInfo("0.png", url="x" * 10_000),), 0.0),
        Outputs((OutputInfo("0.txt", content=TextContent(raw="x" * 10_000)),), 0.0),
    ],
    ids=lambda event: type(event).__name__,
)
def test_every_kind_of_event_has_a_size(event: TaskEvent) -> None:
    """Every kind of event counts towards the size of the ring."""
    events = EventStream(max_text=100_000)
    for _ in range(100):
        events.publish([event])
    assert len(events.since(0)[0]) <= 10


def test_a_slow_reader_loses_the_oldest_alone(server: HostileServer, client: Client) -> None:
    """Ten thousand lines arrive in order at a slow reader."""
    task = client.run("a/b", prompt="x")
    remote = server.task()
    server.wait(lambda: remote.listeners, "the registration")

    async def burst() -> None:
        for number in range(10_000):
            frame = {"type": "task_output", "id": remote.id, "message": f"line {number}"}
            await remote.listeners[0].send(json.dumps(frame))

    asyncio.run_coroutine_threadsafe(burst(), server.loop).result(60)
    server.finish(remote)
    lines = [event.text for event in task.events() if isinstance(event, Log)]
    assert lines == [f"line {number}" for number in range(10_000)]


def test_many_outputs_and_long_texts(server: HostileServer, client: Client) -> None:
    """Unusually large parts of a good reply are accepted."""
    task = client.run("a/b", prompt="x")
    server.task().more = {"debugoutput": "y" * 1_000_000, "categories": ["c"] * 1000}
    server.finish(server.task(), [{"name": f"{n}.txt", "content": {"raw": "text"}} for n in range(300)])
    result = task.wait(60)
    assert len(result.outputs) == 300
