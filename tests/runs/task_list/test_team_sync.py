"""`history.sync` into a team's journal: what colleagues have run is there once, whoever reads the list."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.hostile.fixtures import MakeClient
from tests.hostile.server import CUT, HostileServer
from tests.postgres_server import PostgresServer, postgres_server
from wiro_widgets import RunOutcomeUnknown


@pytest.fixture(scope="module")
def database() -> Iterator[PostgresServer]:
    """Start a PostgreSQL server."""
    with postgres_server() as server:
        yield server


def test_a_team_has_each_task_once(
    server: HostileServer, make_client: MakeClient, database: PostgresServer
) -> None:
    """Runs of a colleague stay theirs, a lost one keeps its task, and two that sync at once take nothing twice."""
    address = database.new_database("sync")
    ann, bob = make_client(journal=address), make_client(journal=address)
    task = ann.run("a/b", prompt="of ann")
    server.finish(server.task(), [])
    task.wait(60)
    server.script("Run", server.effect_then(CUT))
    server.script("Task/List", *[CUT] * 10)
    with pytest.raises(RunOutcomeUnknown):
        ann.run("a/b", prompt="lost")
    server.clear_script("Task/List")
    for _ in range(20):
        server.add_task(prompt="from elsewhere")
    for remote in server.tasks.values():
        remote.status, remote.pexit = "task_postprocess_end", "0"

    async def both() -> None:
        await asyncio.gather(*(asyncio.to_thread(client.history.sync) for client in (ann, bob)))

    asyncio.run(both())
    ids = [record.task_id for record in bob.history if record.task_id]
    assert sorted(ids) == sorted(server.tasks)
    assert len(ann.recover()) == 1
    assert sorted(record.task_id or "" for record in bob.history) == sorted(server.tasks)
    assert server.count("Run") == 2
