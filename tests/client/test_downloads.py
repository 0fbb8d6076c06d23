"""Outputs come whole, once, under safe names, and what cannot be had says why and how to try again."""

import gzip
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.client.conftest import MakeClient
from tests.client.hostile import CUT, Hostile
from tests.client.wire import Answer, Call, Hang, Reply
from wiro_widgets.client import downloads, transfer
from wiro_widgets.client.addresses import may_fetch
from wiro_widgets.client.sync import Client
from wiro_widgets.protocol.errors import OutputError
from wiro_widgets.results.outputs import Output
from wiro_widgets.results.recipes import read_recipe, strip

Fetch = Callable[..., Output]
PNG = {"content-type": "image/png"}


@pytest.fixture
def fetch(server: Hostile, client: Client) -> Fetch:
    """Return what makes an output of a task and fetches it."""

    def one(data: bytes, act: Callable[[Call], Answer] | None = None, **more: Any) -> Output:
        task = client.run("a/b", prompt="x")
        server.finish(server.task(), [server.serve_file(data, act, **more)])
        (output,) = task.wait(10).outputs
        return output

    return one


class File:
    """A file that is served by range, and differently as often as a test says."""

    def __init__(self, data: bytes, *first: Callable[[bytes], Reply], etag: str | None = '"one"') -> None:
        self.data = data
        self.etag = etag
        self.ranges: list[str | None] = []
        self._first = list(first)

    def __call__(self, call: Call) -> Reply:
        """Answer as the next time is to be answered."""
        asked = call.headers.get("range")
        self.ranges.append(asked)
        more = PNG | ({"etag": self.etag} if self.etag else {})
        if self._first:
            reply = self._first.pop(0)(self.data)
            return Reply(reply.content, reply.status, {**more, **reply.headers}, reply.cut)
        if asked is None or (call.headers.get("if-range") not in (None, self.etag)):
            return Reply(self.data, 200, more)
        start = int(asked.removeprefix("bytes=").removesuffix("-"))
        place = f"bytes {start}-{len(self.data) - 1}/{len(self.data)}"
        return Reply(self.data[start:], 206, {**more, "content-range": place})


def cut_at(count: int) -> Callable[[bytes], Reply]:
    """Return an answer that breaks off after so many bytes."""
    return lambda data: Reply(data, cut=count)


def pixels(data: bytes) -> bytes:
    """Return what the picture shows."""
    return Image.open(io.BytesIO(data)).tobytes()


def test_it_lies_where_it_is_said_to(fetch: Fetch, picture: bytes, tmp_path: Path) -> None:
    """An output lies at <output_dir>/<date>/<model>-<task id>-<n>.<ext> with its recipe, the pixels untouched."""
    output = fetch(picture)
    assert output.path is not None
    assert output.path.parent.parent == tmp_path / "outputs"
    assert output.path.name == "a-b-701-0.png"
    recipe = read_recipe(output.path)
    assert recipe is not None
    assert (recipe["task_id"], recipe["model"], recipe["prompt"]) == ("701", "a/b", "x")
    assert strip(output.bytes()) == picture


def test_a_cut_download_goes_on_where_it_was_cut(fetch: Fetch, picture: bytes) -> None:
    """After a cut the rest is asked for, on condition that the file is the same."""
    file = File(picture, cut_at(5000))
    assert pixels(fetch(picture, file).bytes()) == pixels(picture)
    assert file.ranges == [None, "bytes=5000-"]


def test_a_file_that_changed_begins_anew(fetch: Fetch, picture: bytes) -> None:
    """A cut download is never continued with another file's bytes."""
    file = File(picture)

    def change(data: bytes) -> Reply:
        file.etag = '"two"'
        return Reply(b"x" * len(data), headers={"etag": '"one"'}, cut=5000)

    file._first.append(change)
    assert pixels(fetch(picture, file).bytes()) == pixels(picture)


def test_without_a_validator_it_begins_anew(fetch: Fetch, picture: bytes) -> None:
    """Where nothing tells that the file is the same, a cut download begins anew."""
    file = File(picture, cut_at(5000), etag=None)
    assert pixels(fetch(picture, file).bytes()) == pixels(picture)
    assert file.ranges == [None, None]


def test_a_weak_validator_is_none(fetch: Fetch, picture: bytes) -> None:
    """A weak ETag does not promise the same bytes."""
    file = File(picture, cut_at(5000), etag='W/"one"')
    fetch(picture, file)
    assert file.ranges == [None, None]


