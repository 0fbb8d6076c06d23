"""Claims of a team: of many machines one sends a run, and who is taken for gone cannot send any more."""

import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.journal.postgres.other_machine import SERVER, Line, OtherMachine, other_machine, wait_for
from tests.postgres_server import PostgresServer
from wiro_widgets.journal import process
from wiro_widgets.journal.journal import NEVER_SENT, Journal
from wiro_widgets.journal.postgres import server_store
from wiro_widgets.journal.process import is_abandoned, is_attended
from wiro_widgets.journal.row import JournalRow, Query
from wiro_widgets.protocol.errors import ConfigurationError
from wiro_widgets.protocol.record import TaskRecord

pytestmark = pytest.mark.filterwarnings("ignore::wiro_widgets.protocol.errors.WiroWarning")


@pytest.fixture
def database(shared_postgres: PostgresServer) -> str:
    """Make a database and return its name."""
    name = uuid.uuid4().hex
    shared_postgres.new_database(name)
    return name


@pytest.fixture
def journal(shared_postgres: PostgresServer, database: str) -> Iterator[Journal]:
    """Open this machine's journal."""
    with Journal.open(shared_postgres.address(database)) as journal:
        yield journal


@pytest.fixture
def machine(shared_postgres: PostgresServer, database: str, journal: Journal) -> Iterator[OtherMachine]:
    """Lend another machine with the same journal."""
    assert journal.journal_id
    with other_machine(shared_postgres.address(database)) as machine:
        yield machine


def row_of(journal: Journal, run_id: str) -> JournalRow:
    """Return the row of a run."""
    row = journal.row(run_id)
    assert row is not None
    return row


def claim(journal: Journal, run_id: str, content: str = "k", patience: float = 0.0) -> JournalRow | None:
    """Claim a run on this machine, unless an equal one may have a task."""
    return journal.claim(
        run_id, SERVER, "a/b", {}, content=content, cell=0, patience=patience,
        conflicts=lambda row: not is_abandoned(row),
    )  # fmt: skip


def cut_off(server: PostgresServer, database: str, journal: Journal) -> None:
    """End all connections to a database but this machine's."""
    own = journal._file._store._connection.info.backend_pid  # type: ignore[attr-defined]  # a server's
    with server.connect() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 20000) FROM pg_stat_activity WHERE datname = %s AND pid <> %s",
            (database, own),
        )


def test_a_run_is_attended_while_its_machine_is_connected(journal: Journal, machine: OtherMachine) -> None:
    """The run of another machine is attended until that machine is gone; then it is open, and no task is denied."""
    assert machine.claim("theirs") is None
    conflict = claim(journal, "mine")
    assert conflict is not None
    assert (conflict.id, conflict.host, is_attended(conflict)) == ("theirs", "another-machine", True)
    machine.kill()
    wait_for(lambda: not is_attended(row_of(journal, "theirs")))
    row = row_of(journal, "theirs")
    assert (row.outcome, is_abandoned(row), row.settled_at) == ("submitting", False, None)
    assert claim(journal, "mine") == row


def test_a_run_of_this_process_is_attended_while_it_is_sent(journal: Journal, machine: OtherMachine) -> None:
    """Here a run is attended for as long as it is being sent, elsewhere for as long as this process is connected."""
    assert claim(journal, "mine") is None
    assert not is_attended(row_of(journal, "mine"))
    process.sending.add("mine")
    try:
        assert is_attended(row_of(journal, "mine"))
    finally:
        process.sending.discard("mine")
    assert machine.say("is_attended(journal.row('mine'))") is True


def test_a_machine_that_was_taken_for_gone_does_not_send(
    shared_postgres: PostgresServer, database: str, journal: Journal, machine: OtherMachine
) -> None:
    """A run that waits on a machine out of reach is taken over, and that machine finds so before it sends."""
    assert (machine.claim("theirs"), machine.say("journal.wait('theirs', waits=True)")) == (None, True)
    conflict = claim(journal, "mine")
    assert conflict is not None
    assert conflict.is_waiting
    cut_off(shared_postgres, database, journal)
    assert claim(journal, "mine") is None
    answer = machine.say("journal.wait('theirs', waits=False)")
    assert str(answer).startswith("WiroError: The run was not sent: another machine found this one gone")
    assert [row.id for row in journal.rows(Query(contents=("k",), outcomes=("submitting",)))] == ["mine"]


