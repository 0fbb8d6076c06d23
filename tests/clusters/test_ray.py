"""RayExecutor on a real Ray cluster on loopback, with bounded memory: `make test-ray`, in an environment of its own."""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox_clients import FLUX, SMALL, MakeClient, RunCount, environment
from tests.sweeps.worker_functions import die, fail, mean
from wiro_widgets import Client, ConfigurationError, Sandbox, TaskResult
from wiro_widgets.executors import RayExecutor

ROOT = Path(__file__).resolve().parent.parent.parent
SECONDS = 120.0
OBJECT_MEMORY = 80 * 2**20
TRIES = 4
VARIABLES = {
    "PYTHONPATH": str(ROOT),
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # Ray listens on loopback alone, as it does by itself on those
}

if not os.environ.get("WIRO_TEST_RAY"):
    pytest.skip("make test-ray runs this with Ray", allow_module_level=True)

pytestmark = pytest.mark.filterwarnings("ignore")  # what Ray and its libraries warn of is not this project's


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Start a cluster of two CPUs on this machine."""
    with pytest.MonkeyPatch.context() as patches:
        for name, value in VARIABLES.items():
            patches.setenv(name, value)
        ray = pytest.importorskip("ray")
        start(ray)
        yield ray
        ray.shutdown()


def start(ray: Any) -> None:
    """Start it; Ray gives its own processes 15 seconds, which a loaded machine may need to start them."""
    for tries_left in range(TRIES - 1, -1, -1):
        try:
            ray.init(
                num_cpus=2,
                num_gpus=0,
                include_dashboard=False,
                object_store_memory=OBJECT_MEMORY,
                log_to_driver=False,
                configure_logging=False,
            )
        except Exception:
            ray.shutdown()
            if not tries_left:
                raise
        else:
            return


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Start a sandbox."""
    with Sandbox(speed=200, workers=4) as sandbox:
        yield sandbox


@pytest.fixture
def executor(cluster: Any, sandbox: Sandbox) -> Iterator[RayExecutor]:  # noqa: ARG001 - it must run
    """Make an executor whose workers have the credentials of the sandbox."""
    names = ("WIRO_API_KEY", "WIRO_API_SECRET")
    variables = {name: value for name, value in environment(sandbox).items() if name in names}
    executor = RayExecutor(max_retries=0, runtime_env={"env_vars": variables})
    yield executor
    executor.shutdown()


def map_three(client: Client, executor: RayExecutor, then: Callable[[TaskResult], Any]) -> Any:
    """Run three cells whose results are processed on the cluster."""
    cells = [{"prompt": "x", "seed": seed, **SMALL} for seed in range(3)]
    return client.map(FLUX, cells, executor=executor, then=then).wait(SECONDS)


def test_the_cluster_is_on_loopback(cluster: Any) -> None:
    """No node listens elsewhere, and the memory has a bound."""
    assert {node["NodeManagerAddress"] for node in cluster.nodes()} == {"127.0.0.1"}
    assert cluster.cluster_resources()["object_store_memory"] <= OBJECT_MEMORY


def test_a_sweep_on_the_cluster(sandbox_client: Client, executor: RayExecutor, run_count: RunCount) -> None:
    """Downloads and `then` are done by Ray's workers, and each run is paid for once."""
    sweep = map_three(sandbox_client, executor, mean)
    assert sweep.counts == {"succeeded": 3}
    assert os.getpid() not in {cell.value[0] for cell in sweep.cells}
    assert all(0 < cell.value[1] < 255 for cell in sweep.cells)
    assert run_count() == 3
    assert sweep[0].images[0].size == (64, 64)


def test_a_function_of_a_notebook(sandbox_client: Client, executor: RayExecutor) -> None:
    """Ray sends what pickle cannot: a function that is in no module."""
    factor = 2
    sweep = map_three(sandbox_client, executor, lambda result: result.images[0].width * factor)
    assert [cell.value for cell in sweep.cells] == [128, 128, 128]


def test_then_may_fail(sandbox_client: Client, executor: RayExecutor) -> None:
    """What `then` raises on a worker is the error of its cell; the run itself is there."""
    sweep = map_three(sandbox_client, executor, fail)
    assert all("no good picture" in str(cell.error) for cell in sweep.cells)
    assert len(sandbox_client.history.find(outcome="succeeded")) == 3


def test_a_worker_that_dies(
    make_sandbox_client: MakeClient, executor: RayExecutor, run_count: RunCount
) -> None:
    """The sweep halts and says why, and continues without paying again."""
    client = make_sandbox_client()
    with pytest.raises(ConfigurationError, match="takes no more work"):
        map_three(client, executor, die)
    count = run_count()
    assert map_three(client, executor, mean).counts == {"succeeded": 3}
    assert count <= run_count() == 3


def test_calls_and_errors(executor: RayExecutor) -> None:
    """Results, errors and cancelled calls come back as those of any executor."""
    assert list(executor.map(abs, [-1, -2, -3])) == [1, 2, 3]
    with pytest.raises(ZeroDivisionError):
        executor.submit(divmod, 1, 0).result(SECONDS)
    with pytest.raises(BrokenExecutor):
        executor.submit(os._exit, 3).result(SECONDS)
    futures = [executor.submit(abs, -n) for n in range(50)]
    assert [future.result(SECONDS) for future in futures] == list(range(50))


def test_what_cannot_be_sent(sandbox_client: Client, executor: RayExecutor) -> None:
    """A `then` that Ray cannot send is refused before anything costs money."""
    lock = threading.Lock()
    with pytest.raises(ConfigurationError, match="cannot be sent"):
        map_three(sandbox_client, executor, lambda _: lock)
    assert len(sandbox_client.history) == 0
