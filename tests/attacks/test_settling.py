"""Law 3, settling is not the end: what was paid for is fetched when it can be, and the richest answer wins."""

from __future__ import annotations

import io
import json
import zipfile
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from websockets.asyncio.server import ServerConnection

from tests.attacks.kernels import Kernels
from tests.attacks.sweeps import assert_right_pictures, statuses
from tests.hostile import answers, files
from tests.hostile.files import ServedFile, cut_at
from tests.hostile.fixtures import MakeClient
from tests.hostile.http_wire import CUT, Answer, Hang, Reply
from tests.hostile.server import HostileServer
from tests.hostile.task_api import Entry, RemoteTask
from tests.hostile.worker import Worker, colour_of, colour_shown
from wiro_widgets import Panel
from wiro_widgets.client.sync_client import Client

VALUES = {"prompt": "x"}

# What a file server says while it is away.
OUTAGES: dict[str, Answer] = {
    "a gateway's 502": answers.GATEWAY_502,
    "503": answers.UNAVAILABLE,
    "404": Reply(b"", 404),
    "403": Reply(b"", 403),
    "410": Reply(b"", 410),
    "a gateway's 404": answers.GATEWAY_404,
    "a block page, 401": answers.BLOCK_PAGE_401,
    "a block page, 403": answers.BLOCK_PAGE_403,
    "a login page": answers.LOGIN_PAGE,
    "a cut": CUT,
    "nothing": Hang(),
}


@pytest.fixture
def impatient(make_client: MakeClient) -> Client:
    """Make a client that waits half a second for a file."""
    return make_client(timeout=0.5)


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("answer", OUTAGES.values(), ids=OUTAGES)
@pytest.mark.parametrize("way", ["result.images", "recover in another kernel", "the same sweep"])
def test_a_file_server_that_is_away(
    server: HostileServer, make_client: MakeClient, answer: Answer, way: str
) -> None:
    """The task has succeeded, its row stays open, and its pictures are fetched when the server is back."""
    server.file_server = answer
    client = make_client(timeout=0.5)
    sweep = client.sweep("a/b", VALUES, seed=[1]).wait(60)
    (cell,) = sweep.cells
    assert cell.record.outcome == "succeeded"
    assert [row.task_id for row in client.history.unfinished()] == [server.task().id]
    server.file_server = None
    colour = colour_of({**VALUES, "seed": "1"})
    if way == "result.images":
        assert cell.result is not None
        assert [colour_shown(image) for image in cell.result.images] == [colour]
    elif way == "the same sweep":
        sweep = client.sweep("a/b", VALUES, seed=[1]).wait(60)
        assert_right_pictures(sweep, VALUES)
        assert statuses(sweep) == ["succeeded"]
    else:
        client.close()
        client = make_client()
        assert [colour_shown(task.wait(60).images[0]) for task in client.recover()] == [colour]
    assert client.history.unfinished() == []
    record = client.history[server.task().id]
    assert [colour_shown(Image.open(path)) for path in record.output_paths] == [colour]
    assert server.count("Run") == 1


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("status", [401, 403, 404, 410, 429, 500, 503])
@pytest.mark.parametrize("page", [True, False], ids=["a page", "no page"])
def test_one_refusal_of_a_file(server: HostileServer, client: Client, status: int, page: bool) -> None:
    """A file that is refused once is asked for again at once."""
    refusals = [answers.page(status, "No") if page else Reply(b"", status)]
    task = client.run("a/b", VALUES)
    server.wait(lambda: server.task().outputs, "the outputs")
    (path,) = server.files
    served = server.files[path]
    server.files[path] = lambda call: refusals.pop() if refusals else served(call)
    assert len(task.wait(60).images) == 1
    assert client.history.unfinished() == []


