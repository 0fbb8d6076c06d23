"""Settling is not the end: what is missing is fetched later, and a poorer reply is asked again."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.hostile import answers
from tests.hostile.files import pixels
from tests.hostile.fixtures import FAST, ONLY_SOCKET, MakeClient
from tests.hostile.http_wire import Answer, Call, Reply
from tests.hostile.server import CUT, KEY, SECRET, HostileServer
from tests.hostile.task_api import Entry, ok
from tests.hostile.task_texts import notices
from wiro_widgets.client.async_client import AsyncClient
from wiro_widgets.client.sync_client import Client, Task
from wiro_widgets.journal.result import TaskResult
from wiro_widgets.media.output import Output
from wiro_widgets.money.budget import Budget, Charge
from wiro_widgets.money.estimator import Estimator
from wiro_widgets.money.ledger import Ledger
from wiro_widgets.protocol.errors import NotFound, OutputError, TaskError
from wiro_widgets.protocol.prices.pricing import Estimate
from wiro_widgets.protocol.record import TaskRecord

AWAY: dict[str, Answer] = {
    "403": Reply(b"", 403),
    "404": Reply(b"", 404),
    "401": answers.BLOCK_PAGE_401,
    "a block page": answers.BLOCK_PAGE_403,
    "a login page": answers.LOGIN_PAGE,
    "cut": CUT,
    "503": Reply(b"", 503),
}


def finish_without_files(
    server: HostileServer, client: Client, picture: bytes, away: Answer = AWAY["404"], count: int = 2
) -> tuple[Task, TaskResult]:
    """Run a task whose first picture comes while the file server answers the others with `away`."""
    task = client.run("a/b", prompt="x")
    outputs = [server.serve_file(picture, name=f"{number}.png") for number in range(count)]
    first, *others = list(server.files)[-count:]
    handlers = {path: server.files[path] for path in others}
    for path in others:
        server.files[path] = lambda call: handlers[call.path](call) if is_back(server) else away
    server.finish(server.task(), outputs)
    assert first in server.files
    return task, task.wait(60)


def is_back(server: HostileServer) -> bool:
    """Return True once the test has let the file server come back."""
    return bool(getattr(server, "files_are_back", False))


def come_back(server: HostileServer) -> None:
    """Let the file server answer again."""
    server.files_are_back = True  # type: ignore[attr-defined]


def unfinished(client: Client) -> list[str | None]:
    """Return the ids of the tasks that the journal calls unfinished."""
    return [row.task_id for row in client.history.unfinished()]


@pytest.mark.parametrize("away", AWAY.values(), ids=AWAY)
def test_recover_fetches_what_is_missing(
    server: HostileServer, client: Client, picture: bytes, away: Answer
) -> None:
    """The task has succeeded and its row stays open; `recover` fetches the file and closes the row."""
    task, result = finish_without_files(server, client, picture, away)
    assert (task.status, result.record.outcome, unfinished(client)) == ("succeeded", "succeeded", [task.id])
    assert any("Pictures still to come: 1 of 2" in text for text in notices(task))
    come_back(server)
    (again,) = client.recover()
    assert again.id == task.id
    assert len(again.wait(60).images) == 2
    assert unfinished(client) == []
    assert len(client.history[str(task.id)].output_paths) == 2
    assert [call.path for call in server.calls].count("/files/0/0.png") == 1  # that one was here
    assert client.recover() == []


def test_recover_in_another_kernel(server: HostileServer, make_client: MakeClient, picture: bytes) -> None:
    """The row is open for other clients too, after the first one is closed."""
    first = make_client()
    finish_without_files(server, first, picture)
    first.close()
    come_back(server)
    second = make_client()
    (again,) = second.recover()
    assert len(again.wait(60).images) == 2
    assert unfinished(second) == []
    assert server.count("Run") == 1


READS: dict[str, Callable[[TaskResult], object]] = {
    "images": lambda result: result.images,
    "bytes": lambda result: result.outputs[1].bytes(),
    "image": lambda result: result.outputs[2].image(),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_the_next_use_fetches_what_is_missing(
    server: HostileServer, client: Client, picture: bytes, read: Callable[[TaskResult], object]
) -> None:
    """While the file server is away a use raises; once it is back, the next one fetches all and closes the row."""
    task, result = finish_without_files(server, client, picture, count=4)
    with pytest.raises(OutputError, match="HTTP 404"):
        read(result)
    assert unfinished(client) == [task.id]
    come_back(server)
    read(result)
    assert unfinished(client) == []
    assert len(result.images) == 4
    assert all(pixels(output.bytes()) == pixels(picture) for output in task.outputs)
    assert len(client.history[str(task.id)].output_paths) == 4


def test_saving_fetches_what_is_missing(
    server: HostileServer, client: Client, picture: bytes, tmp_path: Path
) -> None:
    """`save` fetches a missing file as well, and a display fetches nothing."""
    _, result = finish_without_files(server, client, picture)
    count = sum("/files/" in call.path for call in server.calls)
    assert "HTTP 404" in result._repr_html_()
    assert sum("/files/" in call.path for call in server.calls) == count
    come_back(server)
    assert pixels(result.outputs[1].save(tmp_path / "x.png").read_bytes()) == pixels(picture)


def test_several_threads_fetch_once(server: HostileServer, client: Client, picture: bytes) -> None:
    """Threads that use the missing files at the same time cause one download of each."""
    _, result = finish_without_files(server, client, picture, count=3)
    come_back(server)
    count = sum("/files/" in call.path for call in server.calls)
    sizes: list[int] = []
    threads = [
        threading.Thread(target=lambda output=output: sizes.append(len(output.bytes())))
        for output in result.outputs[1:] * 4
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(sizes) == 8
    assert sum("/files/" in call.path for call in server.calls) == count + 2


def test_a_new_address(server: HostileServer, client: Client, picture: bytes) -> None:
    """Addresses expire; the next use asks Task/Detail for new ones."""
    task, result = finish_without_files(server, client, picture)
    remote = server.task()
    remote.outputs = [remote.outputs[0], server.serve_file(picture, name="signed-anew.png")]
    assert len(result.images) == 2
    assert unfinished(client) == []
    assert task.outputs[1].url == remote.outputs[1]["url"]


def test_a_use_after_the_client_is_closed(server: HostileServer, client: Client, picture: bytes) -> None:
    """A closed client fetches nothing, and does not keep anybody waiting."""
    _, result = finish_without_files(server, client, picture)
    client.close()
    come_back(server)
    with pytest.raises(OutputError, match="HTTP 404"):
        _ = result.images


def test_an_output_that_can_never_come_keeps_nothing_open(
    server: HostileServer, client: Client, picture: bytes
) -> None:
    """An address that may not be fetched is no unfinished business."""
    task = client.run("a/b", prompt="x")
    server.finish(
        server.task(), [server.serve_file(picture), {"name": "1.png", "url": "http://10.0.0.1/x.png"}]
    )
    assert task.wait(60).outputs[1].error is not None
    assert unfinished(client) == []


def test_an_async_client(server: HostileServer, picture: bytes, tmp_path: Path) -> None:
    """On the client's own loop a use raises at once, from another thread it fetches."""

    async def main() -> None:
        async with AsyncClient(
            KEY,
            SECRET,
            base_url=server.base_url,
            socket_url=server.socket_url,
            journal=tmp_path / "a.sqlite3",
            output_dir=tmp_path / "a",
        ) as client:
            task = await client.run("a/b", prompt="x")
            output = server.serve_file(picture)
            handler = server.files["/files/0/0.png"]
            server.files["/files/0/0.png"] = lambda _call: Reply(b"", 404)
            await asyncio.to_thread(server.finish, server.task(), [output])
            result = await task.wait(60)
            server.files["/files/0/0.png"] = handler
            with pytest.raises(OutputError):
                _ = result.images
            assert len(await asyncio.to_thread(lambda: result.images)) == 1
            assert client.history.unfinished() == []

    asyncio.run(main())


