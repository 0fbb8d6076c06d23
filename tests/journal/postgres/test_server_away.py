"""A team's journal whose server is away, frozen, killed or another: nothing is denied, and nothing is lost."""

import time
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journal.postgres.other_machine import OtherMachine, other_machine, wait_for
from tests.postgres_server import PostgresServer
from wiro_widgets.journal.journal import Journal
from wiro_widgets.journal.postgres import server_store
from wiro_widgets.journal.postgres.journal_server import JournalServer
from wiro_widgets.journal.row import Query
from wiro_widgets.protocol.errors import ConfigurationError, WiroWarning
from wiro_widgets.protocol.lookup import Absent, Present, Unknown
from wiro_widgets.protocol.record import TaskRecord

SERVER = "https://api.wiro.ai/v1"
pytestmark = pytest.mark.filterwarnings("ignore::wiro_widgets.protocol.errors.WiroWarning")


@pytest.fixture
def journal(address: str) -> Iterator[Journal]:
    """Open a journal there."""
    with Journal.open(address) as journal:
        yield journal


@pytest.fixture
def machine(address: str) -> Iterator[OtherMachine]:
    """Lend another process; it shares the disk with this one."""
    with other_machine(address) as machine:
        assert machine.say("journal.journal_id")
        yield machine


def tasks(journal: Journal) -> set[str | None]:
    """Return the tasks in the journal."""
    return {row.task_id for row in journal.rows(Query(server=SERVER))}


def run(journal: Journal, task_id: str) -> str:
    """Do a run that nothing of the past decides on."""
    run_id = journal.begin(SERVER, "a/b", {"prompt": "x"})
    journal.submitted(run_id, task_id)
    journal.settle(run_id, TaskRecord(task_id, outcome="succeeded"), events=b"log")
    return run_id


def test_nothing_is_denied_while_the_server_is_away(server: PostgresServer, journal: Journal) -> None:
    """Without the server, no run is said not to exist, and no claim is granted; with it, both again."""
    run(journal, "12")
    server.stop()
    try:
        answer = journal.look_up(Query(task_id="12"))
        assert isinstance(answer, Unknown)
        assert "connection" in answer.reason
        with pytest.raises(ConfigurationError, match="Nothing was sent"):
            journal.claim("me", SERVER, "a/b", {}, content="k", conflicts=lambda _: True, patience=0.0)
    finally:
        server.start()
    wait_for(lambda: isinstance(journal.look_up(Query(task_id="12")), Present))
    assert isinstance(journal.look_up(Query(task_id="13")), Absent)
    assert journal.claim("me", SERVER, "a/b", {}, content="k", conflicts=lambda _: True) is None


def test_a_claim_waits_for_a_server_that_is_started_again(server: PostgresServer, journal: Journal) -> None:
    """Within its patience a claim waits for the server, and says so."""
    reasons: list[str] = []
    server.stop()

    def start(reason: str) -> None:
        if not reasons:
            server.start()
        reasons.append(reason)

    assert journal.claim("me", SERVER, "a/b", {}, content="k", conflicts=lambda _: True, notify=start) is None
    assert reasons[0].startswith("The team's journal postgresql://team@127.0.0.1")


def test_runs_of_meanwhile_are_merged(server: PostgresServer, journal: Journal, address: str) -> None:
    """A run that goes on without the server stands on this disk, and the server has it soon after it is back."""
    server.stop()
    try:
        with pytest.warns(WiroWarning, match="kept in .*team-.*sqlite3 and merged when it is back"):
            run_id = run(journal, "12")
        assert journal.path is not None
        assert journal.path.stat().st_mode & 0o777 == 0o600
        assert "1 runs not on disk" in repr(journal)
        assert [row.task_id for row in journal.rows(Query())] == ["12"]
    finally:
        server.start()
    with Journal.open(address) as other:
        wait_for(lambda: tasks(other) == {"12"})
        wait_for(lambda: other.events(run_id) == b"log")
    wait_for(lambda: isinstance(journal.look_up(Query(task_id="13")), Absent))
    journal.settle(run_id, TaskRecord("12", outcome="succeeded", total_cost=0.2))
    assert [record.total_cost for record in journal.records(SERVER)] == [0.2]
    assert journal.trouble is None


