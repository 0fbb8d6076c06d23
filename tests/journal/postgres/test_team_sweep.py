"""One sweep on many machines with a team's journal: each cell is paid for once, whoever dies meanwhile."""

import os
import platform
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres_server import PostgresServer
from tests.sandbox_clients import FLUX, SMALL, environment
from wiro_widgets import Client, ConfigurationError, Sandbox, WiroWarning

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 600.0  # seconds, for a loaded machine
CLIENTS = int(os.environ.get("TEAM_CLIENTS", "4"))  # of the largest team; `make soak` has forty
# Several clients of one machine, each with a connection and a folder of its own.
PROGRAM = f"""
import asyncio, json, platform, sys, warnings
from pathlib import Path
address, folder, name, clients, cells = sys.argv[1:]
platform.node = lambda: name
warnings.simplefilter("ignore")
import wiro_widgets as wiro
from wiro_widgets.protocol.timing import Timing

async def one(number):
    output_dir = Path(folder)
    client = wiro.AsyncClient(journal=address, output_dir=output_dir, timing=Timing(journal_lock=90.0))
    sweep = await client.sweep({FLUX!r}, {SMALL!r}, prompt="x", seed=range(int(cells)))
    await sweep.wait()
    print(json.dumps([sweep.counts, [str(cell.error) for cell in sweep.cells if cell.error]]), flush=True)
    await client.close()

async def main():
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await asyncio.gather(*(one(number) for number in range(int(clients))))

asyncio.run(main())
"""


class Machines:
    """Processes under names of machines, each with several clients that do the same sweep."""

    def __init__(self, sandbox: Sandbox, address: str, folder: Path) -> None:
        self._sandbox, self._address, self._folder = sandbox, address, folder
        self.processes: list[subprocess.Popen[str]] = []

    def start(self, names: str, *, clients: int, cells: int) -> None:
        """Start machines, and let them begin once all are ready."""
        new = [
            subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    PROGRAM,
                    self._address,
                    str(self._folder),
                    name,
                    str(clients),
                    str(cells),
                ],
                cwd=ROOT,
                env=environment(self._sandbox),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for name in names
        ]
        self.processes += new
        for process in new:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in new:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()

    def outputs(self) -> list[str]:
        """Wait for all to end, and return the lines that they print."""
        living, self.processes = self.processes, []
        return [line for process in living for line in process.communicate(timeout=PATIENCE)[0].splitlines()]

    def kill(self, count: int) -> None:
        """End machines as a loss of power does."""
        for _ in range(count):
            process = self.processes.pop()
            process.kill()
            process.communicate()

    def close(self) -> None:
        """End all."""
        for process in self.processes:
            process.kill()
            process.communicate()


@pytest.fixture
def machines(sandbox: Sandbox, address: str, tmp_path: Path) -> Iterator[Machines]:
    """Lend machines that share the journal."""
    Client("key", "secret", base_url=sandbox.base_url, journal=address).close()  # makes the tables
    machines = Machines(sandbox, address, tmp_path)
    yield machines
    machines.close()


def runs_by_seed(sandbox: Sandbox) -> Counter[str]:
    """Return how many Runs the sandbox has received of each seed."""
    fields = [dict(request.fields) for request in sandbox.requests if "/Run/" in request.path]
    return Counter(values["seed"] for values in fields)


def wait_for(condition: object, sandbox: Sandbox, count: int) -> None:
    """Wait until so many Runs have arrived."""
    deadline = time.monotonic() + PATIENCE
    while sum(runs_by_seed(sandbox).values()) < count:
        assert time.monotonic() < deadline, condition
        threading.Event().wait(0.02)