@pytest.mark.parametrize(
    "answer",
    [
        Reply(b"", 416),
        Reply(b"wrong place", 206, {"content-range": "bytes 7-17/99999"}),
        Reply(b"no place", 206),
        Reply(b"nonsense", 206, {"content-range": "bytes first-last/all"}),
    ],
    ids=["416", "another place", "no place", "nonsense"],
)
def test_a_range_that_is_answered_wrongly(fetch: Fetch, picture: bytes, answer: Reply) -> None:
    """An answer that does not continue where it was asked to is thrown away."""
    file = File(picture, cut_at(5000), lambda _: answer)
    assert pixels(fetch(picture, file).bytes()) == pixels(picture)
    assert file.ranges == [None, "bytes=5000-", None]


@pytest.mark.parametrize(
    "first",
    [
        lambda data: Reply(data[: len(data) // 2]),
        lambda data: Reply(data[:9000] + bytes(64) + data[9064:]),
        lambda _: Reply(b"<html>busy</html>"),
        lambda _: Reply(b""),
        lambda _: Reply(b"busy", 503),
        lambda _: Reply(b"not yet", 404),
        lambda data: Reply(gzip.compress(data)[:4000], headers={"content-encoding": "gzip"}),
    ],
    ids=["shorter than said", "corrupt", "a page", "empty", "503", "404", "broken gzip"],
)
def test_a_bad_answer_is_tried_again(fetch: Fetch, picture: bytes, first: Callable[[bytes], Reply]) -> None:
    """What is short, corrupt, another thing or an error the first time is fetched again."""
    file = File(picture, first)
    output = fetch(picture, file)
    assert pixels(output.bytes()) == pixels(picture)
    assert len(file.ranges) == 2


def test_a_packed_answer_is_unpacked(fetch: Fetch, picture: bytes) -> None:
    """A server that packs although nobody asked is understood."""
    packed = Reply(gzip.compress(picture), headers={"content-encoding": "gzip", **PNG})
    assert pixels(fetch(picture, lambda _: packed).bytes()) == pixels(picture)


def test_a_broken_original_is_kept(fetch: Fetch, picture: bytes) -> None:
    """A picture that comes broken in the same way twice is what the server has: it is kept, and says so when read."""
    broken = picture[:9000] + bytes(64) + picture[9064:]
    file = File(broken)
    output = fetch(broken, file)
    assert output.path is not None
    assert len(file.ranges) == 2
    with pytest.raises(OutputError):
        output.image()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Reply(b"", 404), "HTTP 404; output addresses expire"),
        (Reply(b"", 403), "HTTP 403; output addresses expire"),
        (Reply(b"", 410), "HTTP 410; output addresses expire"),
        (Reply(b"", 401), "HTTP 401"),
        (Reply(b"", 500), "HTTP 500"),
        (
            Reply(b"<html>no</html>", headers={"content-type": "image/png"}),
            "says image/png but holds text/html",
        ),
        (Reply(b""), "it is empty"),
        (Reply(b"\x89PNG\r\n\x1a\n short"), "only 14 of"),
        (Reply(b"", 302, {"location": "http://example.org/x.png"}), "address is not a public https one"),
        (Reply(b"", 302, {"location": "https://[broken"}), "address is malformed"),
        (Reply(b"", 302, {"location": "file:///etc/passwd"}), "address is not a public https one"),
        (CUT, "tried 4 times"),
    ],
)
def test_what_cannot_be_had_says_why(
    server: Hostile, client: Client, picture: bytes, answer: Answer, reason: str
) -> None:
    """The task succeeds, the output holds the reason and how to try again, the others are there."""
    task = client.run("a/b", prompt="x")
    server.finish(
        server.task(),
        [server.serve_file(picture, lambda _: answer), server.serve_file(picture, name="1.png")],
    )
    result = task.wait(10)
    bad, good = result.outputs
    assert good.path is not None
    with pytest.raises(OutputError, match=reason) as caught:
        bad.bytes()
    in_vain = "address is" in reason
    assert (f"client.attach('{task.id}')" in str(caught.value)) is not in_vain
    assert result.record.outcome == "succeeded"
    assert list(good.path.parent.iterdir()) == [good.path]


def test_a_redirect_to_nowhere_ends(server: Hostile, fetch: Fetch, picture: bytes) -> None:
    """An address that leads to itself is given up."""
    output = fetch(picture, lambda call: Reply(b"", 302, {"location": call.path}))
    assert "without end" in str(output.error)
    assert sum("/files/" in call.path for call in server.calls) == 5


