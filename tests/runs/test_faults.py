"""Under every fault of the sandbox, alone and mixed, the outcome is true, one task is made, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hostile.fault_table import ENDS, SURVIVED
from tests.hostile.fixtures import FAST
from wiro_widgets.client.sync_client import Client, Task
from wiro_widgets.protocol import requests
from wiro_widgets.protocol.detail import TaskDetail, read_tasks
from wiro_widgets.protocol.errors import (
    OutputError,
    RunOutcomeUnknown,
    TaskFailed,
    WiroError,
)
from wiro_widgets.sandbox import SandboxServer

FLUX = "tencent/hunyuan-flux-srpo"
# Reads that hang are given up soon, and a lost end is found soon after several reads that failed.
TIMING = replace(FAST, detail_read=0.5)
SMALL = {"prompt": "a lighthouse", "width": 64, "height": 64, "steps": 3, "seed": 7350148318}


@pytest.fixture(scope="module")
def _server() -> Iterator[SandboxServer]:
    with SandboxServer(speed=200, workers=4) as server:
        yield server


@pytest.fixture
def sandbox(_server: SandboxServer) -> Iterator[SandboxServer]:
    """Lend the one sandbox of this module, without faults before and after."""
    _server.faults = None
    yield _server
    _server.faults = None


@pytest.fixture
def client(sandbox: SandboxServer, tmp_path: Path) -> Iterator[Client]:
    """Make a client of the sandbox."""
    with client_of(sandbox, tmp_path) as client:
        yield client


def client_of(sandbox: SandboxServer, folder: Path) -> Client:
    """Return a client with a journal and a folder of its own."""
    return Client(
        sandbox.api_key,
        sandbox.api_secret,
        base_url=sandbox.base_url,
        socket_url=sandbox.socket_url,
        journal=folder / "journal.sqlite3",
        output_dir=folder / "outputs",
        timeout=5.0,
        timing=TIMING,
    )


def tasks_of(sandbox: SandboxServer, client: Client, mark: str) -> list[TaskDetail]:
    """Return the tasks at the server whose prompt is this one, asked without faults."""
    sandbox.faults = None
    return [task for task in client._bridge.call(list_tasks(client)) if task.parameters.get("prompt") == mark]


async def list_tasks(client: Client) -> tuple[TaskDetail, ...]:
    """Return the newest tasks of the server."""
    return read_tasks(await client._client._engine.http.call(requests.task_list(limit=100)))


@pytest.mark.parametrize("faults", SURVIVED.values(), ids=SURVIVED)
def test_what_a_run_survives(sandbox: SandboxServer, client: Client, faults: dict[str, Any]) -> None:
    """The run succeeds with its picture, from one task."""
    sandbox.faults = faults
    mark = f"a lighthouse, {faults}"
    task = client.run(FLUX, {**SMALL, "prompt": mark})
    result = task.wait(60)
    assert [image.size for image in result.images] == [(64, 64)]
    assert (result.record.outcome, result.record.seed, result.record.prompt) == (
        "succeeded",
        7350148318,
        mark,
    )
    assert [remote.id for remote in tasks_of(sandbox, client, mark)] == [task.id]
    assert client.history.unfinished() == []
    assert sandbox.api_key not in repr([*task.events_so_far(), task.state, result, client.history.records()])


@pytest.mark.parametrize(("faults", "kind", "task_count"), ENDS.values(), ids=ENDS)
def test_what_ends_a_run(
    sandbox: SandboxServer, client: Client, faults: dict[str, Any], kind: type[WiroError], task_count: int
) -> None:
    """The error has the right type and no secret, and a task that may have been made can be recovered."""
    sandbox.faults = faults
    mark = f"a lighthouse, {faults}"
    with pytest.raises(kind) as info:
        client.generate(FLUX, {**SMALL, "prompt": mark})
    assert sandbox.api_key not in str(info.value)
    assert sandbox.api_secret not in str(info.value)
    task_ids = [task.id for task in tasks_of(sandbox, client, mark)]
    assert len(task_ids) == task_count
    if kind is RunOutcomeUnknown and task_count:
        (task,) = client.recover()
        assert [task.id] == task_ids
        assert len(task.wait(60).images) == 1
    assert len(client.history.unfinished()) == (1 if kind is RunOutcomeUnknown and not task_count else 0)


@pytest.mark.parametrize("content", ["html", "text", "jpeg", "empty", "truncated", "bomb"])
def test_outputs_that_are_not_what_they_say(sandbox: SandboxServer, client: Client, content: str) -> None:
    """An output that is no picture, or a dangerous one, raises where it is used; the task succeeded."""
    sandbox.faults = {"output_as": content}
    result = client.run(FLUX, SMALL).wait(60)
    assert result.record.outcome == "succeeded"
    with pytest.raises(OutputError, match=r"0\.png of task \d+"):
        result.outputs[0].image()


def test_connections_that_are_reset(sandbox: SandboxServer, client: Client) -> None:
    """After a reset connection nobody knows if the Run arrived, so it is not sent again."""
    sandbox.faults = {"reset_connections": 1}
    try:
        outcome = client.run(FLUX, {**SMALL, "prompt": "reset"}).wait(60).record.outcome
    except RunOutcomeUnknown:
        outcome = "unknown"
    tasks = tasks_of(sandbox, client, "reset")
    assert outcome == ("succeeded" if tasks else "unknown")
    assert len(client.history.unfinished()) == (0 if tasks else 1)


def test_expired_addresses(sandbox: SandboxServer, client: Client) -> None:
    """An expired address is named as one, and the output comes once the server has it again."""
    sandbox.faults = {"expire_urls": True}
    task = client.run(FLUX, SMALL)
    with pytest.raises(OutputError, match="expire"):
        task.wait(60).outputs[0].image()
    sandbox.faults = None
    assert len(client.attach(str(task.id)).wait(60).images) == 1


@pytest.mark.parametrize("stage", ["queue", "run"])
def test_a_stop_may_be_answered_without_the_task(sandbox: SandboxServer, client: Client, stage: str) -> None:
    """`{"result": true}` alone is a stop like another."""
    sandbox.faults = {"stuck": stage, "bare_stop": 1}
    task = client.run(FLUX, SMALL)
    task.stop()
    assert task.status == "cancelled"


@pytest.mark.parametrize("stage", ["queue", "run"])
def test_a_task_that_is_stuck_is_stopped(sandbox: SandboxServer, client: Client, stage: str) -> None:
    """A task that makes no progress can be stopped, also when the first Kill is refused."""
    sandbox.faults = {"stuck": stage, "kill_refused": 1}
    task = client.run(FLUX, SMALL)
    task.stop()
    assert task.status == "cancelled"


def ended(task: Task) -> str:
    """Return how a task ended."""
    with suppress(TaskFailed):
        task.wait(30)
    return task.record.outcome


_numbers = count()


MIXTURES = st.fixed_dictionaries(
    {},
    optional={
        "cut_before": st.sampled_from(["Task/Detail:1", "Task/Detail:2", "Run:1"]),
        "cut_after": st.sampled_from(["Task/Detail:2", "Run:1"]),
        "rate_limit": st.sampled_from(["Run:1", "Task/Detail:2"]),
        "server_error": st.just("Task/Detail:2"),
        "retry_after": st.sampled_from(["0", ""]),
        "drop_socket_after": st.integers(0, 6),
        "socket_faults_times": st.integers(1, 3),
        "refuse_socket": st.integers(0, 2),
        "duplicate": st.integers(0, 2),
        "reorder": st.integers(0, 4),
        "lose_frames": st.integers(0, 4),
        "lose_end": st.booleans(),
        "foreign_frames": st.integers(0, 3),
        "broken_frames": st.integers(0, 3),
        "requeue": st.integers(0, 1),
        "stale_detail": st.integers(0, 2),
        "fail_tasks": st.integers(0, 1),
        "cut_downloads": st.integers(0, 2),
        "corrupt_downloads": st.integers(0, 1),
        "early_outputs": st.booleans(),
        "drift": st.sampled_from(["", "all"]),
        "fault_seed": st.integers(0, 1000),
    },
)


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(faults=MIXTURES)
def test_bad_days_in_any_mixture(
    sandbox: SandboxServer, tmp_path_factory: pytest.TempPathFactory, faults: dict[str, Any]
) -> None:
    """Under any mixture of faults at most one task is made, its outcome is true, and nothing is lost."""
    mark = f"mixture {next(_numbers)}"
    sandbox.faults = faults
    with client_of(sandbox, tmp_path_factory.mktemp("mixed")) as client:
        outcome = "unknown"
        try:
            outcome = ended(client.run(FLUX, {**SMALL, "prompt": mark}))
        except RunOutcomeUnknown:
            sandbox.faults = None
            for task in client.recover():
                outcome = ended(task)
        tasks = tasks_of(sandbox, client, mark)
        assert len(tasks) <= 1
        is_lost = not tasks and ("Run" in str(faults.get("cut_before")))
        expected = "unknown" if is_lost else "failed" if tasks and tasks[0].exit_code else "succeeded"
        assert outcome == expected
        assert len(client.history.unfinished()) == (1 if is_lost else 0)