@pytest.mark.filterwarnings("ignore::wiro_widgets.WiroWarning")
def test_a_full_disk_that_has_room_again(
    server: HostileServer, make_client: MakeClient, picture: bytes, tmp_path: Path
) -> None:
    """What had to stay in memory keeps the row open; once there is room, it is written and the row closed."""
    client, folder = make_client(), tmp_path / "outputs"
    folder.write_bytes(b"a file where the folder should be")
    task = client.run("a/b", prompt="x")
    server.finish(server.task(), [server.serve_file(picture)])
    (output,) = task.wait(60).outputs
    assert (output.path, pixels(output.bytes())) == (None, pixels(picture))
    assert unfinished(client) == [task.id]
    folder.unlink()
    (again,) = client.recover()
    (output,) = again.wait(60).outputs
    assert output.path is not None
    assert unfinished(client) == []


@pytest.mark.filterwarnings("ignore::wiro_widgets.WiroWarning")
def test_a_file_in_memory_is_written_without_a_download(
    server: HostileServer, make_client: MakeClient, picture: bytes, tmp_path: Path
) -> None:
    """Fetching what is missing writes the bytes that are in memory already."""
    client, folder = make_client(), tmp_path / "outputs"
    folder.write_bytes(b"a file where the folder should be")
    task = client.run("a/b", prompt="x")
    server.finish(server.task(), [server.serve_file(picture)])
    (output,) = task.wait(60).outputs
    folder.unlink()
    server.files.clear()
    client._bridge.call(task._task.fetch_missing())
    assert output.path is not None
    assert pixels(output.path.read_bytes()) == pixels(picture)
    assert unfinished(client) == []


