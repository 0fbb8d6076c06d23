"""Law 1, absence is no proof: a journal that cannot be read is no empty journal, and nothing is sent on its word."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.attacks.kernels import Kernels
from tests.attacks.sweeps import assert_right_pictures, statuses
from tests.hostile.fixtures import MakeClient
from tests.hostile.http_wire import CUT
from tests.hostile.server import HostileServer
from wiro_widgets.client.sync_client import Client
from wiro_widgets.journal import database
from wiro_widgets.journal.row import JournalRow, Query
from wiro_widgets.protocol.errors import RunOutcomeUnknown, WiroError

VALUES = {"prompt": "x"}
SEEDS = [1, 2, 3]
PAGE = 4096

pytestmark = pytest.mark.usefixtures("worker")


@pytest.fixture
def journal(make_client: MakeClient, tmp_path: Path) -> Path:
    """Run a sweep to its end, close its client, and return its journal."""
    client = make_client()
    client.sweep("a/b", VALUES, seed=SEEDS).wait(60)
    client.run("a/b", prompt="reusable", seed=7).wait(60)
    client.close()
    return tmp_path / "journal.sqlite3"


def what_a_sweep_says(client: Client, **options: Any) -> str:
    """Begin the sweep again and return what it says, in errors or in its cells; empty if it has all its results."""
    try:
        sweep = client.sweep("a/b", VALUES, seed=SEEDS, **options).wait(60)
    except WiroError as error:
        return str(error)
    return "; ".join(cell.trouble or cell.status for cell in sweep.cells if cell.status != "succeeded")


def edit(path: Path, change: Callable[[bytearray], object]) -> None:
    """Change the bytes of a file that nobody has open."""
    data = bytearray(path.read_bytes())
    change(data)
    path.write_bytes(data)


def overwrite(data: bytearray, start: int, end: int) -> None:
    """Fill a range with noise."""
    data[start:end] = bytes((position * 37 + 11) % 251 for position in range(start, min(end, len(data))))


def execute(path: Path, statement: str) -> None:
    """Execute SQL on a journal that nobody has open."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def replace_by_folder(path: Path) -> None:
    """Put a folder in the place of the journal."""
    path.unlink()
    path.mkdir()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "noise but for its first page": lambda path: edit(path, lambda data: overwrite(data, PAGE, len(data))),
    "noise in its second page": lambda path: edit(path, lambda data: overwrite(data, PAGE, 2 * PAGE)),
    "noise in its last page": lambda path: edit(
        path, lambda data: overwrite(data, len(data) - PAGE, len(data))
    ),
    "noise in its header": lambda path: edit(path, lambda data: overwrite(data, 0, 100)),
    "cut in the middle": lambda path: os.truncate(path, path.stat().st_size // 2 + 100),
    "cut to its first page": lambda path: os.truncate(path, PAGE),
    "cut to some bytes": lambda path: os.truncate(path, 50),
    "emptied": lambda path: os.truncate(path, 0),
    "of a newer version": lambda path: execute(path, "PRAGMA user_version = 999"),
    "of another program": lambda path: execute(path, "PRAGMA application_id = 7"),
    "a folder": replace_by_folder,
    "with damaged contents": lambda path: execute(path, "UPDATE runs SET content = x'00ff'"),
    "with damaged outcomes": lambda path: execute(path, "UPDATE runs SET outcome = 'odd'"),
    "with damaged records": lambda path: execute(path, "UPDATE runs SET record = '{', task_id = NULL"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_sweep_with_a_broken_journal(
    server: HostileServer, make_client: MakeClient, journal: Path, damage: Callable[[Path], object]
) -> None:
    """A sweep that has run says that its journal cannot be read and sends nothing, in this kernel and in the next."""
    os.utime(journal, (1e9, 1e9))
    damage(journal)
    for _kernel in range(2):
        with make_client() as client:
            words = what_a_sweep_says(client)
        assert server.count("Run") == 4
        assert not words or "journal" in words
    with make_client(journal=False) as client:
        assert not what_a_sweep_says(client)
    assert server.count("Run") == 7


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_reuse_with_a_broken_journal(
    server: HostileServer, make_client: MakeClient, journal: Path, damage: Callable[[Path], object]
) -> None:
    """A run that the history may answer says that its journal cannot be read and is not sent."""
    os.utime(journal, (1e9, 1e9))
    damage(journal)
    for _kernel in range(2):
        words = "journal"
        try:
            make_client().run("a/b", prompt="reusable", seed=7, reuse=True).wait(60)
        except WiroError as error:
            words = str(error)
        assert server.count("Run") == 4
        assert "journal" in words
    make_client(journal=False).run("a/b", prompt="reusable", seed=7, reuse=True).wait(60)
    assert server.count("Run") == 5


def test_told_to_send(server: HostileServer, make_client: MakeClient, journal: Path) -> None:
    """With `unknown="send"` the cells that a damaged journal may have are sent, once."""
    DAMAGES["noise but for its first page"](journal)
    with make_client() as client:
        assert not what_a_sweep_says(client, unknown="send")
        assert server.count("Run") == 7
        assert not what_a_sweep_says(client, unknown="send")
        assert server.count("Run") == 7


class Lock:
    """A lock on the journal, as a backup or another kernel holds it."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._connection.execute("BEGIN EXCLUSIVE")
        self._connection.execute("UPDATE runs SET star = star")

    def release(self) -> None:
        """Release the lock; twice is fine."""
        with suppress(sqlite3.ProgrammingError):
            self._connection.close()


@pytest.fixture
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let SQLite wait for a lock a moment only."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)


@pytest.fixture
def lock(journal: Path) -> Iterator[Lock]:
    """Lock the journal."""
    lock = Lock(journal)
    yield lock
    lock.release()


@pytest.mark.usefixtures("short_patience")
def test_a_sweep_with_a_journal_that_is_locked(
    server: HostileServer, make_client: MakeClient, lock: Lock
) -> None:
    """A sweep whose journal is locked sends nothing, and finds its results when the lock is gone."""
    client = make_client()
    release = threading.Timer(3.0, lock.release)
    release.start()
    words = what_a_sweep_says(client)
    assert server.count("Run") == 4
    assert not words or "journal" in words
    release.join()
    assert not what_a_sweep_says(client)
    assert server.count("Run") == 4


@pytest.mark.usefixtures("short_patience")
def test_a_reuse_with_a_journal_that_is_locked(
    server: HostileServer, make_client: MakeClient, lock: Lock
) -> None:
    """A run that the history may answer is not sent while the journal is locked."""
    client = make_client()
    release = threading.Timer(3.0, lock.release)
    release.start()
    with suppress(WiroError):
        client.run("a/b", prompt="reusable", seed=7, reuse=True).wait(60)
    release.join()
    assert client.run("a/b", prompt="reusable", seed=7, reuse=True).wait(60).record.reused_from is not None
    assert server.count("Run") == 4


@pytest.mark.usefixtures("short_patience")
def test_a_claim_that_a_lock_has_kept_back(
    server: HostileServer, make_client: MakeClient, journal: Path
) -> None:
    """Two kernels that begin the same new cells while the journal is locked pay for each once."""
    clients = [make_client(), make_client()]
    for client in clients:
        assert len(client.history) == 4  # the file is open
    with closing(sqlite3.connect(journal, isolation_level=None, check_same_thread=False)) as connection:
        connection.execute("BEGIN IMMEDIATE")  # readers go on, writers wait
        sweeps = [client.sweep("a/b", prompt="new", seed=SEEDS) for client in clients]
        threading.Event().wait(1.0)
    for sweep in sweeps:
        with suppress(WiroError):
            sweep.wait(60)
        sweep.resume().wait(60)
    assert server.count("Run") == 7
    for sweep in sweeps:
        assert statuses(sweep) == ["succeeded"] * 3
        assert_right_pictures(sweep, {"prompt": "new"})
    assert clients[0].history.unfinished() == []


def busy(*_arguments: object, **_options: object) -> None:
    """Raise what SQLite raises for a database that is locked."""
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    raise error


@contextmanager
def no_rows(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let no kernel of this process read a row, as when its file is locked."""
    with monkeypatch.context() as patch:
        patch.setattr(database.Store, "select", busy)
        yield


def test_a_wait_for_another_kernel_while_the_journal_is_locked(
    server: HostileServer, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that cannot be read was not removed: who waits for its Run waits on, and sends none."""
    gates = [server.gate() for _ in SEEDS]
    server.script("Run", *gates)
    first = make_client().sweep("a/b", VALUES, seed=SEEDS)
    for gate in gates:
        gate.await_call()
    second = make_client().sweep("a/b", VALUES, seed=SEEDS)

    def waiting() -> int:
        notes = [cell.task.state.note or "" for cell in second.cells if cell.task is not None]
        return sum("under way already" in note for note in notes)

    server.wait(lambda: waiting() == 3, "the second sweep")
    with no_rows(monkeypatch):
        threading.Event().wait(0.8)
    for gate in gates:
        gate.open()
    for sweep in (first, second):
        sweep.wait(60)
        sweep.resume().wait(60)
        assert (server.count("Run"), statuses(sweep)) == (3, ["succeeded"] * 3)


def test_a_recovery_while_the_journal_is_locked(
    server: HostileServer, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recovery that cannot read the journal says so, and the next one takes what there is."""
    with make_client() as client:
        client.run("a/b", VALUES)
    client = make_client()
    with no_rows(monkeypatch):
        recovered = client.recover()
    assert len(recovered) == 0
    assert "journal" in str(recovered.problems[0])
    assert [task.id for task in client.recover()] == [server.task().id]


def test_a_task_of_another_row_while_the_journal_is_locked(
    server: HostileServer, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost run takes no task of which the journal cannot say whether it is another run's."""
    client = make_client()
    assert client.run("a/b", VALUES).wait(60)
    server.script("Run", CUT)
    with pytest.raises(RunOutcomeUnknown):
        client.run("a/b", VALUES)
    find_rows = database.Store.select

    def only_open(store: database.Store, query: Query, limit: int | None = None) -> list[JournalRow]:
        if not query.is_open:
            busy()
        return find_rows(store, query, limit)

    with monkeypatch.context() as patch:
        patch.setattr(database.Store, "select", only_open)
        assert len(make_client().recover()) == 0
    assert None in [row.task_id for row in client.history.unfinished()]


SWEEP_AND_COUNT = """
import warnings
warnings.simplefilter("ignore")
try:
    sweep = client.sweep("a/b", order["values"], seed=order["seeds"]).wait(60)
    print([cell.trouble or cell.status for cell in sweep.cells])
except wiro.WiroError as error:
    print(error)
"""


@pytest.mark.parametrize("read_only", ["the file", "the folder", "both"])
def test_a_read_only_journal(server: HostileServer, journal: Path, kernels: Kernels, read_only: str) -> None:
    """What a journal has that may be read but not written is not paid again, and no cell is sent without a claim."""
    if not hasattr(os, "geteuid"):
        pytest.skip("this system has no permissions of this kind")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path in journal.parent.glob(f"{journal.name}*"):
            shutil.copy(path, folder)
        outputs = folder / "outputs"
        outputs.mkdir(mode=0o777)
        as_nobody = os.geteuid() == 0  # the permissions of files do not bind root
        if as_nobody:
            for path in (folder, outputs, *folder.glob("journal*")):
                os.chown(path, 65534, 65534)
        if read_only != "the folder":
            for path in folder.glob("journal*"):
                path.chmod(0o444)
        (folder / "kernels").mkdir(mode=0o777)
        (folder / "kernels").chmod(0o777)
        folder.chmod(0o755 if read_only == "the file" else 0o555)
        kernel = kernels.start(
            server,
            folder / "kernels",
            SWEEP_AND_COUNT,
            uid=65534 if as_nobody else None,
            client={"journal": str(folder / "journal.sqlite3"), "output_dir": str(outputs)},
            values=VALUES,
            seeds=SEEDS,
        )
        kernel.join()
        folder.chmod(0o755)
        assert server.count("Run") == 4, kernel.output
        assert "succeeded" in kernel.output or "journal" in kernel.output