def test_a_machine_that_comes_back_in_time_sends(
    shared_postgres: PostgresServer, database: str, journal: Journal, machine: OtherMachine
) -> None:
    """A machine that was cut off, and is back before anybody takes its run over, goes on with it."""
    assert (machine.claim("theirs"), machine.say("journal.wait('theirs', waits=True)")) == (None, True)
    cut_off(shared_postgres, database, journal)
    assert machine.say("journal.wait('theirs', waits=False)") is True
    conflict = claim(journal, "mine")
    assert conflict is not None
    assert (conflict.id, is_attended(conflict)) == ("theirs", True)
    journal.give_up("theirs")
    assert row_of(journal, "theirs").settled_at is None


def test_one_of_two_that_meet_sends(
    shared_postgres: PostgresServer, database: str, journal: Journal, machine: OtherMachine
) -> None:
    """If a machine comes back in the moment in which its run is taken over, exactly one of the two may send."""
    for number in range(12):
        theirs, content = f"theirs {number}", f"k {number}"
        machine.claim(theirs, content)
        assert machine.say(f"journal.wait({theirs!r}, waits=True)") is True
        cut_off(shared_postgres, database, journal)
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(machine.say, f"journal.wait({theirs!r}, waits=False)")
            conflict = claim(journal, f"mine {number}", content)
        assert [answer.result() is True, conflict is None].count(True) == 1


def test_a_machine_that_comes_back_while_it_is_looked_at_does_not_send(
    shared_postgres: PostgresServer, database: str, journal: Journal, machine: OtherMachine
) -> None:
    """From the look at a run to the end of the claim its machine cannot go on with it."""
    machine.claim("theirs")
    machine.say("journal.wait('theirs', waits=True)")
    cut_off(shared_postgres, database, journal)
    with ThreadPoolExecutor(1) as pool:
        answers: list[Future[object]] = []

        def conflicts(row: JournalRow) -> bool:
            answers.append(pool.submit(machine.say, "journal.wait('theirs', waits=False)"))
            wait([*answers], timeout=2.0)
            return not is_abandoned(row)

        assert journal.claim("mine", SERVER, "a/b", {}, content="k", cell=0, conflicts=conflicts) is None
    assert str(answers[0].result()).startswith("WiroError: The run was not sent")


def test_what_waits_and_is_attended_is_not_given_up(journal: Journal, machine: OtherMachine) -> None:
    """A run that waits is ended by a recovery only once its machine is gone."""
    machine.claim("theirs")
    machine.say("journal.wait('theirs', waits=True)")
    journal.give_up("theirs")
    assert row_of(journal, "theirs").settled_at is None
    machine.kill()
    wait_for(lambda: is_abandoned(row_of(journal, "theirs")))
    journal.give_up("theirs")
    assert row_of(journal, "theirs").outcome == "refused"


def test_machines_that_a_new_server_does_not_know_yet_are_not_gone(
    journal: Journal, machine: OtherMachine, monkeypatch: pytest.MonkeyPatch, shared_postgres: PostgresServer
) -> None:
    """After its start the server gives its clients time to come back before it says that they are gone."""
    machine.claim("theirs")
    machine.kill()
    shared_postgres.stop()
    shared_postgres.start()
    assert is_attended(row_of(journal, "theirs"))
    monkeypatch.setattr(server_store, "GRACE_SECONDS", 0)
    assert not is_attended(row_of(journal, "theirs"))


def test_a_claim_whose_reply_is_lost_is_granted_once(
    shared_postgres: PostgresServer, database: str, journal: Journal
) -> None:
    """If the connection ends while a claim is committed, it is looked at again, and is no obstacle to itself."""
    line = Line(shared_postgres.port)
    address = shared_postgres.address(database).replace(f":{shared_postgres.port}", f":{line.port}")
    with Journal.open(address) as cut_journal:
        line.cuts = 1
        assert claim(cut_journal, "mine") is None
        assert line.cuts == 0
    conflict = claim(journal, "another")
    assert conflict is not None
    assert conflict.id == "mine"
    line.close()


def test_a_claim_that_may_have_been_written_is_taken_back(
    shared_postgres: PostgresServer, database: str, journal: Journal
) -> None:
    """If nobody can tell whether a claim was written, nothing is sent, and it does not stand in the way for ever."""
    line = Line(shared_postgres.port)
    address = shared_postgres.address(database).replace(f":{shared_postgres.port}", f":{line.port}")
    with Journal.open(address) as cut_journal:
        line.cuts = 2
        with pytest.raises(ConfigurationError, match="Nothing was sent"):
            claim(cut_journal, "mine")
        assert line.cuts == 0
        wait_for(lambda: row_of(journal, "mine").outcome == "refused")
        assert row_of(journal, "mine").error == NEVER_SENT
        assert claim(journal, "another") is None
    line.close()


