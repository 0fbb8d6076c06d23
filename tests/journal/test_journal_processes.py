import os
import sqlite3
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import pytest

from tests.postgres_server import PostgresServer
from wiro_widgets.journal.journal import Journal
from wiro_widgets.journal.row import Query
from wiro_widgets.protocol.record import TaskRecord

SERVER = "https://api.wiro.ai/v1"
MODEL = "tencent/hunyuan-flux-srpo"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a path for a journal, in a folder that does not exist yet."""
    return tmp_path / "data" / "journal.sqlite3"


def test_threads_share_one_journal(place: Path | str) -> None:
    """Many threads write through one journal and none of their runs is lost."""
    with Journal.open(place) as journal:

        def work(name: str) -> None:
            for number in range(20):
                run_id = journal.begin(SERVER, MODEL, {})
                journal.submitted(run_id, f"{name}-{number}")
                journal.settle(run_id, TaskRecord(task_id=f"{name}-{number}", outcome="succeeded"))

        threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({row.task_id for row in journal.records(SERVER)}) == 80


WRITER = """
import sys
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.journal.journal import Journal
from wiro_widgets.journal.row import Query
path, name, count, server = sys.argv[1:]
journal = Journal.open(path)
for number in range(int(count)):
    task = f"{name}-{number}"
    run = journal.begin(server, "a/b", {"prompt": "x" * 300})
    journal.submitted(run, task)
    if number % 2:
        journal.settle(run, TaskRecord(task_id=task, outcome="succeeded"))
    print(task, flush=True)
journal.close()
"""


def writer(path: Path | str, name: str, count: int) -> subprocess.Popen[str]:
    """Start a process that writes runs and prints each task once it is written."""
    arguments = [sys.executable, "-W", "error", "-c", WRITER, str(path), name, str(count), SERVER]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_processes_share_one_file(place: Path | str) -> None:
    """Two processes that write 200 runs each at the same time, from the first moment on, lose none."""
    writers = [writer(place, name, 200) for name in "ab"]
    outputs = [process.communicate(timeout=60) for process in writers]
    assert [errors for _, errors in outputs] == ["", ""]
    with Journal.open(place) as journal:
        assert len({row.task_id for row in journal.records(SERVER)}) == 400
        assert len(journal.unfinished(SERVER)) == 200


CLAIMER = """
import sys, threading
from wiro_widgets.journal.journal import Journal
journals = [Journal.open(sys.argv[1]) for _ in range(int(sys.argv[4]))]
print("ready", flush=True)
sys.stdin.readline()
def work(place, journal):
    for number in range(int(sys.argv[5])):
        run_id = f"{sys.argv[2]}{place}-{number}"
        if journal.claim(run_id, sys.argv[3], "a/b", {}, content=str(number), conflicts=lambda row: True) is None:
            sys.stdout.write(f"{run_id}\\n")
    journal.close()
