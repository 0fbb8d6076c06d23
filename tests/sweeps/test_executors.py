import asyncio
import multiprocessing
import os
import pickle
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox_clients import FLUX, SMALL, MakeClient, RunCount, wait_for
from tests.sweeps.worker_functions import die, fail, mean, move, recipe, text
from wiro_widgets import AsyncClient, Client, ConfigurationError, Sandbox, Sweep, TaskResult
from wiro_widgets.protocol.timing import Timing


@pytest.fixture
def credentials(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the sandbox's credentials where a worker looks for them."""
    monkeypatch.setenv("WIRO_API_KEY", sandbox.api_key)
    monkeypatch.setenv("WIRO_API_SECRET", sandbox.api_secret)


@pytest.fixture
def processes(credentials: None) -> Iterator[ProcessPoolExecutor]:  # noqa: ARG001 - the workers inherit them
    """Start two worker processes that share nothing with this one."""
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.fixture(
    params=[
        pytest.param(
            "fork",
            # Python 3.12 and later warn of any fork beside threads; it is the default of 3.11 to 3.13 on Linux.
            marks=pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning"),
        ),
        "forkserver",
    ]
)
def family(credentials: None, request: pytest.FixtureRequest) -> Iterator[ProcessPoolExecutor]:  # noqa: ARG001 - inherited
    """Start two worker processes by fork, as copies of this process, or by a fork server."""
    if request.param not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system has no {request.param}")
    with ProcessPoolExecutor(2, multiprocessing.get_context(request.param)) as pool:
        yield pool


@pytest.fixture(params=[False, True], ids=["threads", "processes"])
def dask(request: pytest.FixtureRequest) -> Iterator[Executor]:
    """Start a local Dask cluster without a dashboard, with its worker in this process or in another."""
    if request.param:
        request.getfixturevalue("credentials")  # which the other process inherits; this one needs none
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Dask and its own libraries warn of is not this project's
        dask_distributed = pytest.importorskip("distributed")
        with (
            dask_distributed.LocalCluster(
                n_workers=1, threads_per_worker=2, processes=request.param, dashboard_address=None
            ) as cluster,
            dask_distributed.Client(cluster) as client,
        ):
            yield client.get_executor()


def map_three(client: Client, executor: Executor, **more: object) -> Sweep:
    """Run three cells whose results are processed on the executor."""
    cells = [{"prompt": "x", "seed": seed, **SMALL} for seed in range(3)]
    return client.map(FLUX, cells, executor=executor, **more).wait()  # type: ignore[arg-type]


def test_a_process_pool_carries_downloads_and_post_processing(
    sandbox_client: Client, processes: ProcessPoolExecutor, sandbox: Sandbox, run_count: RunCount
) -> None:
    """With a process pool each picture is downloaded and processed once, in a worker and not here."""
    sweep = map_three(sandbox_client, processes, then=mean)
    assert sweep.counts == {"succeeded": 3}
    assert {cell.value[0] for cell in sweep.cells}.isdisjoint({os.getpid()})
    assert all(0 < cell.value[1] < 255 for cell in sweep.cells)
    assert sum("/files/" in request.path for request in sandbox.requests) == run_count() == 3
    assert sweep[0].images[0].size == (64, 64)
    assert all(
        len(sandbox_client.history[cell.record.task_id or ""].output_paths) == 1 for cell in sweep.cells
    )


def test_workers_may_be_forked(
    sandbox_client: Client, family: ProcessPoolExecutor, run_count: RunCount
) -> None:
    """A forked worker makes a client of its own, and does not wait for the loop of its parent."""
    sweep = map_three(sandbox_client, family, then=mean)
    assert (sweep.counts, run_count()) == ({"succeeded": 3}, 3)
    assert os.getpid() not in {cell.value[0] for cell in sweep.cells}


@pytest.mark.usefixtures("credentials")
def test_a_worker_may_have_a_folder_of_its_own(
    make_sandbox_client: MakeClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, run_count: RunCount
) -> None:
    """A worker with another folder names its files as this process would, and the history has their paths."""
    monkeypatch.setenv("WIRO_OUTPUT_DIR", str(tmp_path / "here"))
    client = make_sandbox_client(output_dir=None)
    with ProcessPoolExecutor(
        1, multiprocessing.get_context("spawn"), initializer=move, initargs=(str(tmp_path / "there"),)
    ) as pool:
        (cell,) = (
            client.map(FLUX, [{"prompt": "x", "scale": 2.5, **SMALL}], executor=pool, then=recipe)
            .wait()
            .cells
        )
    (path,) = cell.record.output_paths
    assert Path(path).parent.parent == tmp_path / "there"
    assert Path(path).name.startswith("tencent-hunyuan-flux-srpo-")
    assert cell.value == (FLUX, cell.values)
    assert cell.record.model == FLUX
    assert client.history[cell.record.task_id or ""] == cell.record
    again = client.map(FLUX, [{"prompt": "x", "scale": 2.5, **SMALL}])
    assert (again[0].from_journal, again[0].images[0].size, run_count()) == (True, (64, 64), 1)
    assert not (tmp_path / "there" / "journal.sqlite3").exists()


def test_what_is_there_is_not_downloaded_again(
    sandbox_client: Client, processes: ProcessPoolExecutor, sandbox: Sandbox
) -> None:
    """Results of an earlier sweep are not downloaded again for another `then` if the workers can read their files."""
    map_three(sandbox_client, processes)
    download_count = sum("/files/" in request.path for request in sandbox.requests)
    assert map_three(sandbox_client, processes, then=mean).counts == {"succeeded": 3}
    assert sum("/files/" in request.path for request in sandbox.requests) == download_count == 3


@pytest.mark.parametrize("where", ["threads", "processes"])
def test_texts_come_back(sandbox_client: Client, request: pytest.FixtureRequest, where: str) -> None:
    """The text of a language model is in the result, and `then` gets it, in threads and in processes."""
    pool: Executor = ThreadPoolExecutor(1) if where == "threads" else request.getfixturevalue("processes")
    (cell,) = (
        sandbox_client.map("wiro/sandbox-chat", [{"prompt": "hello"}], executor=pool, then=text).wait().cells
    )
    assert cell.result is not None
    assert cell.result.text
    assert cell.value == cell.result.text == cell.result.outputs[0].text
    pool.shutdown()


def test_what_fails_in_a_worker_comes_back(sandbox_client: Client, processes: ProcessPoolExecutor) -> None:
    """An exception of `then` in another process is the cell's error."""
    sweep = map_three(sandbox_client, processes, then=fail)
    assert sweep.counts == {"failed": 3}
    assert "no good picture in task" in str(sweep[0].error)


def test_a_worker_without_credentials_says_so(sandbox_client: Client) -> None:
    """A worker without a key halts the sweep with an error that names what is missing, and no run is lost."""
    without_credentials = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
    with without_credentials as pool, pytest.raises(ConfigurationError, match="WIRO_API_KEY"):
        map_three(sandbox_client, pool, then=mean)
    assert len(sandbox_client.history.find(outcome="succeeded")) == 3


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"then": "mean"}, "'mean' is not"),
        ({"executor": "pool"}, "not 'pool'"),
        ({"executor": ThreadPoolExecutor}, "not <class"),
    ],
    ids=["then", "executor", "class"],
)
def test_what_could_not_work_is_refused_first(
    sandbox_client: Client, run_count: RunCount, bad: dict[str, Any], says: str
) -> None:
    """A `then` that cannot be called and an executor that is none are refused before anything is sent."""
    with pytest.raises(ConfigurationError, match=says):
        sandbox_client.map(FLUX, [{"prompt": "x", **SMALL}], **bad)
    assert run_count() == 0


