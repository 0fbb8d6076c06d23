"""Law 2, identity is whole or it is a question: a run gets the task and the files that are its own, or none."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.attacks.kernels import Kernels
from tests.attacks.sweeps import MODEL_ENTRY, assert_right_pictures, statuses
from tests.hostile import answers
from tests.hostile.fixtures import MakeClient
from tests.hostile.http_wire import CUT, Reply
from tests.hostile.server import HostileServer
from tests.hostile.task_api import ok
from tests.hostile.worker import Worker, colour_of, colour_shown, painted
from tests.sandbox_clients import wait_for
from wiro_widgets.client.sync_client import Client
from wiro_widgets.journal.result import TaskResult
from wiro_widgets.protocol.errors import OutputError, RunOutcomeUnknown, WiroError

VALUES = {"prompt": "make it blue"}


@pytest.fixture(autouse=True)
def model(server: HostileServer) -> None:
    """Let the server have a schema of its model, with a file."""
    server.always("Tool/Detail", ok(tool=[MODEL_ENTRY]))


@pytest.fixture
def photos(tmp_path: Path) -> list[str]:
    """Make three photos of one size and one name, in folders of their own."""
    paths = [tmp_path / f"photos-{number}" / "photo.png" for number in range(3)]
    for number, path in enumerate(paths):
        path.parent.mkdir()
        path.write_bytes(painted((10, 20, 40 + number)))
    assert len({path.stat().st_size for path in paths}) == 1
    return [str(path) for path in paths]


@pytest.fixture
def kill_during_replies(
    kernels: Kernels, server: HostileServer, tmp_path: Path, photos: list[str]
) -> Callable[[], None]:
    """Return a function that has a kernel send a Run for each photo, and kills it before the replies."""

    def kill() -> None:
        gates = [server.gate() for _ in photos]
        server.script("Run", *gates)
        kernel = kernels.start(server, tmp_path, model="a/b", values=VALUES, axes={"inputImage": photos})
        for gate in gates:
            gate.await_call()
        kernel.kill()

    return kill


def assert_own_pictures(client: Client, photos: list[str]) -> None:
    """Fail unless the sweep has a picture of each photo, and nothing is open."""
    sweep = client.sweep("a/b", VALUES, inputImage=photos).wait(60)
    assert statuses(sweep) == ["succeeded"] * len(photos)
    assert_right_pictures(sweep, VALUES, ["inputImage"])
    assert len({tuple(cell.record.output_paths) for cell in sweep.cells}) == len(photos)
    assert client.history.unfinished() == []


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("recovers_first", [True, False], ids=["recover", "the same sweep"])
def test_pictures_of_files_are_not_swapped(
    server: HostileServer,
    make_client: MakeClient,
    kill_during_replies: Callable[[], None],
    photos: list[str],
    recovers_first: bool,
) -> None:
    """Lost runs that differ in their files alone get their own tasks, whose uploads are compared."""
    kill_during_replies()
    client = make_client()
    if recovers_first:
        for task in client.recover():
            task.wait(60)
    assert_own_pictures(client, photos)
    assert server.count("Run") == 3


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("loss", ["not shown", "expired", "elsewhere"])
def test_files_that_cannot_be_compared(
    server: HostileServer,
    client: Client,
    kill_during_replies: Callable[[], None],
    photos: list[str],
    loss: str,
) -> None:
    """Where the uploads cannot be read, every task is a candidate of each run, and none is taken or sent again."""
    if loss == "not shown":
        server.show_values = answers.without_files
    elif loss == "elsewhere":
        server.show_values = lambda values: values | {"inputImage": "http://169.254.169.254/photo.png"}
    kill_during_replies()
    if loss == "expired":
        server.file_server = Reply(b"", 404)
    assert client.recover() == []
    sweep = client.sweep("a/b", VALUES, inputImage=photos).wait(60)
    assert (server.count("Run"), statuses(sweep)) == (3, ["unknown"] * 3)
    for cell in sweep.cells:
        assert isinstance(cell.error, RunOutcomeUnknown)
        assert set(cell.error.candidates) == set(server.tasks)
    assert len(client.history.unfinished()) == 3


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("shows_files", [True, False])
def test_a_task_of_a_colleague(
    server: HostileServer, client: Client, photos: list[str], shows_files: bool
) -> None:
    """A colleague's task with the same prompt and another photo is not taken for a run that made no task."""
    if not shows_files:
        server.show_values = answers.without_files
    server.script("Run", CUT)
    with pytest.raises(RunOutcomeUnknown):
        client.run("a/b", VALUES, inputImage=photos[0])
    url = server.store_upload(Path(photos[1]).read_bytes(), "photo.png")
    colleague = server.add_task("a/b", **VALUES, inputImage=url)
    Worker(server).finish_all()
    assert client.recover() == []
    sweep = client.sweep("a/b", VALUES, inputImage=photos[:1]).wait(60)
    assert all(cell.record.task_id != colleague.id for cell in sweep.cells)
    assert len(client.history.unfinished()) >= 1