def test_runs_of_a_killed_client_are_merged_by_the_next(
    server: PostgresServer, address: str, machine: OtherMachine
) -> None:
    """What a client wrote down here before it was killed, the next client of this disk brings to the server."""
    machine.say(f"journal.begin({SERVER!r}, 'a/b', {{}})")
    server.kill()
    run_id = machine.say(f"journal.begin({SERVER!r}, 'a/b', {{}})")
    machine.say(f"journal.submitted({run_id!r}, '13')")
    machine.kill()
    server.start()
    with Journal.open(address) as journal:
        assert tasks(journal) == {None, "13"}
        row = journal.row(run_id)
        assert row is not None
        assert (row.host, row.outcome) == ("another-machine", "running")


def test_old_news_changes_nothing(server: PostgresServer, journal: Journal, address: str) -> None:
    """Rows that were written here while the server was away never undo what the server has learned since."""
    waiting = journal.begin(SERVER, "a/b", {})
    over = journal.begin(SERVER, "a/b", {})
    deleted_id = journal.begin(SERVER, "a/b", {})
    ended_id = journal.begin(SERVER, "a/b", {})
    server.stop()
    assert not journal.wait(waiting, waits=True)
    journal.unknown(over, "lost")
    journal.submitted(deleted_id, "15")
    journal.submitted(ended_id, "16")
    journal.close()
    assert journal.path is not None
    old_file = journal.path.read_bytes()
    server.start()
    with Journal.open(address) as other:
        assert {row.id: row.task_id for row in other.rows(Query())}[ended_id] == "16"
        assert not any(row.is_waiting for row in other.rows(Query()))
        other.settle(over, TaskRecord("14", outcome="succeeded"))
        other.forget(deleted_id)
        other.refused(ended_id, "a person's word")
    # As if the client that merged it had been killed before it could say so.
    journal.path.write_bytes(old_file)
    with Journal.open(address) as other:
        rows = {row.id: (row.outcome, row.task_id) for row in other.rows(Query())}
    assert rows == {waiting: ("submitting", None), over: ("succeeded", "14"), ended_id: ("refused", "16")}


def test_what_was_written_survives_the_death_of_the_server(server: PostgresServer, address: str) -> None:
    """A server that is killed while two clients write has every run that they were told is written."""
    with other_machine(address) as one, other_machine(address) as two:
        count = 0
        ids: list[str] = []
        for machine in (one, two) * 6:
            ids += machine.say(f"[journal.begin({SERVER!r}, 'a/b', {{}}) for _ in range(10)]")
            count += 10
        server.kill()
        server.start()
        with Journal.open(address) as journal:
            assert {row.id for row in journal.rows(Query())} == set(ids)
        ids.append(one.say(f"journal.begin({SERVER!r}, 'a/b', {{}})"))
        with Journal.open(address) as journal:
            wait_for(lambda: {row.id for row in journal.rows(Query())} == set(ids))
    assert count == 120