@pytest.mark.usefixtures("worker")
def test_the_panel_says_that_pictures_are_still_to_come(
    server: HostileServer, impatient: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a succeeded run lacks its pictures the panel says so in words, and no longer when they are there."""
    server.file_server = answers.UNAVAILABLE
    panel = Panel("a/b", client=impatient)
    messages: list[Any] = []
    monkeypatch.setattr(panel, "send", lambda content, *_: messages.append(content))
    panel.set(prompt="x")
    panel.run()
    server.wait(lambda: panel.status == "succeeded", "the end")
    server.wait(
        lambda: "still to come" in json.dumps([messages, panel.get_state()], default=str), "the words"
    )
    panel.close()


FULL_DISK = """
import resource, signal, warnings
warnings.simplefilter("ignore")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
task = client.run("a/b", prompt="x")
print("begun", flush=True)
print([str(output.path) for output in task.wait(60).outputs], flush=True)
"""


def test_a_full_disk_that_has_room_again(
    server: HostileServer, make_client: MakeClient, kernels: Kernels, tmp_path: Path
) -> None:
    """What did not fit on the disk is fetched by `recover` when it does."""
    target = io.BytesIO()
    Image.effect_noise((400, 400), 80).convert("RGB").save(target, "PNG")
    assert len(target.getvalue()) > 300_000
    kernel = kernels.start(server, tmp_path, FULL_DISK)
    server.wait(lambda: server.tasks and server.task().listeners, "the kernel")
    server.finish(server.task(), [server.serve_file(target.getvalue())])
    kernel.join()
    assert "None" in kernel.output
    client = make_client()
    assert [row.task_id for row in client.history.unfinished()] == [server.task().id]
    (task,) = client.recover()
    assert task.wait(60).images[0].size == (400, 400)
    (path,) = client.history[server.task().id].output_paths
    with Image.open(path) as image:
        assert image.size == (400, 400)
    assert client.history.unfinished() == []


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("name", answers.NO_ANSWERS)
def test_task_detail_is_blocked_for_a_while(server: HostileServer, client: Client, name: str) -> None:
    """While nothing tells of a task that runs, it is followed on."""
    server.script("Task/Detail", *[answers.NO_ANSWERS[name]] * 3)
    task = client.run("a/b", VALUES)
    assert len(task.wait(60).images) == 1
    assert client.history.unfinished() == []


# Task/Detail lags behind the socket

LAGS: dict[str, Callable[[Entry], Entry]] = {
    "no outputs": answers.without_outputs,
    "one output of three": answers.first_output_only,
    "no exit code": answers.without_exit_code,
    "no outputs and no exit code": lambda entry: answers.without_outputs(answers.without_exit_code(entry)),
}


@pytest.mark.parametrize("lag", LAGS.values(), ids=LAGS)
@pytest.mark.parametrize("count", [1, 3, 200])
def test_a_detail_that_lags(
    server: HostileServer, client: Client, lag: Callable[[Entry], Entry], count: int
) -> None:
    """The socket has named three outputs, so three are fetched, however long Task/Detail has fewer."""
    Worker(server, outputs=3, awaits_socket=True)
    server.on_run = lag_at_run(server, lag, count)
    result = client.run("a/b", VALUES).wait(60)
    assert [colour_shown(image) for image in result.images] == [colour_of(VALUES)] * 3
    assert result.record.outcome == "succeeded"
    assert result.record.total_cost == 0.01
    assert len(client.history[server.task().id].output_paths) == 3
    assert client.history.unfinished() == []


def test_a_detail_without_an_exit_code_and_no_socket(server: HostileServer, client: Client) -> None:
    """Where no frame came, a task that has ended without an exit code is asked for again."""
    Worker(server, outputs=3)
    server.on_socket = close_at_once
    server.on_run = lag_at_run(server, LAGS["no outputs and no exit code"], 1)
    result = client.run("a/b", VALUES).wait(60)
    assert [colour_shown(image) for image in result.images] == [colour_of(VALUES)] * 3


def test_a_task_without_an_exit_code_has_not_failed(server: HostileServer, client: Client) -> None:
    """A task that has ended, and of which nobody says how, is not sent again, and settles when somebody says how."""
    Worker(server)
    server.on_socket = close_at_once
    server.on_run = lag_at_run(server, LAGS["no outputs and no exit code"], 1000)
    sweep = client.sweep("a/b", VALUES, seed=[1]).wait(60)
    sweep.resume().wait(60)
    assert (server.count("Run"), statuses(sweep)) == (1, ["unknown"])
    assert [row.task_id for row in client.history.unfinished()] == [server.task().id]
    server.task().next_details.clear()
    sweep.resume().wait(60)
    assert (server.count("Run"), statuses(sweep)) == (1, ["succeeded"])
    assert_right_pictures(sweep, VALUES)
    assert client.history.unfinished() == []


async def close_at_once(connection: ServerConnection, _task: RemoteTask) -> None:
    """Close a socket that has just been registered."""
    await connection.close()


def lag_at_run(server: HostileServer, lag: Callable[[Entry], Entry], count: int) -> Callable[[Any], object]:
    """Return what a Run does: its task lags, then a worker takes it."""
    begin = server.on_run

    def on_run(task: Any) -> None:
        task.next_details = deque([lag] * count)
        begin(task)

    return on_run


@pytest.mark.parametrize("count", [1, 2])
def test_a_cost_that_comes_later(server: HostileServer, client: Client, count: int) -> None:
    """A cost that Task/Detail does not have at first is booked when it has."""
    Worker(server)
    server.on_run = lag_at_run(server, answers.without_cost, count)
    result = client.run("a/b", VALUES).wait(60)
    assert result.record.outcome == "succeeded"
    server.wait(lambda: client.history[server.task().id].total_cost == 0.01, "the cost")
    assert client.history.spending() == {"a/b": 0.01}


def test_a_cost_that_never_comes(server: HostileServer, client: Client) -> None:
    """A cost that never comes keeps nobody waiting."""
    Worker(server)
    server.on_run = lag_at_run(server, answers.without_cost, 1000)
    assert len(client.run("a/b", VALUES).wait(60).images) == 1


def test_a_detail_that_knows_more(server: HostileServer, client: Client) -> None:
    """What Task/Detail names beyond the socket's frame is fetched too."""
    task = client.run("a/b", VALUES)
    server.wait(lambda: server.task().listeners, "the registration")
    remote = server.task()
    data = [_png(number) for number in range(3)]
    outputs = [server.serve_file(each, name=f"{number}.png") for number, each in enumerate(data)]
    server.finish(remote, outputs, quietly=True)
    server.emit(remote, "task_postprocess_end", outputs[:1])
    assert len(task.wait(60).images) == 3


# Files that are not what was made


def _png(number: int) -> bytes:
    target = io.BytesIO()
    Image.effect_noise((40, 40), 60 + number).convert("RGB").save(target, "PNG")
    return target.getvalue()


def _zip() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("one.txt", "some words " * 300)
    return target.getvalue()


PDF = b"%PDF-1.4\n" + b"1 0 obj << /Type /Catalog >> endobj\n" * 60 + b"trailer << /Root 1 0 R >>\n%%EOF\n"
GLB_BODY = json.dumps({"asset": {"version": "2.0"}, "extras": "x" * 1000}).encode()
GLB_BODY += b" " * (-len(GLB_BODY) % 4)
GLB = b"".join(
    [
        b"glTF",
        (2).to_bytes(4, "little"),
        (20 + len(GLB_BODY)).to_bytes(4, "little"),
        len(GLB_BODY).to_bytes(4, "little"),
        b"JSON",
        GLB_BODY,
    ]
)
KINDS: dict[str, tuple[str, str | None, bytes]] = {
    "png": ("0.png", "image/png", _png(0)),
    "glb": ("0.glb", "model/gltf-binary", GLB),
    "zip": ("0.zip", "application/zip", _zip()),
    "pdf": ("0.pdf", "application/pdf", PDF),
    "json": ("0.json", "application/json", json.dumps({"words": ["x"] * 400}).encode()),
    "text": ("0.txt", "text/plain", b"Words, and words.\n" * 80),
    "untyped": ("0.bin", None, bytes(range(256)) * 8),
}


def output_entry(server: HostileServer, kind: str, *first: Callable[[bytes], Reply]) -> dict[str, Any]:
    """Serve a file of this kind, first as the functions say, and return its entry."""
    name, content_type, data = KINDS[kind]
    served = ServedFile(data, *first, etag=None)
    entry = server.serve_file(data, served, name=name)
    return entry | {"contenttype": content_type} if content_type else {**entry, "contenttype": ""}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrong", files.WRONG_FILES.values(), ids=files.WRONG_FILES)
def test_a_wrong_file_once(
    server: HostileServer, client: Client, kind: str, wrong: Callable[[bytes], Reply]
) -> None:
    """What is a page or half a file is fetched again."""
    task = client.run("a/b", VALUES)
    server.finish(server.task(), [output_entry(server, kind, wrong)])
    (output,) = task.wait(60).outputs
    assert output.path is not None
    assert same_file(kind, output.path.read_bytes())
    assert client.history.unfinished() == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrong", files.WRONG_FILES.values(), ids=files.WRONG_FILES)
def test_a_wrong_file_for_long(
    server: HostileServer,
    make_client: MakeClient,
    tmp_path: Path,
    kind: str,
    wrong: Callable[[bytes], Reply],
) -> None:
    """What stays a page or half a file is no result: no file is kept, the run stays open, and `recover` fetches it."""
    client = make_client(timeout=1.0)
    task = client.run("a/b", VALUES)
    server.finish(server.task(), [output_entry(server, kind, *[wrong] * 50)])
    (output,) = task.wait(60).outputs
    assert output.error is not None
    assert [path.name for path in (tmp_path / "outputs").rglob("*") if path.is_file()] == []
    assert [row.task_id for row in client.history.unfinished()] == [task.id]
    path = next(iter(server.files))
    server.files[path] = ServedFile(KINDS[kind][2], etag=None)
    (recovered,) = client.recover()
    (output,) = recovered.wait(60).outputs
    assert output.path is not None
    assert same_file(kind, output.path.read_bytes())


def same_file(kind: str, data: bytes) -> bool:
    """Return True for the file of this kind; a picture has a recipe besides."""
    right = KINDS[kind][2]
    return files.pixels(data) == files.pixels(right) if kind == "png" else data == right


@pytest.mark.parametrize("kind", ["png", "glb", "zip", "pdf", "json"])
@pytest.mark.parametrize("wrong", [files.page_instead, files.zeros])
def test_a_wrong_file_of_a_size_that_nobody_told(
    server: HostileServer, client: Client, kind: str, wrong: Callable[[bytes], Reply]
) -> None:
    """Where no size is known the content still has to be of the kind that was promised."""
    task = client.run("a/b", VALUES)
    server.finish(server.task(), [output_entry(server, kind, wrong) | {"size": ""}])
    (output,) = task.wait(60).outputs
    assert output.path is not None
    assert same_file(kind, output.path.read_bytes())


@pytest.mark.parametrize("kind", KINDS)
def test_several_gzip_members(server: HostileServer, client: Client, kind: str) -> None:
    """A gzip stream of several members is one file, and all of it is kept."""
    task = client.run("a/b", VALUES)
    server.finish(server.task(), [output_entry(server, kind, files.gzip_members)])
    (output,) = task.wait(60).outputs
    assert output.path is not None
    assert same_file(kind, output.path.read_bytes())
    assert sum("/files/" in call.path for call in server.calls) == 1


RANGES = {
    "of unknown length": lambda start, total: f"bytes {start}-{total - 1}/*",
    "without a place": lambda _start, _total: "",
    "of another place": lambda start, total: f"bytes {start + 5}-{total - 1}/{total}",
    "from the beginning": lambda _start, total: f"bytes 0-{total - 1}/{total}",
    "of another length": lambda start, total: f"bytes {start}-{total + 4}/{total + 5}",
    "in other units": lambda start, total: f"lines {start}-{total - 1}/{total}",
    "of rubbish": lambda _start, _total: "bytes x-y/z",
}


@pytest.mark.parametrize("content_range", RANGES.values(), ids=RANGES)
@pytest.mark.parametrize("kind", ["png", "glb", "text", "untyped"])
def test_a_range_that_is_not_what_was_asked_for(
    server: HostileServer, client: Client, kind: str, content_range: Callable[[int, int], str]
) -> None:
    """A download that goes on is put together from what fits together alone."""
    data = KINDS[kind][2]
    half = len(data) // 2

    def wrong_range(whole: bytes) -> Reply:
        header = content_range(half, len(whole))
        return Reply(whole[half:], 206, {"content-range": header} if header else {})

    served = ServedFile(data, cut_at(half), wrong_range)
    task = client.run("a/b", VALUES)
    name, content_type, _ = KINDS[kind]
    entry = server.serve_file(data, served, name=name) | {"contenttype": content_type or ""}
    server.finish(server.task(), [entry])
    (output,) = task.wait(60).outputs
    assert output.path is not None
    assert same_file(kind, output.path.read_bytes())