def test_missing_outputs_are_fetched_by_attaching_again(
    server: Hostile, client: Client, picture: bytes
) -> None:
    """Attaching to a settled task fetches what is missing and uses what is on the disk."""
    answers = [Reply(b"", 404)] * 4
    task = client.run("a/b", prompt="x")
    steady = server.serve_file(picture)
    flaky = server.serve_file(picture, lambda _: answers.pop() if answers else Reply(picture, headers=PNG))
    server.finish(server.task(), [steady, flaky])
    first = task.wait(10)
    assert [output.path is None for output in first.outputs] == [False, True]
    again = client.attach(str(task.id)).wait(10)
    assert again.outputs[0].path == first.outputs[0].path
    assert len(again.images) == 2
    assert [call.path for call in server.calls].count("/files/0/0.png") == 1
    assert client.history[str(task.id)].output_paths == tuple(str(output.path) for output in again.outputs)


def test_names_stay_in_the_folder(server: Hostile, client: Client, picture: bytes, tmp_path: Path) -> None:
    """Whatever the server calls an output, its file lies in the folder."""
    names = ["../../evil.png", "/etc/passwd", "..", "", "a\0b.png", "CON.png", "x" * 5000, "a\r\nb.png"]
    task = client.run("a/b", prompt="x")
    outputs = [server.serve_file(picture) | {"name": name} for name in names]
    server.finish(server.task(), outputs)
    for output in task.wait(10).outputs:
        assert output.path is not None
        assert output.path.resolve().parent.parent == (tmp_path / "outputs").resolve()


def test_saving_takes_no_name_of_the_server(server: Hostile, client: Client, tmp_path: Path) -> None:
    """A text that is saved into a folder is named after the model and the task, not as the server says."""
    task = client.run("a/b", prompt="x")
    text = {"name": "sitecustomize.py", "contenttype": "raw", "content": {"answer": ["import os"], "raw": ""}}
    server.finish(server.task(), [text])
    (output,) = task.wait(5).outputs
    assert output.save(tmp_path).name == f"a-b-{task.id}-0.txt"


def test_no_more_than_four_at_once(server: Hostile, client: Client, picture: bytes) -> None:
    """Of many outputs four are fetched at the same time."""
    busy, most = 0, 0

    async def act(_call: Call) -> Answer:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await server.pause(0.02)
        busy -= 1
        return Reply(picture, headers=PNG)

    task = client.run("a/b", prompt="x")
    server.finish(server.task(), [server.serve_file(picture, act, name=f"{n}.png") for n in range(12)])
    assert len(task.wait(10).images) == 12
    assert most == downloads.AT_ONCE == 4


def test_a_slow_server_keeps_no_other_task_waiting(server: Hostile, client: Client, picture: bytes) -> None:
    """While one task's outputs hang, another task's come."""
    slow = client.run("a/b", prompt="slow")
    hanging = [server.serve_file(picture, lambda _: Hang(), name=f"{n}.png") for n in range(9)]
    server.finish(server.task(), hanging)
    server.wait(lambda: sum("/files/" in call.path for call in server.calls) == 4, "the four downloads")
    fast = client.run("a/b", prompt="fast")
    server.finish(server.task(1), [server.serve_file(picture)])
    assert len(fast.wait(5).images) == 1
    assert slow.status == "finishing"