def test_a_frozen_server_is_given_up(
    server: PostgresServer, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that takes bytes and answers nothing is unknown after a while, and used again once it answers."""
    monkeypatch.setattr(server_store, "SILENCE_SECONDS", 0.5)
    monkeypatch.setattr(server_store, "CONNECT_SECONDS", 2)
    run(journal, "12")
    with server.frozen():
        answer = journal.look_up(Query(task_id="12"))
        assert isinstance(answer, Unknown)
        start = time.monotonic()
        for _ in range(20):
            journal.look_up(Query(task_id="12"))
        assert time.monotonic() - start < 30
    wait_for(lambda: isinstance(journal.look_up(Query(task_id="12")), Present))


def test_a_journal_that_was_emptied_denies_nothing(
    server: PostgresServer, journal: Journal, address: str
) -> None:
    """If the tables are removed, the runs that are under way are written to the new ones, and others are unknown."""
    run(journal, "12")
    journal.submitted(journal.begin(SERVER, "a/b", {}), "13")
    with server.connect(address.rpartition("/")[2]) as connection:
        connection.execute("DROP SCHEMA wiro_widgets CASCADE")
        connection.execute(
            "SELECT pg_terminate_backend(pid, 20000) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
    assert tasks(journal) == {"13"}
    answer = journal.look_up(Query(task_id="12"))
    assert isinstance(answer, Unknown)
    assert "was emptied or replaced while it was in use" in answer.reason


def test_a_journal_that_lost_its_last_runs_denies_nothing(
    server: PostgresServer, journal: Journal, address: str
) -> None:
    """A database that was restored from an older copy, or a standby that lags behind, proves nothing by its silence."""
    run(journal, "12")
    assert isinstance(journal.look_up(Query(task_id="13")), Absent)
    with server.connect(address.rpartition("/")[2]) as connection:
        connection.execute("DELETE FROM wiro_widgets.runs")
        connection.execute("DELETE FROM wiro_widgets.changes")
    answer = journal.look_up(Query(task_id="12"))
    assert isinstance(answer, Unknown)
    assert "has lost what was written last" in answer.reason


def test_a_journal_of_a_newer_version_is_left_alone(
    server: PostgresServer, journal: Journal, address: str
) -> None:
    """Tables of a newer version are neither read nor written."""
    run(journal, "12")
    with server.connect(address.rpartition("/")[2]) as connection:
        connection.execute("UPDATE wiro_widgets.journal_identity SET version = version + 1")
        with Journal.open(address) as other:
            answer = other.look_up(Query(task_id="12"))
            other.begin(SERVER, "a/b", {})
        assert isinstance(answer, Unknown)
        assert "upgrade to read it" in answer.reason
        assert connection.execute("SELECT count(*) FROM wiro_widgets.runs").fetchone() == (1,)


def test_a_database_that_cannot_hold_every_text_is_refused(server: PostgresServer) -> None:
    """A database in another encoding is refused with the way to make one, before a prompt cannot be written."""
    with Journal.open(server.new_database(uuid.uuid4().hex, "LATIN1")) as journal:
        answer = journal.look_up(Query())
    assert isinstance(answer, Unknown)
    assert "createdb --encoding=UTF8" in answer.reason


def test_a_wrong_password_is_no_reason_to_wait(server: PostgresServer, address: str) -> None:
    """What does not pass by itself is reported at once, without the password."""
    wrong = address.replace("%23@", "planted@")
    with pytest.warns(WiroWarning, match="password authentication failed") as messages:
        journal = Journal.open(wrong)
    assert server.port
    start = time.monotonic()
    with pytest.raises(ConfigurationError, match="password authentication failed") as refusal:
        journal.claim("me", SERVER, "a/b", {}, content="k", conflicts=lambda _: True, patience=600.0)
    assert time.monotonic() - start < 300
    text = f"{refusal.value} {[str(item.message) for item in messages]} {journal!r} {journal._file!r} {journal.trouble}"
    assert "planted" not in text
    assert "p%25" not in text
    journal.close()


def test_a_disk_that_takes_nothing_is_no_error(
    server: PostgresServer, journal: Journal, tmp_path: Path
) -> None:
    """If neither the server nor the disk takes a run, it is in memory, and reaches the server from there."""
    (tmp_path / "file").write_bytes(b"")
    backing = journal._file
    assert isinstance(backing, JournalServer)
    backing._pending.path = tmp_path / "file" / "pending.sqlite3"
    server.stop()
    try:
        with warnings.catch_warnings(action="error"):
            run(journal, "12")
        assert "lost with this process" in str(journal.trouble)
    finally:
        server.start()
    wait_for(lambda: isinstance(journal.look_up(Query(task_id="99")), Absent))
    run(journal, "13")
    assert tasks(journal) == {"12", "13"}