def test_many_clients_pay_once_for_each_of_a_hundred_cells(
    sandbox: Sandbox, machines: Machines, tmp_path: Path
) -> None:
    """The clients of four machines do one sweep of a hundred cells: a hundred tasks, and all have all results."""
    machines.start("abcd", clients=CLIENTS // 4, cells=100)
    assert machines.outputs() == ['[{"succeeded": 100}, []]'] * CLIENTS
    with sandbox.client(journal=tmp_path / "journal.sqlite3", output_dir=tmp_path) as client:
        assert client.history.sync().new == 100


def test_machines_that_die_are_not_paid_for_again(sandbox: Sandbox, machines: Machines) -> None:
    """Two of four machines are killed in the middle: no cell is sent twice, and the others have all that was made."""
    machines.start("abcd", clients=3, cells=60)
    wait_for("some runs", sandbox, 12)
    machines.kill(2)
    lines = machines.outputs()
    assert len(lines) == 6
    runs = runs_by_seed(sandbox)
    assert set(runs.values()) == {1}
    assert all('"succeeded"' in line for line in lines)
    assert not [line for line in lines if '"failed"' in line or '"cancelled"' in line], lines
    assert len(runs) >= 54  # a cell of which a killed machine may have sent the run is left to the user


def test_a_run_that_waits_on_a_machine_that_dies_is_sent_by_another(
    sandbox: Sandbox, machines: Machines, server: PostgresServer, address: str
) -> None:
    """A run that Wiro has refused until another one ends is sent by the next machine, once the first one is gone."""
    sandbox.faults = {"concurrency_limit": "Run:1000"}
    machines.start("a", clients=1, cells=1)
    wait_for("the refusal", sandbox, 1)
    with server.connect(address.rpartition("/")[2]) as connection:
        sql = "SELECT count(*) FROM wiro_widgets.runs WHERE error LIKE '%code 96%' AND settled_at IS NULL"
        deadline = time.monotonic() + PATIENCE
        while connection.execute(sql).fetchone() != (1,):
            assert time.monotonic() < deadline
            threading.Event().wait(0.05)
        machines.kill(1)
        sandbox.faults = None
        count = sum(runs_by_seed(sandbox).values())
        machines.start("b", clients=1, cells=1)
        assert machines.outputs() == ['[{"succeeded": 1}, []]']
        rows = connection.execute("SELECT outcome FROM wiro_widgets.runs ORDER BY rowid").fetchall()
    assert rows == [("refused",), ("succeeded",)]
    assert sum(runs_by_seed(sandbox).values()) == count + 1


def test_a_server_that_is_killed_and_comes_back(
    sandbox: Sandbox, machines: Machines, server: PostgresServer
) -> None:
    """The journal's server is killed in the middle and started again: no cell is sent twice, and all are done."""
    machines.start("ab", clients=3, cells=40)
    wait_for("some runs", sandbox, 8)
    server.kill()
    count = sum(runs_by_seed(sandbox).values())
    threading.Event().wait(3.0)
    assert sum(runs_by_seed(sandbox).values()) <= count + 40  # what was claimed may go out, nothing else
    server.start()
    lines = machines.outputs()
    machines.start("c", clients=1, cells=40)
    assert len(lines) == 6
    assert machines.outputs() == ['[{"succeeded": 40}, []]'], lines
    runs = runs_by_seed(sandbox)
    assert (len(runs), set(runs.values())) == (40, {1})


def test_a_result_that_another_machine_has_is_not_paid_for(
    sandbox: Sandbox, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `reuse`, a run that was made on another machine is fetched from Wiro; each machine keeps its own files."""
    paths: dict[str, tuple[str, ...]] = {}
    for name, other in (("one", "two"), ("two", "one")) * 2:
        monkeypatch.setattr(platform, "node", lambda name=name: name)
        for folder, target in (
            (tmp_path / other, tmp_path / f"disk of {other}"),
            (tmp_path / f"disk of {name}", tmp_path / name),
        ):
            if folder.exists():
                folder.rename(target)
        with sandbox.client(journal=address, output_dir=tmp_path / name, reuse=True) as client:
            if len(paths) == 1:
                result = client.history.result(str(client.history.records()[0].task_id))
                assert "on another machine. client.attach(" in str(result.outputs[0].error)
            images = client.generate(FLUX, prompt="x", **SMALL, seed=1)
            assert images.record is not None
            assert client.history[str(images.record.task_id)].output_paths == images.record.output_paths
            assert name in Path(images.record.output_paths[0]).parts
            assert paths.setdefault(name, images.record.output_paths) == images.record.output_paths
    assert set(runs_by_seed(sandbox).values()) == {1}


def test_colleagues_have_users_of_their_own(
    sandbox: Sandbox, server: PostgresServer, address: str, tmp_path: Path
) -> None:
    """A user who may write to the tables shares them, and one who may not is told so, and sends no sweep."""
    Client("key", "secret", base_url=sandbox.base_url, journal=address).close()
    database = address.rpartition("/")[2]
    with server.connect(database) as connection:
        connection.execute("CREATE ROLE bob LOGIN PASSWORD 'b'; CREATE ROLE eve LOGIN PASSWORD 'e'")
        connection.execute(
            "GRANT ALL ON SCHEMA wiro_widgets TO bob; GRANT ALL ON ALL TABLES IN SCHEMA wiro_widgets TO bob; "
            "GRANT ALL ON ALL SEQUENCES IN SCHEMA wiro_widgets TO bob"
        )
    theirs = address.partition("@")[2]
    with sandbox.client(journal=f"postgresql://bob:b@{theirs}", output_dir=tmp_path) as client:
        assert client.sweep(FLUX, SMALL, prompt="x", seed=range(2)).wait().counts == {"succeeded": 2}
        client.presets(FLUX)["small"] = SMALL
    with pytest.warns(WiroWarning, match="permission denied"):
        client = sandbox.client(journal=f"postgresql://eve:e@{theirs}", output_dir=tmp_path)
    with client, pytest.raises(ConfigurationError, match="Nothing was sent"):
        client.sweep(FLUX, SMALL, prompt="x", seed=range(2)).wait()


@pytest.mark.filterwarnings("ignore::wiro_widgets.WiroWarning")
def test_without_its_server_a_single_run_goes_on_and_a_sweep_does_not(
    sandbox: Sandbox, server: PostgresServer, address: str, tmp_path: Path
) -> None:
    """While the server is away one run is sent and kept here; a sweep says that it sends nothing, and sends nothing."""
    from wiro_widgets.protocol.timing import Timing  # noqa: PLC0415 - a name that no user needs

    with sandbox.client(journal=address, output_dir=tmp_path, timing=Timing(journal_lock=0.5)) as client:
        client.generate(FLUX, prompt="before", **SMALL, seed=1)
        server.stop()
        try:
            with pytest.warns(WiroWarning, match="Single runs go on"):
                images = client.generate(FLUX, prompt="meanwhile", **SMALL, seed=2)
            assert len(images) == 1
            count = len(sandbox.requests)
            with pytest.raises(ConfigurationError, match="Nothing was sent"):
                client.sweep(FLUX, SMALL, prompt="x", seed=range(3)).wait()
            with pytest.raises(ConfigurationError, match="Nothing was sent"):
                client.generate(FLUX, prompt="before", **SMALL, seed=1, reuse=True)
            assert not [request for request in sandbox.requests[count:] if "/Run/" in request.path]
        finally:
            server.start()
    with sandbox.client(journal=address, output_dir=tmp_path) as client:
        assert [record.prompt for record in client.history] == ["meanwhile", "before"]
        assert client.sweep(FLUX, SMALL, prompt="x", seed=range(3)).wait().counts == {"succeeded": 3}
        assert [record.prompt for record in client.history.find(text="MEAN")] == ["meanwhile"]
        result = client.generate(FLUX, prompt="before", **SMALL, seed=1, reuse=True)
        assert result.record is not None
        assert result.record.reused_from is not None
