"""`output_dir="s3://..."`: outputs are written and checked here, then moved whole; records have their addresses."""

import json
import logging
import multiprocessing
import threading
import traceback
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.cloud.conftest import KEY, SECONDS, SECRET, Place
from tests.hostile.fixtures import FAST
from tests.hostile.fixtures import MakeClient as MakeHostileClient
from tests.hostile.server import HostileServer
from tests.sandbox_clients import FLUX, SMALL, MakeClient, RunCount, environment, wait_for
from tests.sweeps.worker_functions import mean
from wiro_widgets import Client, ConfigurationError, OutputError, Sandbox, WiroWarning
from wiro_widgets.journal.row import Query
from wiro_widgets.media import cloud_files
from wiro_widgets.protocol.timing import Timing

VALUES = {"prompt": "a lighthouse", "seed": 7, **SMALL}
SLOW_MOVES = Timing(move_again=(3600.0,))


def staging_files(tmp_path: Path) -> list[Path]:
    """Return the files that wait on this machine."""
    return [path for path in (tmp_path / "data").rglob("*.png") if path.is_file()]


def clear_cache(tmp_path: Path) -> None:
    """Forget the copies here, as on another machine."""
    for path in (tmp_path / "cache").rglob("*.png"):
        path.unlink()
    cloud_files._files.clear()


def test_outputs_are_moved(cloud_client: Client, place: Place, tmp_path: Path) -> None:
    """The picture is at its address whole, nothing waits here any more, and everything works as with a folder."""
    result = cloud_client.run(FLUX, **VALUES).wait(SECONDS)
    (output,) = result.outputs
    (address,) = result.record.output_paths
    assert address.startswith(f"{place.url}/20")
    assert (output.address, output.place) == (address, address)
    assert address in repr(output)
    assert place.files == {address.rpartition("/")[2]: output.bytes()}
    assert result.images[0].size == (64, 64)
    assert output.path is not None
    assert output.path.name == output.save(tmp_path).name == address.rpartition("/")[2]
    assert staging_files(tmp_path) == []
    assert cloud_client.history.unfinished() == []
    (record,) = cloud_client.history
    assert record.output_paths == (address,)
    assert record.to_dict()["output_paths"] == [address]


def test_another_machine_reads_them(
    cloud_client: Client, make_sandbox_client: MakeClient, place: Place, tmp_path: Path
) -> None:
    """With the journal and the address alone, the pictures are fetched when they are asked for, once."""
    record = cloud_client.run(FLUX, **VALUES).wait(SECONDS).record
    clear_cache(tmp_path)
    other = make_sandbox_client(output_dir=place.url)
    result = other.history.result(record.task_id or "")
    (output,) = result.outputs
    assert output.error is None
    assert output.path is None
    assert result.images[0].size == (64, 64)
    assert output.path is not None
    assert result.images.save(tmp_path / "saved")[0].stat().st_size == output.size
    assert "<img" in other.history._repr_html_()


def test_the_history_answers_a_run(
    cloud_client: Client, place: Place, run_count: RunCount, tmp_path: Path
) -> None:
    """A run with `reuse` is answered as long as the file at its address is the one that was noted."""
    cloud_client.run(FLUX, **VALUES).wait(SECONDS)
    clear_cache(tmp_path)
    again = cloud_client.run(FLUX, reuse=True, **VALUES).wait(SECONDS)
    assert again.record.reused_from is not None
    assert again.record.total_cost == 0
    assert again.images[0].size == (64, 64)
    assert run_count() == 1
    assert len(place.files) == 1


@pytest.mark.parametrize("change", ["gone", "empty", "cut", "overwritten"])
def test_a_changed_file_answers_for_nothing(
    cloud_client: Client, place: Place, run_count: RunCount, change: str
) -> None:
    """A file that was removed, emptied, cut or overwritten with as many bytes is no result of its run."""
    record = cloud_client.run(FLUX, **VALUES).wait(SECONDS).record
    (address,) = record.output_paths
    (data,) = place.files.values()
    if change == "gone":
        place.delete(address)
    else:
        place.write(address, {"empty": b"", "cut": data[:-9], "overwritten": b"x" * len(data)}[change])
    (output,) = cloud_client.history.result(record.task_id or "").outputs
    assert output.error is not None
    assert address in str(output.error)
    with pytest.raises(OutputError):
        output.bytes()
    assert cloud_client.run(FLUX, reuse=True, **VALUES).wait(SECONDS).record.reused_from is None
    assert run_count() == 2


