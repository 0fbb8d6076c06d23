"""A module in place of Ray, which does in threads what RayExecutor asks of it."""

import pickle
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from types import FunctionType, ModuleType
from typing import Any

import pytest

CPUS = 2


class RayError(Exception):
    """What Ray itself raises."""


class RayTaskError(RayError):
    """What a call has raised."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(f"ray::work() {cause}")
        self.cause = cause


class StandIn(ModuleType):
    """Has the calls of Ray that the executor makes; `most` is how many calls it had at once."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        super().__init__("ray")
        self.pool = pool
        self.count = self.most = 0
        self.options: dict[str, Any] = {}
        self.exceptions = ModuleType("ray.exceptions")
        self.exceptions.RayError = RayError  # type: ignore[attr-defined]  # a module is what is assigned to it
        self.exceptions.RayTaskError = RayTaskError  # type: ignore[attr-defined]  # the same
        self.cloudpickle = pickle
        self.is_begun = False

    def is_initialized(self) -> bool:
        """Say whether `init` was called."""
        return self.is_begun

    def init(self) -> None:
        """Begin."""
        self.is_begun = True

    def cluster_resources(self) -> dict[str, float]:
        """Say how much there is."""
        return {"CPU": float(CPUS), "memory": 1e9}

    def remote(self, work: Callable[..., Any]) -> "Task":
        """Make a task of a function."""
        assert isinstance(work, FunctionType), "Ray takes functions and classes alone"
        return Task(self, work)


class Task:
    """A function that runs elsewhere."""

    def __init__(self, ray: StandIn, work: Callable[..., Any]) -> None:
        self._ray, self._work = ray, work

    def options(self, **options: Any) -> "Task":
        """Take the options of a call."""
        self._ray.options = options
        return self

    def remote(self, *args: Any) -> "Reference":
        """Begin a call."""
        self._ray.count += 1
        self._ray.most = max(self._ray.most, self._ray.count)
        return Reference(self._ray.pool.submit(self._call, args))

    def _call(self, args: Any) -> Any:
        try:
            return self._work(*args)
        except RayError:
            raise
        except Exception as error:
            raise RayTaskError(error) from error
        finally:
            self._ray.count -= 1


class Reference:
    """The result of a call that is to come."""

    def __init__(self, future: Future[Any]) -> None:
        self._future = future

    def future(self) -> Future[Any]:
        """Return it as a future."""
        return self._future


@contextmanager
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """Let `import ray` bring the stand-in."""
    with ThreadPoolExecutor(8) as pool:
        ray = StandIn(pool)
        monkeypatch.setitem(sys.modules, "ray", ray)
        yield ray