def test_a_claim_bears_the_death_of_its_client(
    shared_postgres: PostgresServer, database: str, journal: Journal, machine: OtherMachine
) -> None:
    """A client that is killed in the middle of a claim leaves nothing behind, neither a row nor a lock."""
    assert database
    machine.process.stdin.write(  # type: ignore[union-attr] # it has a pipe
        f"journal.claim('theirs', {SERVER!r}, 'a/b', {{}}, content='k', "
        "conflicts=lambda row: __import__('time').sleep(600))\n"
    )
    journal.claim("first", SERVER, "a/b", {}, content="k", cell=7)
    machine.process.stdin.flush()  # type: ignore[union-attr] # the same
    with shared_postgres.connect(database) as connection:
        sql = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND datname = %s"
        wait_for(lambda: connection.execute(sql, (database,)).fetchone() == (1,))
    machine.kill()
    assert claim(journal, "mine", patience=60.0) is not None
    assert journal.rows(Query(id="theirs")) == []


@pytest.mark.parametrize("level", ["serializable", "repeatable read"])
def test_claims_are_exact_whatever_the_database_prefers(
    shared_postgres: PostgresServer, database: str, level: str
) -> None:
    """Where transactions see an old state unless they say otherwise, of four clients one still gets each run."""
    with shared_postgres.connect() as connection:
        connection.execute(f"ALTER DATABASE \"{database}\" SET default_transaction_isolation = '{level}'")
    journals = [Journal.open(shared_postgres.address(database)) for _ in range(4)]
    claimed_ids: list[str] = []
    barrier = threading.Barrier(len(journals))

    def work(name: int, journal: Journal) -> None:
        barrier.wait()
        for number in range(25):
            run_id = f"{name}-{number}"
            if (
                journal.claim(run_id, SERVER, "a/b", {}, content=str(number), conflicts=lambda _: True)
                is None
            ):
                claimed_ids.append(run_id)

    threads = [threading.Thread(target=work, args=item) for item in enumerate(journals)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(int(run_id.partition("-")[2]) for run_id in claimed_ids) == list(range(25))
    assert len(journals[0].rows(Query())) == 25
    for journal in journals:
        journal.close()


def test_each_machine_has_its_own_files(journal: Journal, machine: OtherMachine, tmp_path: Path) -> None:
    """Outputs that several machines have fetched are found by each where it has put them."""
    run_id = journal.begin(SERVER, "a/b", {})
    journal.submitted(run_id, "12")
    ours = tmp_path / "ours-\udcff.png"
    ours.write_bytes(b"picture")
    journal.settle(run_id, TaskRecord("12", outcome="succeeded"), [ours])
    assert "ours" in str(machine.say(f"journal.row({run_id!r}).paths"))
    machine.say(
        f"journal.settle({run_id!r}, TaskRecord('12', outcome='succeeded', total_cost=0.1), ['/their/0.png'])"
    )
    assert machine.say(f"journal.row({run_id!r}).paths") == ["/their/0.png"]
    row = row_of(journal, run_id)
    assert row.record is not None
    assert (row.paths, [item.size for item in row.files], row.record.total_cost) == ((str(ours),), [7], 0.1)


def test_every_text_can_be_kept(journal: Journal) -> None:
    """Texts that PostgreSQL cannot hold, or not in an index, keep no run from being written down."""
    record = TaskRecord(
        "9" * 20_000, outcome="succeeded", error="null \0", parents=tuple(str(10**9 + n) for n in range(3000))
    )
    run_id = journal.begin(SERVER, "a/b", {"prompt": "null \0 half \ud83d"}, content="c" * 20_000)
    journal.settle(run_id, record)
    journal.annotate(run_id, notes="a \0 note", tags=("\0",), star=True)
    row = row_of(journal, run_id)
    assert (row.parameters["prompt"], row.error, row.notes) == (
        "null \0 half ?",
        "null \N{REPLACEMENT CHARACTER}",
        "a \N{REPLACEMENT CHARACTER} note",
    )
    assert [item.id for item in journal.rows(Query(parent="1000002999"))] == [run_id]
    assert journal.rows(Query(id="\0", until=datetime.now(UTC))) == []
    assert journal.trouble is None