@pytest.mark.usefixtures("worker")
def test_an_equal_task_beside_ours(server: HostileServer, client: Client, photos: list[str]) -> None:
    """Where two tasks are equal in everything, it is the user who says which is whose."""
    server.script("Run", server.effect_then(CUT))
    url = server.store_upload(Path(photos[0]).read_bytes(), "photo.png")
    server.add_task("a/b", **VALUES, inputImage=url)
    with pytest.raises(RunOutcomeUnknown) as error:
        client.run("a/b", VALUES, inputImage=photos[0])
    assert set(error.value.candidates) <= set(server.tasks)
    recovered = client.recover()
    assert [task.id for task in recovered] in ([], [server.task().id])
    assert server.count("Run") == 1


@pytest.fixture
def other_server() -> Iterator[HostileServer]:
    """Start a second server, whose tasks have the same numbers."""
    with HostileServer() as server:
        Worker(server)
        server.always("Tool/Detail", ok(tool=[MODEL_ENTRY]))
        yield server


@pytest.mark.parametrize("way", ["attach", "recover"])
def test_two_servers_with_equal_numbers(
    server: HostileServer, other_server: HostileServer, make_client: MakeClient, way: str
) -> None:
    """Two servers that count their tasks alike share a folder and a journal, and no picture."""
    with make_client() as client:
        mine = client.run("a/b", prompt="of this server")
    other = make_client(base_url=other_server.base_url, socket_url=other_server.socket_url)
    picture = other.run("a/b", prompt="of the other server").wait(60).images[0]
    assert colour_shown(picture) == colour_of({"prompt": "of the other server"})
    Worker(server).finish_all()
    client = make_client()
    task = client.attach("701") if way == "attach" else client.recover()[0]
    result = task.wait(60)
    assert task.id == mine.id == "701"
    assert colour_shown(result.images[0]) == colour_of({"prompt": "of this server"})
    assert colour_shown(other.history.result("701").images[0]) == colour_shown(picture)


# Files that are no longer what the run made


def replace_by_picture(path: Path) -> None:
    """Write another picture of the same size over the file."""
    path.write_bytes(painted((10, 20, 40)))


def replace_by_link(path: Path) -> None:
    """Put a link to another picture in the place of the file."""
    other = path.with_name("other.png")
    other.write_bytes(painted((10, 20, 40)))
    path.unlink()
    path.symlink_to(other)


def replace_by_folder(path: Path) -> None:
    """Put a folder in the place of the file."""
    path.unlink()
    path.mkdir()


def replace_by_pipe(path: Path) -> None:
    """Put a pipe in the place of the file: who opens it waits for ever."""
    path.unlink()
    os.mkfifo(path)


def rot(path: Path) -> None:
    """Change one byte of the file."""
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)