# The richer of socket and Task/Detail

LAGS = {
    "no outputs": answers.without_outputs,
    "one output": answers.first_output_only,
    "no exit code": answers.without_exit_code,
    "neither": lambda entry: answers.without_exit_code(answers.without_outputs(entry)),
}


@ONLY_SOCKET
@pytest.mark.parametrize("lag", LAGS.values(), ids=LAGS)
@pytest.mark.parametrize("times", [1, 2])
def test_a_detail_that_lags_is_read_again(
    server: HostileServer, run: Task, picture: bytes, lag: Callable[[Entry], Entry], times: int
) -> None:
    """The socket named three outputs; what Task/Detail says too early is not believed."""
    remote = server.task()
    remote.next_details.extend([lag] * times)
    server.finish(remote, [server.serve_file(picture, name=f"{number}.png") for number in range(3)])
    result = run.wait(60)
    assert (result.record.outcome, result.record.output_count, len(result.images)) == ("succeeded", 3, 3)
    assert server.count("Task/Detail") == 1 + times


@ONLY_SOCKET
@pytest.mark.parametrize("lag", LAGS.values(), ids=LAGS)
def test_a_detail_that_never_catches_up(
    server: HostileServer, run: Task, picture: bytes, lag: Callable[[Entry], Entry]
) -> None:
    """After some reads the task settles with the outputs that the socket named, in its order, each once."""
    remote = server.task()
    remote.next_details.extend([lag] * 50)
    names = [f"{number}.png" for number in range(3)]
    server.finish(remote, [server.serve_file(picture, name=name) for name in names])
    result = run.wait(60)
    assert [output.name for output in result.outputs] == names
    assert (result.record.outcome, len(result.images)) == ("succeeded", 3)
    assert server.count("Task/Detail") == 3  # FAST.settling has two


def test_an_end_that_no_frame_announced(server: HostileServer, run: Task, picture: bytes) -> None:
    """Without any frame a success without outputs is asked again."""
    remote = server.task()
    remote.next_details.append(answers.without_outputs)
    server.finish(remote, [server.serve_file(picture)], quietly=True)
    assert len(run.wait(60).images) == 1


@pytest.mark.timing(late_cost=(0.1, 0.3, 0.3))
def test_a_cost_that_comes_later(server: HostileServer, make_client: MakeClient, picture: bytes) -> None:
    """A cost that is not there at the end does not delay the result, and is booked when it comes."""
    client = make_client()
    task = client.run("a/b", prompt="x")
    remote = server.task()
    remote.more["totalcost"] = "0.25"
    remote.next_details.extend([answers.without_cost] * 2)
    server.finish(remote, [server.serve_file(picture)])
    assert task.wait(60).record.total_cost is None
    server.wait(lambda: client.history[str(task.id)].total_cost == 0.25, "the cost")
    assert task.record.total_cost == 0.25
    assert unfinished(client) == []


def test_a_charge_whose_cost_comes_later() -> None:
    """Until the cost is there the whole estimate stays set aside."""
    budget = Budget(5.0)
    ledger = Ledger(Estimator(None, None), budget)  # type: ignore[arg-type]
    ledger.enter("row", Charge([budget], Estimate(1.0, 1.0, exact=True, reason="a test")))
    record = TaskRecord(task_id="1", model="a/b", outcome="succeeded")
    ledger.settle("row", record, cost_may_come=True)
    assert (budget.spent, budget.in_flight) == (0.0, 1.0)
    ledger.settle("row", replace(record, total_cost=0.25))
    assert (budget.spent, budget.in_flight) == (0.25, 0.0)


@ONLY_SOCKET
def test_an_end_that_nobody_explains(
    server: HostileServer, run: Task, client: Client, make_client: MakeClient, picture: bytes
) -> None:
    """If nobody says how a task ended, it is unknown and its row stays; later its picture comes."""
    remote = server.task()
    remote.next_details.extend([lambda entry: answers.without_exit_code(answers.without_outputs(entry))] * 3)
    remote.outputs = [server.serve_file(picture)]
    remote.pexit, remote.status = "0", "task_postprocess_end"
    server.emit(remote, "task_postprocess_end", [])
    with pytest.raises(TaskError, match="does not say how"):
        run.wait(60)
    assert (run.status, unfinished(client)) == ("unknown", [run.id])
    (again,) = make_client(timing=FAST).recover()
    assert len(again.wait(60).images) == 1
    assert unfinished(client) == []


# Nobody knows the task