def test_a_function_that_cannot_travel_is_refused_first(
    sandbox_client: Client, processes: ProcessPoolExecutor, run_count: RunCount
) -> None:
    """A lambda for a process pool is refused before anything is sent; threads take it."""
    with pytest.raises(ConfigurationError, match="define it with `def` in a module"):
        sandbox_client.map(
            FLUX, [{"prompt": "x", **SMALL}], executor=processes, then=lambda result: result.text
        )
    assert run_count() == 0


def test_a_pool_that_breaks_halts_the_sweep(
    make_sandbox_client: MakeClient, processes: ProcessPoolExecutor, run_count: RunCount
) -> None:
    """When the workers have died no further cell is sent, and the same sweep goes on with another executor."""
    client = make_sandbox_client()
    cells = [{"prompt": "x", "seed": seed, **SMALL} for seed in range(40)]
    sweep = client.map(FLUX, cells, executor=processes, then=die, concurrency=2)
    with pytest.raises(ConfigurationError, match=r"takes no more work .* another executor"):
        sweep.wait()
    count = run_count()
    assert count < 10
    with ThreadPoolExecutor(2) as pool:
        again = client.map(FLUX, cells[:count], executor=pool, then=mean).wait()
    assert (again.counts, run_count()) == ({"succeeded": count}, count)


