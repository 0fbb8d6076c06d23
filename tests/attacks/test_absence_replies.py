"""Law 1, absence is no proof: no reply of a Run, and no answer of Task/Detail, makes a cell be paid twice."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.attacks.sweeps import MODEL_ENTRY, assert_right_pictures, statuses
from tests.hostile import answers
from tests.hostile.fixtures import MakeClient
from tests.hostile.http_wire import CUT, Answer, Hang, Reply
from tests.hostile.server import Handler, HostileServer
from tests.hostile.task_api import ok, refused
from tests.hostile.worker import Worker, painted
from wiro_widgets.client.sync_client import Client
from wiro_widgets.protocol.errors import AuthenticationError, ConfigurationError, RunOutcomeUnknown, WiroError

VALUES = {"prompt": "x"}
SEEDS = [1, 2, 3]
# A choice that is sent although nobody has chosen.
REQUIRED_GROUP = {
    "title": "More",
    "items": [
        {
            "id": "style",
            "type": "select",
            "required": True,
            "default": "plain",
            "options": [{"value": "plain"}, {"value": "bold"}],
        }
    ],
}

# How the reply of a Run is lost although a task was made, or perhaps was.
LOST_REPLIES: dict[str, Answer] = {
    "it hangs": Hang(),
    "it is cut": CUT,
    "it is cut midway": Reply({"result": True, "taskid": "701"}, cut=12),
    "it names no task": ok(),
    **{
        f"it is {name}": answer
        for name, answer in answers.NO_ANSWERS.items()
        if name not in ("no such task", "no such task, code 0", "an empty list", "code 0")
    },
}


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("reply", LOST_REPLIES.values(), ids=LOST_REPLIES)
def test_a_lost_reply_in_one_kernel(server: HostileServer, make_client: MakeClient, reply: Answer) -> None:
    """The sweep is begun again in the same kernel after its replies were lost, while Wiro lists nothing."""
    client = make_client(timeout=0.4)
    server.lists_late = True
    server.script("Run", *[server.effect_then(reply)] * len(SEEDS))
    first = client.sweep("a/b", VALUES, seed=SEEDS).wait(60)
    assert statuses(first) == ["unknown"] * 3
    second = client.sweep("a/b", VALUES, seed=SEEDS).wait(60)
    first.resume().wait(60)
    assert server.count("Run") == 3
    server.list_all()
    for sweep in (second, first):
        sweep.resume().wait(60)
        assert (server.count("Run"), statuses(sweep)) == (3, ["succeeded"] * 3)
        assert_right_pictures(sweep, VALUES)
    assert client.history.unfinished() == []


@pytest.mark.usefixtures("worker")
def test_a_sweep_that_is_begun_again_while_a_reply_is_awaited(
    server: HostileServer, make_client: MakeClient
) -> None:
    """The second sweep waits for the Runs of the first, whose replies never come, and sends none of its own."""
    client = make_client(timeout=1.0)
    server.lists_late = True
    server.script("Run", *[server.effect_then(Hang())] * len(SEEDS))
    first = client.sweep("a/b", VALUES, seed=SEEDS)
    server.wait(lambda: server.count("Run") == 3, "the Runs")
    second = client.sweep("a/b", VALUES, seed=SEEDS)
    for sweep in (first, second):
        sweep.wait(60)
        assert statuses(sweep) == ["unknown"] * 3
    assert server.count("Run") == 3


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("is_listed", [True, False])
def test_a_reuse_of_a_run_whose_reply_was_lost(
    server: HostileServer, client: Client, is_listed: bool
) -> None:
    """With `reuse` the same run is not sent while nobody knows what became of it; without it the user wants another."""
    server.lists_late = True
    server.script("Run", server.effect_then(CUT))
    with pytest.raises(RunOutcomeUnknown):
        client.run("a/b", VALUES, seed=7)
    if is_listed:
        server.list_all()
        assert len(client.run("a/b", VALUES, seed=7, reuse=True).wait(60).images) == 1
    else:
        with pytest.raises(RunOutcomeUnknown):
            client.run("a/b", VALUES, seed=7, reuse=True)
    assert server.count("Run") == 1
    client.run("a/b", VALUES, seed=7).wait(60)
    assert server.count("Run") == 2


def test_a_reuse_of_a_run_that_is_running(server: HostileServer, make_client: MakeClient) -> None:
    """With `reuse` the same run of a kernel that has gone is followed, not sent."""
    with make_client() as client:
        client.run("a/b", VALUES, seed=7)
    task = make_client().run("a/b", VALUES, seed=7, reuse=True)
    Worker(server).finish_all()
    assert (task.id, len(task.wait(60).images)) == (server.task().id, 1)
    assert server.count("Run") == 1


@pytest.mark.usefixtures("worker")
def test_a_refusal_is_proof(server: HostileServer, client: Client) -> None:
    """A Run that Wiro refuses in its own words made no task, and is sent again by `resume`."""
    server.script("Run", refused("Request parameter [prompt] required", 0))
    sweep = client.sweep("a/b", VALUES, seed=[1]).wait(60)
    assert statuses(sweep) == ["failed"]
    sweep.resume().wait(60)
    assert (server.count("Run"), statuses(sweep)) == (2, ["succeeded"])


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("page", [answers.BLOCK_PAGE_401, answers.BLOCK_PAGE_403], ids=["401", "403"])
def test_a_block_page_is_no_revoked_key(server: HostileServer, client: Client, page: Reply) -> None:
    """A web page with 401 or 403 is no word of Wiro: the key is not blamed, and the run is not sent again."""
    server.script("Run", page)
    with pytest.raises(RunOutcomeUnknown):
        client.run("a/b", VALUES)
    server.script("Task/Detail", page)
    assert client.detail(server.add_task().id).status == "task_queue"
    server.always("Task/Detail", page)
    with pytest.raises(Exception) as error:  # noqa: PT011 - any but the one below
        client.detail(server.task().id)
    assert not isinstance(error.value, AuthenticationError)
    assert server.count("Run") == 1


def test_wiro_itself_revokes_a_key(server: HostileServer, client: Client) -> None:
    """What Wiro says in JSON is believed."""
    server.script("Run", refused("Project authorization is not valid.", 0, 401))
    with pytest.raises(AuthenticationError):
        client.run("a/b", VALUES)


def begin_and_leave(server: HostileServer, client: Client) -> None:
    """Begin a sweep whose tasks run on when its client is closed."""
    client.sweep("a/b", VALUES, seed=SEEDS)
    server.wait(lambda: len(server.tasks) == 3, "the tasks")
    server.wait(lambda: all(row.task_id for row in client.history.unfinished()), "the receipts")
    client.close()


def handler_of(server: HostileServer, name: str) -> Answer | Handler:
    """Return an answer of Task/Detail that says nothing of the task."""
    if name == "a detail without an id":
        return lambda call: _without_ids(server.normal_answer(call))
    if name == "a detail of another task":
        return lambda _call: ok(total="1", tasklist=[server.tasks["999"].entry()])
    return answers.NO_ANSWERS[name]


def _without_ids(reply: Reply) -> Reply:
    tasks: list[dict[str, Any]] = reply.content["tasklist"]
    return ok(total="1", tasklist=[answers.without_id(task) for task in tasks])


NAMES = [*answers.NO_ANSWERS, "a detail without an id", "a detail of another task"]


@pytest.mark.parametrize("name", NAMES)
def test_task_detail_says_nothing_once(server: HostileServer, make_client: MakeClient, name: str) -> None:
    """One odd answer for each task, when a new kernel resumes the sweep, sends nothing again."""
    begin_and_leave(server, make_client())
    Worker(server).finish_all()
    server.tasks["999"] = server.add_task("a/b", prompt="of somebody else")
    server.tasks["999"].id = "999"
    server.script("Task/Detail", *[handler_of(server, name)] * 3)
    sweep = make_client().sweep("a/b", VALUES, seed=SEEDS).wait(60)
    sweep.resume().wait(60)
    assert (server.count("Run"), statuses(sweep)) == (3, ["succeeded"] * 3)
    assert_right_pictures(sweep, VALUES)


@pytest.mark.parametrize("name", NAMES)
def test_task_detail_says_nothing_for_long(server: HostileServer, make_client: MakeClient, name: str) -> None:
    """While no answer tells of the tasks they are unknown and not sent again; `resume` takes them when one does."""
    begin_and_leave(server, make_client(timeout=1.0))
    Worker(server).finish_all()
    server.tasks["999"] = server.add_task("a/b", prompt="of somebody else")
    server.tasks["999"].id = "999"
    server.always("Task/Detail", handler_of(server, name))
    client = make_client(timeout=1.0)
    begin = time.monotonic()
    sweep = client.sweep("a/b", VALUES, seed=SEEDS).wait(60)
    sweep.resume().wait(60)
    assert time.monotonic() - begin < 60
    assert (server.count("Run"), statuses(sweep)) == (3, ["unknown"] * 3)
    assert len(client.history.unfinished()) == 3
    server.clear_script("Task/Detail")
    sweep.resume().wait(60)
    assert (server.count("Run"), statuses(sweep)) == (3, ["succeeded"] * 3)
    assert_right_pictures(sweep, VALUES)
    assert client.history.unfinished() == []


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("count", [1, 100])
@pytest.mark.parametrize("name", [*answers.NO_ANSWERS, "no such model"])
def test_a_catalogue_that_says_nothing(
    server: HostileServer, make_client: MakeClient, tmp_path: Path, name: str, count: int
) -> None:
    """A sweep that has run with a schema is not run again because the catalogue does not show the model now."""
    entry: dict[str, Any] = {**MODEL_ENTRY, "parameters": [*MODEL_ENTRY["parameters"], REQUIRED_GROUP]}
    server.always("Tool/Detail", ok(tool=[entry]))
    photo = tmp_path / "photo.png"
    photo.write_bytes(painted((1, 2, 3)))
    with make_client() as client:
        client.sweep("a/b", VALUES, seed=SEEDS, inputImage=str(photo)).wait(60)
    assert server.count("Run") == 3
    no_model = refused("slug-owner-project-not-exist", 1)
    server.script("Tool/Detail", *[answers.NO_ANSWERS.get(name, no_model)] * count)
    with suppress(WiroError):
        make_client(timeout=1.0).sweep("a/b", VALUES, seed=SEEDS, inputImage=str(photo)).wait(60)
    assert server.count("Run") == 3
    server.clear_script("Tool/Detail")
    server.always("Tool/Detail", ok(tool=[entry]))
    sweep = make_client().sweep("a/b", VALUES, seed=SEEDS, inputImage=str(photo)).wait(60)
    assert (server.count("Run"), statuses(sweep)) == (3, ["succeeded"] * 3)


@pytest.mark.usefixtures("worker")
def test_a_catalogue_that_shows_the_model_late(server: HostileServer, make_client: MakeClient) -> None:
    """What ran while the catalogue did not show the model is asked about when it does: equal cells too, others not."""
    server.always("Tool/Detail", refused("slug-owner-project-not-exist", 1))
    values = {**VALUES, "seed": "1"}
    with make_client() as client:
        client.map("a/b", [values, values]).wait(60)
    assert server.count("Run") == 2
    server.clear_script("Tool/Detail")
    entry: dict[str, Any] = {**MODEL_ENTRY, "parameters": [*MODEL_ENTRY["parameters"], REQUIRED_GROUP]}
    server.always("Tool/Detail", ok(tool=[entry]))
    cells = [values, values, {**VALUES, "seed": "2"}]
    client = make_client()
    sweep = client.map("a/b", cells).wait(60)
    assert (server.count("Run"), statuses(sweep)) == (3, ["unknown", "unknown", "succeeded"])
    with pytest.raises(ConfigurationError, match="for one of the two only"):
        client.run("a/b", values, reuse=True)
    assert server.count("Run") == 3
    assert statuses(sweep.resume(unknown="send").wait(60)) == ["succeeded"] * 3
    assert server.count("Run") == 5


@pytest.mark.usefixtures("worker")
def test_equal_cells_without_a_schema(server: HostileServer, make_client: MakeClient) -> None:
    """All equal cells are asked about, when the catalogue does not show the model any more."""
    entry: dict[str, Any] = {**MODEL_ENTRY, "parameters": [*MODEL_ENTRY["parameters"], REQUIRED_GROUP]}
    server.always("Tool/Detail", ok(tool=[entry]))
    values = {**VALUES, "seed": "1"}
    with make_client() as client:
        client.map("a/b", [values, values]).wait(60)
    server.clear_script("Tool/Detail")
    server.always("Tool/Detail", refused("slug-owner-project-not-exist", 1))
    sweep = make_client().map("a/b", [values, values]).wait(60)
    assert (server.count("Run"), statuses(sweep)) == (2, ["unknown"] * 2)