@pytest.mark.timing(silence=(0.01,))
def test_a_receipt_is_believed(server: HostileServer, client: Client) -> None:
    """If Task/Detail never knows a task with a receipt, it is unknown, its row stays, and it may be there later."""
    server.always("Task/Detail", answers.NO_SUCH_TASK)
    server.on_socket = lambda connection, _task: connection.close()
    task = client.run("a/b", prompt="x")
    with pytest.raises(TaskError, match="it may exist all the same") as error_info:
        task.wait(60)
    assert not isinstance(error_info.value, NotFound)
    assert (task.status, unfinished(client)) == ("unknown", [task.id])
    with pytest.raises(NotFound):
        client.attach("12345")
    server.clear_script("Task/Detail")
    server.finish(server.task(), quietly=True)
    (again,) = client.recover()
    assert again.wait(60).record.outcome == "succeeded"


@pytest.mark.timing(silence=(0.01,))
@pytest.mark.parametrize("page", [answers.BLOCK_PAGE_401, answers.BLOCK_PAGE_403, answers.GATEWAY_404])
def test_a_page_ends_no_following(server: HostileServer, client: Client, page: Reply) -> None:
    """A page with 401, 403 or 404 says nothing of the key or the task, however often it comes."""
    server.script("Task/Detail", *[page] * 15)
    task = client.run("a/b", prompt="x")
    server.wait(lambda: server.count("Task/Detail") > 15, "the reads")
    assert not task.over
    server.finish(server.task())
    assert task.wait(60).record.outcome == "succeeded"


@pytest.mark.timing(silence=(0.01,))
def test_a_detail_without_an_id_is_no_task(server: HostileServer, client: Client) -> None:
    """A reply that names no task does not end one."""
    task = client.run("a/b", prompt="x")

    def nameless(_call: Call) -> Reply:
        entry = server.task().entry() | {"status": "task_cancel", "pexit": "1"}
        return ok(total="1", tasklist=[answers.without_id(entry)])

    server.script("Task/Detail", *[nameless] * 5)
    server.wait(lambda: server.count("Task/Detail") > 5, "the reads")
    assert not task.over
    server.finish(server.task())
    assert task.wait(60).record.outcome == "succeeded"


# Files on the disk


def empty(path: Path) -> None:
    """Leave no bytes."""
    path.write_bytes(b"")


def cut(path: Path) -> None:
    """Leave half of the bytes."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwrite(path: Path) -> None:
    """Change bytes and keep the size."""
    path.write_bytes(bytes(path.stat().st_size))


def replace_by_link(path: Path) -> None:
    """Put a link to another picture there."""
    other = path.with_name("other.png")
    path.rename(other)
    path.symlink_to(other)


def replace_by_folder(path: Path) -> None:
    """Put a folder there."""
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("spoil", [empty, cut, overwrite, replace_by_link, replace_by_folder, os.remove])
def test_a_file_that_changed_is_downloaded_again(
    server: HostileServer, client: Client, picture: bytes, spoil: Callable[[Path], None]
) -> None:
    """A file answers only while it is what was noted."""
    task = client.run("a/b", prompt="x")
    server.finish(server.task(), [server.serve_file(picture), server.serve_file(picture, name="1.png")])
    first, second = task.wait(60).outputs
    assert first.path is not None
    spoil(first.path)
    again = client.attach(str(task.id)).wait(60)
    assert [pixels(output.bytes()) == pixels(picture) for output in again.outputs] == [True, True]
    assert again.outputs[1].path == second.path
    counts = [
        [call.path for call in server.calls].count(path) for path in ("/files/0/0.png", "/files/1/1.png")
    ]
    assert counts == [2, 1]


def test_two_servers_and_one_folder(
    server: HostileServer, make_client: MakeClient, picture: bytes, tmp_path: Path
) -> None:
    """A file of another server's task of the same number, which no row of this journal names, is not ours."""
    ours = make_client()
    task = ours.run("a/b", prompt="ours")
    server.wait(lambda: server.task().listeners, "the registration")
    with HostileServer() as other:
        theirs = make_client(
            base_url=other.base_url, socket_url=other.socket_url, journal=tmp_path / "theirs.sqlite3"
        )
        foreign = theirs.run("a/b", prompt="theirs")
        assert foreign.id == task.id
        other.finish(other.task(), [other.serve_file(picture)])
        (foreign_output,) = foreign.wait(60).outputs
    ours.close()
    server.finish(server.task(), [server.serve_file(picture)], quietly=True)
    (again,) = make_client().recover()
    (output,) = again.wait(60).outputs
    assert isinstance(output, Output)
    assert output.path != foreign_output.path
    assert sum(call.path == "/files/0/0.png" for call in server.calls) == 1