def test_attaching_restores_a_changed_file(cloud_client: Client, place: Place) -> None:
    """What is gone is fetched from Wiro again, and nothing that stands there is overwritten."""
    record = cloud_client.run(FLUX, **VALUES).wait(SECONDS).record
    (address,) = record.output_paths
    place.write(address, b"somebody else's")
    again = cloud_client.attach(record.task_id or "").wait(SECONDS)
    assert again.images[0].size == (64, 64)
    assert again.record.output_paths != (address,)
    assert place.files[address.rpartition("/")[2]] == b"somebody else's"
    assert len(place.files) == 2


def test_the_place_is_away(
    make_sandbox_client: MakeClient, place: Place, tmp_path: Path, run_count: RunCount
) -> None:
    """Nothing that was paid for is lost: the file stays here, which is said, and is moved by the next `recover`."""
    client = make_sandbox_client(output_dir=place.url, timing=SLOW_MOVES)
    place.go_away()
    task = client.run(FLUX, **VALUES)
    result = task.wait(SECONDS)
    assert result.images[0].size == (64, 64)
    (path,) = staging_files(tmp_path)
    assert result.record.output_paths == (str(path),)
    notices = [
        event.text for event in task.events() if hasattr(event, "text") and place.url in str(event.text)
    ]
    assert "Nothing is lost" in notices[0]
    assert SECRET not in notices[0]
    assert len(client.history.unfinished()) == 1
    client.close()
    place.come_back()

    later = make_sandbox_client(output_dir=place.url)
    (task,) = later.recover()
    record = task.wait(SECONDS).record
    assert record.output_paths[0].startswith(place.url)
    wait_for(lambda: staging_files(tmp_path) == [])
    assert later.history.unfinished() == []
    assert len(place.files) == 1
    assert run_count() == 1


def test_it_is_moved_when_the_place_is_back(
    make_sandbox_client: MakeClient, place: Place, tmp_path: Path
) -> None:
    """The client itself tries again as long as it lives, and closes the row."""
    client = make_sandbox_client(output_dir=place.url, timing=Timing(move_again=(0.2,)))
    place.go_away()
    result = client.run(FLUX, **VALUES).wait(SECONDS)
    assert staging_files(tmp_path) != []
    place.come_back()
    wait_for(lambda: not client.history.unfinished())
    assert client.history.unfinished() == []
    (record,) = client.history
    assert record.output_paths[0].startswith(place.url)
    assert result.outputs[0].address == record.output_paths[0]
    wait_for(lambda: staging_files(tmp_path) == [])


def test_no_answer_while_the_place_is_away(
    cloud_client: Client, place: Place, run_count: RunCount, tmp_path: Path
) -> None:
    """Absence is no proof: a run that the history may answer is not sent while its files cannot be asked for."""
    record = cloud_client.run(FLUX, **VALUES).wait(SECONDS).record
    clear_cache(tmp_path)
    place.go_away()
    with pytest.raises(ConfigurationError, match="Nothing was sent") as info:
        cloud_client.run(FLUX, reuse=True, **VALUES)
    assert f"task {record.task_id} " in str(info.value)
    assert run_count() == 1
    assert cloud_client.attach(record.task_id or "").wait(SECONDS).record.output_paths == record.output_paths
    assert [item.output_paths for item in cloud_client.history] == [record.output_paths]


def test_a_kill_between_the_move_and_the_journal(
    make_sandbox_client: MakeClient, place: Place, tmp_path: Path, run_count: RunCount
) -> None:
    """A file that was moved and is not in the journal is neither lost nor sent twice."""
    client = make_sandbox_client(output_dir=place.url)
    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(type(client._client._engine), "write_end", _die)
        task = client.run(FLUX, **VALUES)
        wait_for(lambda: task.over)
        assert len(place.files) == 1
        assert len(staging_files(tmp_path)) == 1
        client.close()
    cloud_files._files.clear()

    later = make_sandbox_client(output_dir=place.url)
    (task,) = later.recover()
    record = task.wait(SECONDS).record
    assert len(place.files) == 1
    assert record.output_paths[0].rpartition("/")[2] in place.files
    wait_for(lambda: staging_files(tmp_path) == [])
    assert later.history.unfinished() == []
    assert run_count() == 1


async def _die(*_: object, **__: object) -> None:
    raise RuntimeError("killed")


def test_a_sweep_goes_on_from_addresses(
    cloud_client: Client, make_sandbox_client: MakeClient, place: Place, run_count: RunCount, tmp_path: Path
) -> None:
    """A sweep that another client asks for again takes its cells from the addresses, and pays for none."""
    assert cloud_client.sweep(FLUX, prompt="x", seed=[1, 2], **SMALL).wait().counts == {"succeeded": 2}
    clear_cache(tmp_path)
    sweep = make_sandbox_client(output_dir=place.url).sweep(FLUX, prompt="x", seed=[1, 2], **SMALL).wait()
    assert run_count() == 2
    assert all(cell.result is not None and cell.result.images for cell in sweep)
    assert sweep.contact_sheet().width > 64