def test_a_download_that_drips_is_broken(
    fetch: Fetch, picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that sends less than 1 KiB a second is given up, and asked again."""
    monkeypatch.setattr(transfer, "SLOW_SECONDS", 0.1)
    answers = [Reply(picture, headers=PNG, trickle=0.02), Reply(picture, headers=PNG)]
    assert fetch(picture, lambda _: answers.pop(0)).path is not None
    assert answers == []


def test_an_output_over_the_limit(
    server: Hostile, make_client: MakeClient, picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An output over the limit is given up by its announced length, and by what comes when none is announced."""
    client = make_client()
    monkeypatch.setattr(client._client._engine.downloads, "_max_bytes", 10_000)
    task = client.run("a/b", prompt="x")
    bomb = Reply(gzip.compress(bytes(50_000_000)), headers={"content-encoding": "gzip"})
    server.finish(server.task(), [server.serve_file(picture), server.serve_file(picture, lambda _: bomb)])
    for output in task.wait(10).outputs:
        assert "larger than 10000 bytes, the limit" in str(output.error)
    assert sum("/files/" in call.path for call in server.calls) == 2


@pytest.mark.parametrize(
    ("url", "base", "fetched"),
    [
        ("https://cdn1.wiro.ai/x/0.png", "https://api.wiro.ai/v1", True),
        ("http://cdn1.wiro.ai/x/0.png", "https://api.wiro.ai/v1", False),
        ("http://127.0.0.1:8888/api", "https://api.wiro.ai/v1", False),
        ("https://127.0.0.1/x", "https://api.wiro.ai/v1", False),
        ("https://localhost/x", "https://api.wiro.ai/v1", False),
        ("https://10.0.0.7/x", "https://api.wiro.ai/v1", False),
        ("https://169.254.169.254/latest", "https://api.wiro.ai/v1", False),
        ("https://[::1]/x", "https://api.wiro.ai/v1", False),
        ("https://[fd00::1]/x", "https://api.wiro.ai/v1", False),
        ("https://metadata.internal/x", "https://api.wiro.ai/v1", False),
        ("file:///etc/passwd", "https://api.wiro.ai/v1", False),
        ("ftp://cdn1.wiro.ai/x", "https://api.wiro.ai/v1", False),
        ("data:image/png;base64,AAAA", "https://api.wiro.ai/v1", False),
        ("https://[broken", "https://api.wiro.ai/v1", False),
        ("//cdn1.wiro.ai/x", "https://api.wiro.ai/v1", False),
        ("https://10.0.0.7/x", "https://10.0.0.7/v1", True),
        ("http://127.0.0.1:9/x", "http://127.0.0.1:8/v1", True),
        ("http://10.0.0.7/x", "http://127.0.0.1:8/v1", False),
        ("https://cdn1.wiro.ai/x", "http://127.0.0.1:8/v1", True),
    ],
)
def test_what_may_be_fetched(url: str, base: str, fetched: bool) -> None:
    """A server on the internet can send us to public https addresses only."""
    assert may_fetch(url, base=base) is fetched


@pytest.mark.parametrize(
    "host",
    [
        *(
            "2130706433",
            "127.1",
            "0x7f.1",
            "0177.0.0.1",
            "0",
            "127。0。0。1",
            "\uff11\uff12\uff17.0.0.1",
            "localhost.",
            "localhost。",
        ),
        *(
            "LOCALHOST",
            "a.localhost.",
            "router",
            "nas.lan",
            "localhost.localdomain",
            "169.254.169.254",
            "0xa9fea9fe",
        ),
        *("[::]", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:a9fe:a9fe]", "[64:ff9b::7f00:1]", "[::127.0.0.1]"),
        *("[2002:7f00:1::]", "[fe80::1%25lo]", "[fc00::1]", "x\\@127.0.0.1", "10.1", "192.168.257"),
    ],
)
def test_no_spelling_of_a_near_address_is_fetched(host: str) -> None:
    """This machine and its network stay out of reach of a server on the internet, however it writes them."""
    assert not may_fetch(f"https://{host}/0.png", base="https://api.wiro.ai/v1")


@pytest.mark.parametrize(
    "host", ["cdn1.wiro.ai", "cdn1.wiro.ai.", "8.8.8.8", "[2606:4700::1]", "bücher.example"]
)
def test_public_addresses_are_fetched(host: str) -> None:
    """Names and addresses of the internet are."""
    assert may_fetch(f"https://{host}/0.png", base="https://api.wiro.ai/v1")


def test_no_credentials_go_to_the_files(server: Hostile, fetch: Fetch, picture: bytes) -> None:
    """A download carries neither key nor signature."""
    fetch(picture)
    (call,) = [call for call in server.calls if "/files/" in call.path]
    assert not [name for name in call.headers if name.startswith("x-")]


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
    output, = task.wait(10).outputs
    size = output.image().size
    client.close()
notices = [event.text for event in task.seen() if event.type == "notice"]
told = [str(item.message) for item in caught if item.category is wiro.WiroWarning]
print(json.dumps([size, str(output.path), told, notices]))
"""


def test_a_full_disk(server: Hostile, picture: bytes, tmp_path: Path) -> None:
    """When the disk takes no more, the output is kept in memory, whole, and that is told."""
    made = server.make(prompt="x")
    child = subprocess.Popen(
        [sys.executable, "-c", FULL_DISK, server.base_url, server.socket_url, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    server.wait(lambda: made.listeners, "the child")
    server.finish(made, [server.serve_file(picture)])
    told, _ = child.communicate(timeout=20)
    size, path, warnings, notices = json.loads(told)
    assert (size, path) == ([160, 160], "None")
    assert len(picture) > 20_000
    assert len(warnings) == len(notices) == 1
    assert "kept in memory" in warnings[0]
    assert list(tmp_path.rglob("*.*")) == []
