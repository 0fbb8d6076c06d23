"""Receipts that lie: of another run, of no task, with a clock that cannot be, and users who decide twice."""

from __future__ import annotations

import threading
import time

import pytest

from tests.attacks.sweeps import assert_right_pictures, statuses
from tests.hostile.fixtures import MakeClient
from tests.hostile.http_wire import CUT, Answer, Call, Reply
from tests.hostile.server import HostileServer
from tests.hostile.task_api import ok
from tests.hostile.worker import painted
from wiro_widgets.client.sync_client import Client
from wiro_widgets.protocol.errors import RateLimited, RunOutcomeUnknown

VALUES = {"prompt": "x"}


@pytest.mark.usefixtures("worker")
def test_a_proxy_that_gives_the_first_receipt_to_every_run(server: HostileServer, client: Client) -> None:
    """Only the first run gets the task of that receipt; the tasks of the others are found in the list."""
    receipts: list[Reply] = []

    def from_cache(call: Call) -> Answer:
        receipts.append(server.normal_answer(call))
        return receipts[0]

    server.always("Run", from_cache)
    sweep = client.sweep("a/b", VALUES, seed=[1, 2, 3], concurrency=1).wait(60)
    assert statuses(sweep) == ["succeeded", "unknown", "unknown"]
    sweep.resume().wait(60)
    assert (server.count("Run"), statuses(sweep)) == (3, ["succeeded"] * 3)
    assert_right_pictures(sweep, VALUES)
    assert client.history.unfinished() == []


@pytest.mark.usefixtures("worker")
def test_a_receipt_of_a_run_of_another_kernel(server: HostileServer, make_client: MakeClient) -> None:
    """A receipt of yesterday is not the one of this run."""
    with make_client() as client:
        old_id = client.run("a/b", prompt="old").wait(60).record.task_id
    server.script("Run", server.effect_then(ok(taskid=old_id, socketaccesstoken="token-700-planted")))
    client = make_client()
    with pytest.raises(RunOutcomeUnknown, match="which an earlier run has become") as error:
        client.run("a/b", VALUES)
    assert error.value.candidates == (server.task().id,)
    assert [task.id for task in client.recover()] == [server.task().id]


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("number", [0, "0", "000", -1, 0.0, "null", "undefined", "NaN"])
def test_a_number_that_names_no_task(server: HostileServer, client: Client, number: object) -> None:
    """What a program writes for no id is no id: the outcome is unknown, and the task is found in the list."""
    server.script("Run", server.effect_then(ok(taskid=number)))
    with pytest.raises(RunOutcomeUnknown):
        client.run("a/b", VALUES)
    assert len(client.recover()[0].wait(60).images) == 1
    assert client.history.unfinished() == []


@pytest.mark.usefixtures("worker")
def test_an_id_out_of_order_hides_no_task(server: HostileServer, client: Client) -> None:
    """After a receipt with an absurd id the task of a lost run is still named as one that it may have become."""
    server.script("Run", ok(taskid="9" * 30), server.effect_then(CUT))
    client.run("a/b", prompt="of the absurd id")
    with pytest.raises(RunOutcomeUnknown) as error:
        client.run("a/b", VALUES)
    assert error.value.candidates == (server.task().id,)


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    "date",
    [
        "Mon, 20 Nov 1995 19:12:08 +99999999999999",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Fri, 01 Jan 0100 00:00:00 GMT",
        "never",
    ],
)
def test_a_clock_that_cannot_be(server: HostileServer, make_client: MakeClient, date: str) -> None:
    """An absurd Date costs no receipt, and recovery goes on without that clock."""
    server.own_headers = lambda: {"date": date}  # type: ignore[method-assign] # for this test
    client = make_client()
    assert len(client.run("a/b", VALUES).wait(60).images) == 1
    server.script("Run", server.effect_then(CUT))
    with pytest.raises(RunOutcomeUnknown) as error:
        client.run("a/b", prompt="lost")
    assert error.value.candidates == (server.task().id,)
    server.task().more["createtime"] = "9999-12-31T23:59:59Z"
    recovered = make_client().recover()
    assert (len(recovered), recovered.problems) == (1, ())
    assert server.count("Run") == 2


def test_a_retry_after_that_cannot_be(server: HostileServer, client: Client) -> None:
    """A date with an absurd zone is no date: the refusal stays one."""
    date = "Mon, 20 Nov 1995 19:12:08 +99999999999999"
    server.always("Run", Reply({"message": "slow down"}, 429, {"retry-after": date}))
    with pytest.raises(RateLimited):
        client.run("a/b", VALUES)


def test_a_list_that_has_no_end(server: HostileServer, client: Client) -> None:
    """A server that shows the same page for ever is asked for it twice, at each look."""
    page = [server.add_task("z/z", prompt="of somebody else").entry() for _ in range(100)]
    server.always("Task/List", ok(tasklist=page))
    server.script("Run", CUT)
    with pytest.raises(RunOutcomeUnknown):
        client.run("a/b", VALUES)
    assert server.count("Task/List") == 4


@pytest.mark.timing(lost_run_search=0.5, lost_run_looks=(0.0,))
def test_a_list_that_asks_to_wait(server: HostileServer, client: Client) -> None:
    """A minute that the server asks for before each page does not hold a recovery for minutes."""
    server.script("Run", CUT)
    with pytest.raises(RunOutcomeUnknown):
        client.run("a/b", VALUES)
    server.always("Task/List", Reply(b"", 503, {"retry-after": "60"}))
    begin = time.monotonic()
    (problem,) = client.recover().problems
    assert "cannot be read" in problem.reason
    assert time.monotonic() - begin < 50


@pytest.mark.timing(lost_run_search=0.5, lost_run_looks=(0.0,))
def test_a_file_server_that_drips(server: HostileServer, client: Client) -> None:
    """A file that comes byte by byte cannot be compared: its task may be the run's, and nobody waits for it."""
    server.script("Run", server.effect_then(CUT))
    server.file_server = Reply(b"x" * 10_000, trickle=0.5)
    begin = time.monotonic()
    with pytest.raises(RunOutcomeUnknown) as error:
        client.run("a/b", VALUES, inputImage=painted((1, 2, 3)))
    assert error.value.candidates == (server.task().id,)
    assert time.monotonic() - begin < 50


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("first", ["ask", "send"])
def test_a_decision_while_another_look_is_under_way(
    server: HostileServer, client: Client, first: str
) -> None:
    """A look at the list that takes long neither sends a cell again nor takes the result of one that was sent."""
    server.lists_late = True
    server.script("Run", *[server.effect_then(CUT)] * 2)
    sweep = client.sweep("a/b", VALUES, seed=[1, 2]).wait(60)
    assert statuses(sweep) == ["unknown"] * 2
    gate = server.gate()
    server.script("Task/List", gate)
    look = threading.Thread(target=sweep.resume, kwargs={"unknown": first})
    look.start()
    gate.await_call()
    decision = threading.Thread(target=sweep.resume, kwargs={"unknown": "send"})
    decision.start()
    decision.join(0.5)  # if it does not wait for the look, its runs are over by now
    gate.open()
    look.join()
    decision.join()
    sweep.wait(60)
    assert (server.count("Run"), statuses(sweep)) == (4, ["succeeded"] * 2)
    assert_right_pictures(sweep, VALUES)