TAMPERINGS: dict[str, Callable[[Path], object]] = {
    "removed": Path.unlink,
    "emptied": lambda path: os.truncate(path, 0),
    "cut": lambda path: os.truncate(path, path.stat().st_size // 2),
    "with a byte that has changed": rot,
    "overwritten by another picture": replace_by_picture,
    "overwritten by a text": lambda path: path.write_text("nothing to see"),
    "a link to another picture": replace_by_link,
    "a folder": replace_by_folder,
    "a pipe": replace_by_pipe,
}


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("tamper", TAMPERINGS.values(), ids=TAMPERINGS)
def test_a_sweep_whose_files_were_changed(
    server: HostileServer, make_client: MakeClient, tamper: Callable[[Path], object]
) -> None:
    """A file that is not what was noted does not answer for its run: it is fetched again, and nothing is sent."""
    with make_client() as client:
        sweep = client.sweep("a/b", VALUES, seed=[1, 2]).wait(60)
        tamper(Path(sweep.cells[0].record.output_paths[0]))
    sweep = make_client().sweep("a/b", VALUES, seed=[1, 2]).wait(60)
    assert (server.count("Run"), statuses(sweep)) == (2, ["succeeded"] * 2)
    assert_right_pictures(sweep, VALUES)


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("tamper", TAMPERINGS.values(), ids=TAMPERINGS)
def test_a_reuse_whose_files_were_changed(make_client: MakeClient, tamper: Callable[[Path], object]) -> None:
    """The history does not answer with a file that is not what was noted."""
    with make_client() as client:
        result = client.run("a/b", VALUES, seed=7).wait(60)
        tamper(Path(result.record.output_paths[0]))
    result = make_client().run("a/b", VALUES, seed=7, reuse=True).wait(60)
    assert colour_shown(result.images[0]) == colour_of({**VALUES, "seed": "7"})


RUN = """
client.run("a/b", prompt="x").wait(60)
"""


@pytest.mark.parametrize("tamper", TAMPERINGS.values(), ids=TAMPERINGS)
def test_a_file_that_was_changed_before_it_was_noted(
    server: HostileServer,
    client: Client,
    kernels: Kernels,
    tmp_path: Path,
    tamper: Callable[[Path], object],
) -> None:
    """A kernel was killed between a file and its note: what stands there then is the output only if it says so."""
    kernel = kernels.start(server, tmp_path, RUN)
    server.wait(lambda: server.tasks and server.task().listeners, "the kernel")
    gate = server.gate()
    data = painted((1, 2, 3))
    server.finish(server.task(), [server.serve_file(data), server.serve_file(data, gate, name="1.png")])
    server.wait(lambda: list((tmp_path / "outputs").rglob("*-0.png")), "the first file")
    kernel.kill()
    server.files["/files/1/1.png"] = server.files["/files/0/0.png"]
    tamper(next((tmp_path / "outputs").rglob("*-0.png")))
    (task,) = client.recover()
    assert [colour_shown(image) for image in task.wait(60).images] == [(1, 2, 3)] * 2
    assert client.history.unfinished() == []


# Histories that others have written


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """Return a picture outside the output folder, which an imported history must not read."""
    path = tmp_path / "private" / "secret.png"
    path.parent.mkdir()
    path.write_bytes(painted((200, 0, 0)))
    return path


def place_outside(_path: Path, secret: Path) -> str:
    """Name the secret itself."""
    return str(secret)


def place_by_dots(path: Path, secret: Path) -> str:
    """Name the secret by a way through the output folder."""
    return str(path.parent / ".." / ".." / secret.parent.name / secret.name)


def place_by_link(path: Path, secret: Path) -> str:
    """Name a link in the output folder."""
    link = path.with_name("link.png")
    if not link.is_symlink():
        link.symlink_to(secret)
    return str(link)


def place_by_folder_link(path: Path, secret: Path) -> str:
    """Name a file behind a linked folder in the output folder."""
    link = path.parent / "2020-01-01"
    if not link.is_symlink():
        link.symlink_to(secret.parent)
    return str(link / secret.name)


PLACES = [place_outside, place_by_dots, place_by_link, place_by_folder_link]


@pytest.fixture
def edited_history(
    make_client: MakeClient, tmp_path: Path, secret: Path
) -> Callable[[Callable[[Path, Path], str]], Path]:
    """Return a function that exports a finished run, with a path that was edited."""

    def export(place: Callable[[Path, Path], str]) -> Path:
        file = tmp_path / "history.jsonl"
        with make_client() as client:
            client.sweep("a/b", VALUES, seed=[7]).wait(60)
            (path,) = client.history.records()[0].output_paths
            client.history.export_to(file)
        lines = []
        for line in file.read_text().splitlines():
            row = json.loads(line)
            for name in ("paths", "record", "files"):
                if row.get(name):
                    new_path = json.dumps(place(Path(path), secret))[1:-1]
                    row[name] = str(row[name]).replace(json.dumps(path)[1:-1], new_path)
            lines.append(json.dumps(row))
        file.write_text("\n".join(lines) + "\n")
        return file

    return export


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("way", ["reuse", "sweep", "result", "attach"])
def test_an_edited_history_reads_no_secret(
    make_client: MakeClient,
    tmp_path: Path,
    secret: Path,
    edited_history: Callable[[Callable[[Path, Path], str]], Path],
    place: Callable[[Path, Path], str],
    way: str,
) -> None:
    """What an imported history names outside the output folder is not opened, by no way."""
    file = edited_history(place)
    client = make_client(journal=tmp_path / "new.sqlite3")
    client.history.import_from(file)
    data: list[bytes] = []
    result: TaskResult | None
    try:
        if way == "reuse":
            result = client.run("a/b", VALUES, seed=7, reuse=True).wait(60)
        elif way == "sweep":
            sweep = client.sweep("a/b", VALUES, seed=[7]).wait(60)
            result = sweep.cells[0].result
        elif way == "attach":
            result = client.attach("701").wait(60)
        else:
            result = client.history.result("701")
        assert result is not None
        data = [output.bytes() for output in result.outputs]
        assert all(output.path is None or output.path.resolve() != secret for output in result.outputs)
    except (OutputError, WiroError):
        assert way == "result"
    assert secret.read_bytes() not in data
    assert all(colour_shown(Image.open(io.BytesIO(each))) != (200, 0, 0) for each in data)


@pytest.mark.usefixtures("worker")
def test_an_imported_history_whose_files_are_right(
    server: HostileServer, make_client: MakeClient, tmp_path: Path
) -> None:
    """An imported run whose files lie in the output folder as they were noted answers for an equal one."""
    file = tmp_path / "history.jsonl"
    with make_client() as client:
        client.sweep("a/b", VALUES, seed=[7]).wait(60)
        client.history.export_to(file)
    client = make_client(journal=tmp_path / "new.sqlite3")
    client.history.import_from(file)
    sweep = client.sweep("a/b", VALUES, seed=[7]).wait(60)
    assert (server.count("Run"), statuses(sweep)) == (1, ["succeeded"])
    assert_right_pictures(sweep, VALUES)


@pytest.fixture
def unfinished_history(make_client: MakeClient, tmp_path: Path) -> Callable[..., Path]:
    """Return a function that exports a run that goes on, with changes to its row; nothing of it is left here."""

    def export(**changes: Any) -> Path:
        file = tmp_path / "history.jsonl"
        with make_client(journal=tmp_path / "theirs.sqlite3") as client:
            client.sweep("a/b", VALUES, seed=[7])
            wait_for(lambda: any(row.task_id for row in client.history.unfinished()))
            client.history.export_to(file)
        header, line = file.read_text().splitlines()
        file.write_text(f"{header}\n{json.dumps({**json.loads(line), **changes})}\n")
        return file

    return export


@pytest.mark.parametrize("way", ["reuse", "sweep"])
@pytest.mark.parametrize(
    "changes", [{}, {"parameters": '{"prompt": "a colleague\'s", "seed": 9}'}], ids=["", "edited values"]
)
def test_an_imported_row_names_the_task_of_others(
    server: HostileServer,
    make_client: MakeClient,
    tmp_path: Path,
    unfinished_history: Callable[..., Path],
    way: str,
    changes: dict[str, Any],
) -> None:
    """A task that an imported row names gives its picture to no run of other values; the user is asked."""
    other = server.add_task("a/b", prompt="a colleague's", seed="9")
    file = unfinished_history(task_id=other.id, **changes)
    Worker(server).finish_all()
    client = make_client(journal=tmp_path / "new.sqlite3")
    client.history.import_from(file)
    if way == "sweep":
        sweep = client.sweep("a/b", VALUES, seed=[7]).wait(60)
        assert statuses(sweep) == ["unknown"]
        error = sweep.cells[0].error
    else:
        with pytest.raises(RunOutcomeUnknown) as caught:
            client.run("a/b", VALUES, seed=7, reuse=True)
        error = caught.value
    assert isinstance(error, RunOutcomeUnknown)
    assert error.candidates == (other.id,)
    assert server.count("Run") == 1


def test_an_imported_row_names_the_right_task(
    server: HostileServer, make_client: MakeClient, tmp_path: Path, unfinished_history: Callable[..., Path]
) -> None:
    """A sweep follows the task that an imported row names if model and values are the cell's, and sends nothing."""
    file = unfinished_history()
    Worker(server).finish_all()
    client = make_client(journal=tmp_path / "new.sqlite3")
    client.history.import_from(file)
    sweep = client.sweep("a/b", VALUES, seed=[7]).wait(60)
    assert (server.count("Run"), statuses(sweep)) == (1, ["succeeded"])
    assert_right_pictures(sweep, VALUES)


# Keys


PAIRS: list[tuple[Any, Any]] = [
    (True, "true"),
    (False, "false"),
    (True, 1),
    (1, 1.0),
    ("None", [None]),
    ([None], ["None"]),
    ({"a": None}, {"a": "None"}),
    ({"a": True}, {"a": "true"}),
    ([1, 2], "[1, 2]"),
    (["a", "b"], "a,b"),
    ("", "None"),
    ("caf\u00e9", "cafe\u0301"),
    ("x", "x "),
]


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("pair", PAIRS, ids=repr)
def test_values_that_differ_on_the_wire(
    server: HostileServer, make_client: MakeClient, pair: tuple[Any, Any]
) -> None:
    """Of a model without a schema, values that are sent differently are different runs."""
    server.clear_script("Tool/Detail")
    with make_client() as client:
        for number, value in enumerate(pair, 1):
            sweep = client.map("a/b", [{**VALUES, "option": value, "seed": 7}]).wait(60)
            assert (server.count("Run"), statuses(sweep)) == (number, ["succeeded"])
            result = client.run("a/b", {**VALUES, "option": value, "seed": 7}, reuse=True).wait(60)
            assert result.record.reused_from == sweep.cells[0].record.task_id


@pytest.mark.usefixtures("worker")
def test_an_input_by_url(server: HostileServer, client: Client) -> None:
    """What is behind a URL may have changed, so the history answers for it only with a word of warning, or not."""
    url = server.store_upload(painted((1, 2, 3)), "photo.png")
    first = client.run("a/b", VALUES, inputImage=url, seed=7).wait(60)
    second = client.run("a/b", VALUES, inputImage=url, seed=7, reuse=True)
    record = second.wait(60).record
    words = " ".join(str(event) for event in second.events_so_far())
    assert record.reused_from != first.record.task_id or "URL" in words
