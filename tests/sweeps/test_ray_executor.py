"""RayExecutor keeps the promises of an Executor, with a stand-in for Ray; tests/clusters has the real one."""

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Future, wait

import pytest

from tests.sandbox_clients import FLUX, SMALL
from tests.sweeps.ray_stand_in import CPUS, RayError, StandIn, stand_in
from tests.sweeps.worker_functions import mean
from wiro_widgets import Client, ConfigurationError
from wiro_widgets.executors import RayExecutor

SECONDS = 60.0


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """Lend a stand-in for Ray."""
    with stand_in(monkeypatch) as module:
        yield module


@pytest.fixture
def executor(ray: StandIn) -> RayExecutor:  # noqa: ARG001 - it imports Ray
    """Make an executor over it."""
    return RayExecutor()


def test_results_and_errors(executor: RayExecutor) -> None:
    """A call returns what it returns and raises what it raises, with its arguments as they were."""
    assert executor.submit(divmod, 7, 2).result(SECONDS) == (3, 1)
    assert executor.submit(sorted, [2, 1], reverse=True).result(SECONDS) == [2, 1]
    assert list(executor.map(abs, [-1, -2, 3])) == [1, 2, 3]
    with pytest.raises(ZeroDivisionError):
        executor.submit(divmod, 1, 0).result(SECONDS)


def test_dead_workers_are_a_broken_executor(executor: RayExecutor) -> None:
    """What Ray itself raises says that no more work is done, as a pool of processes says it."""

    def die() -> None:
        raise RayError("the worker died")

    with pytest.raises(BrokenExecutor, match="the worker died"):
        executor.submit(die).result(SECONDS)


def test_calls_wait_here(ray: StandIn, executor: RayExecutor) -> None:
    """Ray has as many calls as CPUs; those that wait can be cancelled, and one that runs cannot."""
    gate = threading.Event()
    futures = [executor.submit(gate.wait, SECONDS) for _ in range(CPUS + 3)]
    assert "2 of 2 running, 3 waiting" in repr(executor)
    assert not futures[0].cancel()
    assert futures[-1].cancel()
    with pytest.raises(CancelledError):
        futures[-1].result(0)
    gate.set()
    assert all(future.result(SECONDS) for future in futures[:-1])
    assert ray.most == CPUS


def test_a_crowd(ray: StandIn, executor: RayExecutor) -> None:
    """Thousands of calls, some of them submitted from callbacks, all end."""
    more: list[Future[int]] = []
    futures = [executor.submit(abs, -n) for n in range(3000)]
    for future in futures[:50]:
        future.add_done_callback(lambda _: more.append(executor.submit(abs, -1)))
    assert not wait(futures, SECONDS).not_done
    executor.shutdown()
    assert not wait(more, SECONDS).not_done
    assert ray.most <= CPUS


def test_shutting_down(executor: RayExecutor) -> None:
    """It waits for what is under way, drops what waits if asked to, and takes no more."""
    gate = threading.Event()
    futures = [executor.submit(gate.wait, SECONDS) for _ in range(CPUS + 2)]
    executor.shutdown(wait=False, cancel_futures=True)
    assert [future.cancelled() for future in futures] == [False] * CPUS + [True] * 2
    gate.set()
    executor.shutdown()
    assert all(future.done() for future in futures)
    with pytest.raises(RuntimeError):
        executor.submit(abs, 1)


def test_the_options(ray: StandIn) -> None:
    """Options are Ray's own, and each call may need several CPUs."""
    assert "of 1 running" in repr(RayExecutor(num_cpus=2, max_retries=0))
    assert ray.options == {"num_cpus": 2, "max_retries": 0}
    assert "of 16 running" in repr(RayExecutor(16))
    with pytest.raises(ConfigurationError, match="1 or more"):
        RayExecutor(0)


def test_without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Ray is not installed, the extra is named."""
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigurationError, match=r"wiro-widgets\[ray\]"):
        RayExecutor()


def test_a_sweep_on_it(sandbox_client: Client, executor: RayExecutor) -> None:
    """A sweep downloads and processes its results on the executor."""
    cells = [{"prompt": "x", "seed": seed, **SMALL} for seed in range(3)]
    sweep = sandbox_client.map(FLUX, cells, executor=executor, then=mean).wait()
    assert sweep.counts == {"succeeded": 3}
    assert all(0 < cell.value[1] < 255 for cell in sweep.cells)


def test_what_cannot_be_sent_is_refused_first(sandbox_client: Client, executor: RayExecutor) -> None:
    """A `then` that no worker can get is refused before anything is paid for."""
    lock = threading.Lock()
    with pytest.raises(ConfigurationError, match="cannot be sent to a worker of Ray"):
        sandbox_client.map(FLUX, [{"prompt": "x", **SMALL}], executor=executor, then=lambda _: lock)
    assert len(sandbox_client.history) == 0