def test_a_pool_that_was_shut_down_halts_the_sweep(sandbox_client: Client, run_count: RunCount) -> None:
    """An executor that was shut down is reported once, not by every cell."""
    with ThreadPoolExecutor(1) as pool:
        pass
    cells = [{"prompt": "x", "seed": seed, **SMALL} for seed in range(40)]
    with pytest.raises(ConfigurationError, match="takes no more work"):
        sandbox_client.map(FLUX, cells, executor=pool, concurrency=2).wait()
    assert run_count() < 10


@pytest.mark.parametrize("with_executor", [True, False], ids=["executor", "threads"])
def test_a_stop_does_not_wait_for_post_processing(
    make_sandbox_client: MakeClient, run_count: RunCount, with_executor: bool
) -> None:
    """A stop withdraws each `then` that has not begun and waits a moment for others; `resume` calls them again."""
    client = make_sandbox_client(timing=Timing(stop_then=0.05))
    then_began, release = threading.Event(), threading.Event()

    def slow(result: TaskResult) -> int | str | None:
        then_began.set()
        release.wait(30)
        return result.record.seed

    cells = [{"prompt": "x", "seed": seed, **SMALL} for seed in range(6)]
    with ThreadPoolExecutor(1) as pool:
        sweep = client.map(FLUX, cells, executor=pool if with_executor else None, then=slow)
        wait_for(lambda: then_began.is_set() and all(cell.result is not None for cell in sweep.cells))
        sweep.stop()
        assert not release.is_set()
        assert (sweep.busy, sweep.counts, list(sweep)) == (False, {"pending": 6}, [])
        release.set()
        assert sweep.resume().wait().counts == {"succeeded": 6}
    assert ([cell.value for cell in sweep.cells], run_count()) == (list(range(6)), 6)


def test_no_credentials_travel(make_sandbox_client: MakeClient, sandbox: Sandbox) -> None:
    """What is sent to a worker holds neither key nor secret."""
    client = make_sandbox_client()
    pickles: list[bytes] = []

    class Spy(ThreadPoolExecutor):
        def submit(self, *args: object, **more: object):  # type: ignore[no-untyped-def]  # noqa: ANN202
            pickles.append(pickle.dumps(args))
            return super().submit(*args, **more)  # type: ignore[arg-type]

    with Spy(2) as pool:
        assert map_three(client, pool, then=mean).counts == {"succeeded": 3}
    assert len(pickles) == 3
    for secret in (sandbox.api_key, sandbox.api_secret):
        assert not any(secret.encode() in data for data in pickles)


def test_threads_of_this_process_use_the_client_itself(sandbox_client: Client) -> None:
    """Threads of this process use the sweep's client: they need no credentials in the environment."""
    with ThreadPoolExecutor(2) as pool:
        sweep = map_three(sandbox_client, pool, then=mean)
    assert [cell.value[0] for cell in sweep.cells] == [os.getpid()] * 3


def test_downloads_alone_can_be_carried(sandbox_client: Client) -> None:
    """An executor without `then` downloads the outputs."""
    with ThreadPoolExecutor(2) as pool:
        sweep = map_three(sandbox_client, pool)
    assert all(Path(cell.record.output_paths[0]).is_file() for cell in sweep.cells)


def test_dask_carries_them_too(sandbox_client: Client, dask: Executor, run_count: RunCount) -> None:
    """The executor of a Dask cluster works as well, and the sweep resumes from the journal."""
    sweep = map_three(sandbox_client, dask, then=mean)
    assert (sweep.counts, run_count()) == ({"succeeded": 3}, 3)
    assert all(0 < cell.value[1] < 255 for cell in sweep.cells)
    # pickle alone would not take a lambda.
    again = map_three(sandbox_client, dask, then=lambda result: result.images[0].size)
    assert ([cell.value for cell in again.cells], run_count()) == ([(64, 64)] * 3, 3)


def test_asyncio_carries_them_too(sandbox: Sandbox) -> None:
    """An AsyncClient takes the same arguments."""

    async def main() -> list[int]:
        here = {"base_url": sandbox.base_url, "socket_url": sandbox.socket_url, "journal": False}
        async with AsyncClient(sandbox.api_key, sandbox.api_secret, **here) as client:  # type: ignore[arg-type]
            with ThreadPoolExecutor(2) as pool:
                sweep = await client.map(FLUX, [{"prompt": "x", **SMALL}], executor=pool, then=mean)
                await sweep.wait()
            return [cell.value[0] for cell in sweep.cells]

    assert asyncio.run(main()) == [os.getpid()]
