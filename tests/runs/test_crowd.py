"""Many tasks at once share one pool of connections: it is never exceeded, and no call waits for ever."""

from __future__ import annotations

import time

import pytest

from tests.hostile.fixtures import MakeClient
from tests.hostile.http_wire import Hang
from tests.hostile.server import HostileServer
from wiro_widgets.protocol.credentials import Credentials
from wiro_widgets.protocol.timing import Timing
from wiro_widgets.transport import http
from wiro_widgets.transport.http import Http

MANY = 110


def test_many_tasks_at_once(server: HostileServer, make_client: MakeClient) -> None:
    """More tasks than there are connections are submitted, followed and settled over at most a hundred connections."""
    client = make_client(journal=False)
    tasks = [client.start("a/b", {"prompt": str(number)}, None) for number in range(MANY)]
    for task in tasks:
        client._bridge.call(task._task.wait_for_receipt())
    for number in range(MANY):
        server.finish(server.task(number))
    assert {task.wait(30).record.outcome for task in tasks} == {"succeeded"}
    assert sorted(remote.parameters["prompt"] for remote in server.tasks.values()) == sorted(
        map(str, range(MANY))
    )
    assert server.count("Run") == MANY
    assert server.most_connections <= http.MAX_CONNECTIONS


@pytest.mark.timing(detail_read=60.0)
def test_reads_that_hang_hold_up_no_stop(
    server: HostileServer, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When every read of every task hangs, a Run and a Stop still go through at once."""
    monkeypatch.setattr(http, "LOOKS_AT_ONCE", 5)
    monkeypatch.setattr(http, "CALLS_AT_ONCE", 6)
    client = make_client(timeout=60)
    tasks = [client.start("a/b", {"prompt": str(number)}, None) for number in range(20)]
    server.script("Task/Detail", *[Hang()] * 200)
    for task in tasks:
        client._bridge.call(task._task.wait_for_receipt())
    server.wait(lambda: server.count("Task/Detail") >= 5, "reads that hang")
    start = time.monotonic()
    client.run("a/b", prompt="one more")
    tasks[3].stop()
    assert time.monotonic() - start < 30
    assert server.tasks[str(tasks[3].id)].stops == 1


def test_the_rooms_of_the_pool() -> None:
    """Reads leave room for other calls, and calls leave room for downloads."""
    assert http.LOOKS_AT_ONCE < http.CALLS_AT_ONCE <= http.MAX_CONNECTIONS - 4
    assert (
        repr(Http(Credentials("a-key-for-nobody"), "http://127.0.0.1:1", timeout=1, timing=Timing()))
        == "<Http http://127.0.0.1:1>"
    )