def test_the_gallery_shows_them(cloud_client: Client, tmp_path: Path) -> None:
    """A small picture is made of a file that is fetched for it; one that was changed is not shown."""
    from wiro_widgets.widget.gallery.thumbnails import Thumbnails  # noqa: PLC0415 - for this test alone

    record = cloud_client.run(FLUX, **VALUES).wait(SECONDS).record
    clear_cache(tmp_path)
    collection = cloud_client.history.collection()
    try:
        thumbnails = Thumbnails(collection, lambda _message, _buffers: None, lambda _call, _seconds: None)
        (row,) = collection.rows(collection.ids_of_tasks([record.task_id or ""]))
        picture = thumbnails.make(row, 0)
        assert not isinstance(picture, str)
        assert (picture.full_width, picture.full_height) == (64, 64)
        other = replace(row, files=tuple(replace(item, sha256="0" * 64, tag="") for item in row.files))
        assert "was changed" in str(thumbnails.make(other, 0))
    finally:
        collection.close()


def test_an_output_is_an_input(cloud_client: Client, tmp_path: Path) -> None:
    """A picture at an address is given to another run, which knows where it comes from."""
    first = cloud_client.run(FLUX, **VALUES).wait(SECONDS)
    clear_cache(tmp_path)
    earlier = cloud_client.history.result(first.record.task_id or "")
    second = cloud_client.run(FLUX, inputImage=earlier, **VALUES).wait(SECONDS)
    assert second.record.parents == (first.record.task_id,)


def test_forgetting_deletes_them(cloud_client: Client, place: Place, tmp_path: Path) -> None:
    """`forget(files=True)` deletes the file at its address, and its copy here."""
    record = cloud_client.run(FLUX, **VALUES).wait(SECONDS).record
    assert list((tmp_path / "cache").rglob("*.png")) != []
    cloud_client.history.forget(record.task_id or "", files=True)
    assert place.files == {}
    assert list((tmp_path / "cache").rglob("*.png")) == []


def test_an_imported_run_names_no_other_place(
    cloud_client: Client, make_sandbox_client: MakeClient, place: Place, tmp_path: Path
) -> None:
    """The author of an imported history chose its addresses: only those in the output folder are opened."""
    record = cloud_client.run(FLUX, **VALUES).wait(SECONDS).record
    export = tmp_path / "runs.jsonl"
    cloud_client.history.export_to(export)
    for address in ("memory://elsewhere/a.png", f"file://{tmp_path}/secret.png", f"{place.url}/../a.png"):
        text = export.read_text(encoding="utf-8").replace(record.output_paths[0], address)
        (tmp_path / "other.jsonl").write_text(text, encoding="utf-8")
        other = make_sandbox_client(output_dir=place.url, journal=False)
        assert other.history.import_from(tmp_path / "other.jsonl") == 1
        (output,) = other.history.result(record.task_id or "").outputs
        assert "outside of the output folder" in str(output.error)
    same = make_sandbox_client(output_dir=place.url, journal=False)
    same.history.import_from(export)
    assert same.history.result(record.task_id or "").images[0].size == (64, 64)


