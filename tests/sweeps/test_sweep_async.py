import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.sandbox_clients import FLUX, SMALL
from wiro_widgets import AsyncClient, InvalidParameter, Sandbox


@asynccontextmanager
async def connect(sandbox: Sandbox, folder: Path) -> AsyncIterator[AsyncClient]:
    """Open a client of the sandbox."""
    async with AsyncClient(
        sandbox.api_key,
        sandbox.api_secret,
        base_url=sandbox.base_url,
        socket_url=sandbox.socket_url,
        journal=folder / "journal.sqlite3",
        output_dir=folder / "outputs",
    ) as client:
        yield client


def test_cells_are_awaited_as_they_finish(sandbox: Sandbox, tmp_path: Path) -> None:
    """`async for cell in sweep` yields each cell once, with a task that can be awaited."""

    async def main() -> list[int]:
        async with connect(sandbox, tmp_path) as client:
            sweep = await client.sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(4))
            indexes = [cell.index async for cell in sweep]
            assert all([(await cell.task.wait()).images for cell in sweep.cells if cell.task])
            assert len(sweep.to_pandas()) == 4
            return indexes

    assert sorted(asyncio.run(main())) == [0, 1, 2, 3]


def test_lists_waits_and_estimates(sandbox: Sandbox, tmp_path: Path) -> None:
    """`await client.map`, `await sweep.wait()` and `await client.estimate` do what the blocking calls do."""

    async def main() -> None:
        async with connect(sandbox, tmp_path) as client:
            assert (await client.estimate(FLUX)).typical == 0.00234
            sweep = await client.map(FLUX, [{"prompt": "a", **SMALL}, {"prompt": "b", **SMALL}])
            assert (await sweep.wait(30)).counts == {"succeeded": 2}
            with pytest.raises(InvalidParameter):
                await client.sweep(FLUX, prompt=[])

    asyncio.run(main())


def test_cancelling_the_wait_stops_the_sweep(sandbox: Sandbox, tmp_path: Path) -> None:
    """Cancelling a wait stops the cells that run and begins no further one, as an interrupt does."""
    sandbox.faults = {"stuck": "run"}

    async def main() -> dict[str, int]:
        async with connect(sandbox, tmp_path) as client:
            sweep = await client.sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(4), concurrency=2)
            while sum(cell.task is not None and cell.task.status == "running" for cell in sweep.cells) < 2:
                await sweep.busy_after(0.01)
            waiting = asyncio.create_task(sweep.wait())
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            await sweep.wait()
            return sweep.counts

    assert asyncio.run(main()) == {"cancelled": 2, "pending": 2}


def test_pausing_stopping_and_going_on(sandbox: Sandbox, tmp_path: Path) -> None:
    """An AsyncSweep can be paused, stopped and resumed."""

    async def main() -> None:
        async with connect(sandbox, tmp_path) as client:
            sweep = await client.sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(4), start=False)
            await sweep.resume()
            sweep.pause()
            await sweep.wait()
            await sweep.stop()
            await sweep.resume()
            assert (await sweep.wait()).counts == {"succeeded": 4}

    asyncio.run(main())