threads = [threading.Thread(target=work, args=item) for item in enumerate(journals)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
sys.stdout.flush()
"""


def claimed_ids(place: Path | str, names: str, clients: int, runs: int) -> list[str]:
    """Let the clients of several processes claim the same runs at the same moment; return what they were granted."""
    numbers = [str(clients), str(runs)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", CLAIMER, str(place), name, SERVER, *numbers],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    return "".join(process.communicate(timeout=120)[0] for process in processes).split()


def test_of_many_processes_one_may_send_a_run(place: Path | str) -> None:
    """If processes claim the same runs at the same moment, exactly one gets each run."""
    ids = claimed_ids(place, "abc", clients=1, runs=50)
    with Journal.open(place) as journal:
        assert sorted(ids) == sorted(row.id for row in journal.rows(Query()))
    assert sorted(int(run_id.partition("-")[2]) for run_id in ids) == list(range(50))


def test_of_forty_clients_of_a_team_one_may_send_a_run(shared_postgres: PostgresServer) -> None:
    """If forty clients claim the same hundred runs, in four processes, exactly one gets each run."""
    place = shared_postgres.new_database(uuid.uuid4().hex)
    Journal.open(place).close()
    ids = claimed_ids(place, "abcd", clients=10, runs=100)
    with Journal.open(place) as journal:
        assert sorted(ids) == sorted(row.id for row in journal.rows(Query()))
    assert sorted(int(run_id.partition("-")[2]) for run_id in ids) == list(range(100))


@pytest.mark.parametrize("lines", [1, 2, 3, 7, 20])
def test_sigkill_loses_nothing_that_was_written(path: Path, lines: int) -> None:
    """A process killed while it writes leaves a sound file with every run that it reported as written."""
    process = writer(path, "a", 100_000)
    assert process.stdout is not None
    assert process.stderr is not None
    task_ids = [process.stdout.readline().strip() for _ in range(lines)]
    process.kill()
    process.wait()
    task_ids += process.stdout.read().split()[:-1]  # the last line may be half a line
    process.stdout.close()
    process.stderr.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    with Journal.open(path) as journal:
        rows = {row.task_id: row for row in journal.unfinished(SERVER)}
        ended = {row.task_id for row in journal.records(SERVER, Query(outcomes=("succeeded",)))}
    assert set(task_ids) <= rows.keys() | ended
    assert all(int(str(task).partition("-")[2]) % 2 for task in ended)


def test_the_file_alone_has_every_run(path: Path) -> None:
    """If a kernel is killed and the log beside the file is removed, or only the file is copied, no run is missing."""
    process = writer(path, "a", 100_000)
    assert process.stdout is not None
    assert process.stderr is not None
    task_ids = [process.stdout.readline().strip() for _ in range(5)]
    process.kill()
    process.wait()
    process.stdout.close()
    process.stderr.close()
    for suffix in ("-wal", "-shm"):
        path.with_name(f"{path.name}{suffix}").unlink()
    with Journal.open(path) as journal:
        assert {*task_ids} <= {row.task_id for row in journal.rows(Query())}


KERNEL = """
import os, subprocess, sys
from wiro_widgets.journal.journal import Journal
path, server, other, end = sys.argv[1:]
one = Journal.open(path)
one.begin(server, "kernel/first", {})
two = Journal.open(path)
subprocess.run([sys.executable, "-W", "error", "-c", other, path, "other", "3", server], check=True)
for number in range(40):
    one.begin(server, "kernel/then", {"pad": "x" * 3000})
subprocess.run([sys.executable, "-W", "error", "-c", other, path, "third", "30", server], check=True)
if end == "killed":
    os.kill(os.getpid(), 9)
two.close()
one.begin(server, "kernel/then", {})
one.close()
"""


@pytest.mark.parametrize("end", ["killed", "closed"])
def test_two_journals_of_one_kernel_beside_other_processes(path: Path, end: str) -> None:
    """With two journals in one kernel and other processes that come and go, every run is on disk in the end."""
    arguments = [sys.executable, "-W", "error", "-c", KERNEL, str(path), SERVER, WRITER, end]
    done = subprocess.run(arguments, check=False, capture_output=True, text=True, timeout=60)
    assert (done.stderr, done.returncode) == ("", -9 if end == "killed" else 0)
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    with Journal.open(path) as journal:
        models = [row.model for row in journal.rows(Query())]
    assert len([model for model in models if model == "a/b"]) == 33
    assert len([model for model in models if model.startswith("kernel/")]) == (41 if end == "killed" else 42)


HOLDER = """
import os, sys
from wiro_widgets.journal.journal import Journal
path, server = sys.argv[1:]
one = Journal.open(path)
for number in range(8):
    Journal.open(path).close()
    one.begin(server, "kernel/then", {})
print("written", flush=True)
sys.stdin.read()
"""


def test_an_open_journal_keeps_its_locks(path: Path) -> None:
    """While a kernel has a journal open, its log stays, however many others open and close the file."""
    arguments = [sys.executable, "-W", "error", "-c", HOLDER, str(path), SERVER]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as kernel:
        assert kernel.stdout is not None
        assert kernel.stdout.readline() == "written\n"
        log = path.with_name(f"{path.name}-wal")
        before = log.stat().st_ino
        for _ in range(3):
            with Journal.open(path) as journal:
                assert len(journal.rows(Query())) == 8
        assert log.stat().st_ino == before
        kernel.communicate()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_opens_its_own(place: Path | str) -> None:
    """After a fork the journal raises an error in the child, a new one works there, and the parent goes on."""
    with Journal.open(place) as journal:
        journal.submitted(journal.begin(SERVER, MODEL, {}), "parent")
        code = (
            "import os, sys\n"
            "from wiro_widgets.journal.journal import Journal\n"
            "from wiro_widgets.protocol.errors import ConfigurationError\n"
            "journal = Journal.open(sys.argv[1])\n"
            "journal.submitted(journal.begin(sys.argv[2], 'a/b', {}), 'before')\n"
            "child = os.fork()\n"
            "name = 'after in the parent'\n"
            "if not child:\n"
            "    name = 'after in the child'\n"
            "    try: journal.unfinished(sys.argv[2])\n"
            "    except ConfigurationError as error: print(error, flush=True)\n"
            "    journal.close()\n"
            "    journal = Journal.open(sys.argv[1])\n"
            "journal.submitted(journal.begin(sys.argv[2], 'a/b', {}), name)\n"
            "journal.close()\n"
            "if child: os.waitpid(child, 0)\n"
        )
        arguments = [sys.executable, "-W", "error", "-c", code, str(place), SERVER]
        output = subprocess.run(arguments, check=True, capture_output=True, text=True).stdout
        tasks = {row.task_id for row in journal.unfinished(SERVER)}
    assert tasks == {"parent", "before", "after in the parent", "after in the child"}
    assert output == "This journal was made in another process, before a fork; make a new client here.\n"