def test_credentials_are_nowhere(
    make_sandbox_client: MakeClient, place: Place, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither reprs nor errors, logs, warnings, the journal or settings have the credentials of the place."""
    caplog.set_level(logging.DEBUG, logger="wiro_widgets")
    client = make_sandbox_client(output_dir=place.url, timing=SLOW_MOVES)
    first = client.run(FLUX, **VALUES).wait(SECONDS)
    place.go_away()
    task = client.run(FLUX, **{**VALUES, "seed": 8})
    task.wait(SECONDS)
    clear_cache(tmp_path)
    cloud_files._away.clear()
    texts = [repr(client), repr(client._client._engine), repr(task.outputs), repr(first.outputs), caplog.text]
    texts += [json.dumps(record.to_dict()) for record in client.history]
    texts += [str(client._client.settings), *map(repr, task.events())]
    with pytest.raises(OutputError) as info:
        client.history.result(first.record.task_id or "").outputs[0].bytes()
    texts += traceback.format_exception(info.value)
    texts.append((tmp_path / "journal.sqlite3").read_bytes().decode("latin-1"))
    assert not [text for text in texts if SECRET in text or KEY in text]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("s3://key:planted-secret@bucket/a", "credentials"),
        ("s3://bucket/a?secret=planted-secret", "credentials"),
        ("https://example.com/a", "no files can be moved"),
        ("s3://", "no address of a folder"),
        ("simplecache::s3://bucket", "no address of a folder"),
        ("nosuchthing://bucket/a", "pip install"),
        ("memory://bucket/../a", "no files can be moved"),
    ],
)
def test_what_is_refused(tmp_path: Path, url: str, words: str) -> None:
    """A place that cannot be used is refused before anything is sent, without the credentials in it."""
    with pytest.raises(ConfigurationError, match=words) as info:
        Client("k" * 8, "s" * 8, journal=tmp_path / "journal.sqlite3", output_dir=url)
    assert "planted-secret" not in str(info.value)


def test_the_environment_names_the_place(
    sandbox: Sandbox, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`WIRO_OUTPUT_DIR` takes an address as `output_dir` does."""
    monkeypatch.setenv("WIRO_OUTPUT_DIR", place.url)
    with Client(
        sandbox.api_key,
        sandbox.api_secret,
        base_url=sandbox.base_url,
        socket_url=sandbox.socket_url,
        journal=tmp_path / "journal.sqlite3",
    ) as client:
        record = client.run(FLUX, **VALUES).wait(SECONDS).record
    assert record.output_paths[0].startswith(place.url)


def test_it_is_said_once_as_a_warning(make_sandbox_client: MakeClient, place: Place) -> None:
    """A script that shows no panel sees a warning when outputs stay here."""
    client = make_sandbox_client(output_dir=place.url, timing=SLOW_MOVES)
    place.go_away()
    with pytest.warns(WiroWarning, match="Nothing is lost"):
        client.run(FLUX, **VALUES).wait(SECONDS)


def test_a_place_that_never_answers(make_sandbox_client: MakeClient, tmp_path: Path) -> None:
    """A move that hangs keeps neither the result nor the next one; what arrives after all is used, and once."""
    memory = pytest.importorskip("fsspec.implementations.memory").MemoryFileSystem
    gate, put_file = threading.Event(), memory.put_file

    def hang(self: Any, *args: Any, **more: Any) -> None:
        gate.wait(SECONDS)
        put_file(self, *args, **more)

    url = f"memory://{uuid4().hex}/pictures"
    client = make_sandbox_client(output_dir=url, timing=Timing(move=0.5, move_again=(0.2,)))
    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(memory, "put_file", hang)
        result = client.run(FLUX, **VALUES).wait(SECONDS)
        assert result.images[0].size == (64, 64)
        assert staging_files(tmp_path) != []
        second = client.run(FLUX, **{**VALUES, "seed": 8}).wait(SECONDS)
        assert len(client.history.unfinished()) == 2
        gate.set()
        cloud_files._away.clear()
    wait_for(lambda: not client.history.unfinished())
    assert {
        output.address.rpartition("/")[2] for output in (*result.outputs, *second.outputs) if output.address
    } == {path.rpartition("/")[2] for path in memory().find(url)}
    memory.store.clear()


def test_workers_elsewhere_move_outputs(
    make_sandbox_client: MakeClient, place: Place, sandbox: Sandbox
) -> None:
    """The workers of an executor move what they fetch; this process reads it from the address."""
    if place.url.startswith("memory:"):
        pytest.skip("the memory of another process")
    with pytest.MonkeyPatch.context() as patches:
        for name, value in environment(sandbox).items():
            patches.setenv(name, value)
        client = make_sandbox_client(output_dir=place.url)
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            cells = [{"prompt": "x", "seed": 1, **SMALL}]
            (cell,) = client.map(FLUX, cells, executor=pool, then=mean).wait(SECONDS).cells
    assert cell.record.output_paths[0].startswith(place.url)
    assert list(place.files) == [cell.record.output_paths[0].rpartition("/")[2]]
    assert client.history.result(cell.record.task_id or "").images[0].size == (64, 64)
    (row,) = client._client._engine.journal.rows(Query())
    assert [item.path for item in row.files] == list(cell.record.output_paths)


def test_wiro_has_forgotten_the_task(
    server: HostileServer, make_client: MakeHostileClient, place: Place, picture: bytes, tmp_path: Path
) -> None:
    """What waits here is moved though Wiro cannot tell of its task any more, and the row is closed."""
    place.go_away()
    client = make_client(output_dir=place.url, timing=replace(FAST, move_again=(3600.0,)))
    task = client.run("a/b", prompt="x")
    server.finish(server.task(), [server.serve_file(picture)])
    task.wait(SECONDS)
    client.close()
    place.come_back()
    server.tasks.clear()
    later = make_client(output_dir=place.url)
    (lost_task,) = later.recover()
    assert lost_task.wait(SECONDS).outputs[0].bytes()
    assert later.history.unfinished() == []
    (record,) = later.history
    assert record.output_paths[0].startswith(place.url)
    assert staging_files(tmp_path) == []
    assert len(place.files) == 1
