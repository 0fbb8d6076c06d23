"""The code of docs/how-to/teams.md runs."""

import re
from pathlib import Path
from typing import Any

import pytest

import wiro_widgets
from tests.postgres_server import PASSWORD, postgres_server
from tests.sandbox_clients import SMALL, environment
from tests.sweeps.ray_stand_in import stand_in
from tests.sweeps.worker_functions import mean
from wiro_widgets import Client, Sandbox

PAGE = (Path(__file__).resolve().parent.parent.parent / "docs/how-to/teams.md").read_text(encoding="utf-8")
BLOCKS: list[str] = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
CELLS = [{"prompt": "x", "seed": seed, **SMALL} for seed in range(2)]


def block(word: str) -> str:
    """Return the page's code with this word in it."""
    return next(text for text in BLOCKS if word in text)


def test_the_first_lines_run(sandbox_client: Client, capfd: pytest.CaptureFixture[str]) -> None:
    """The page's example runs as it stands, with threads for its processes."""
    cell: dict[str, Any] = {"client": sandbox_client, "cells": CELLS, "score": mean}
    exec(block("ProcessPoolExecutor").replace("Process", "Thread"), cell)  # noqa: S102 - our own page
    assert cell["sweep"].counts == {"succeeded": 2}
    assert cell["sweep"].to_pandas()["cell_value"].notna().all()
    assert capfd.readouterr().err == ""


def test_outputs_in_a_store(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines on output folders elsewhere run, with fsspec's memory for the bucket."""
    for name, value in environment(sandbox).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WIRO_JOURNAL", str(tmp_path / "journal.sqlite3"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cell: dict[str, Any] = {"wiro": wiro_widgets}
    exec(block("our-bucket").replace("s3://", "memory://"), cell)  # noqa: S102 - our own page
    assert cell["images"].record.output_paths[0].startswith("memory://our-bucket/pictures/20")
    cell["client"].close()


def test_a_journal_of_a_team(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines on a team's journal run, with a server on this machine and fewer seeds."""
    for name, value in environment(sandbox).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WIRO_OUTPUT_DIR", str(tmp_path))
    with postgres_server() as server:
        monkeypatch.setenv("PGPASSWORD", PASSWORD)
        code = block("db.example").replace("ann@db.example/wiro", f"team@127.0.0.1:{server.port}/postgres")
        cell: dict[str, Any] = {"wiro": wiro_widgets}
        exec(code.replace("range(100)", "range(2)"), cell)  # noqa: S102 - our own page
        assert cell["sweep"].wait().counts == {"succeeded": 2}
        cell["client"].close()


def test_the_lines_for_ray_run(sandbox_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example for Ray runs, with a stand-in for Ray; `make test-ray` has the real one."""
    with stand_in(monkeypatch):
        cell: dict[str, Any] = {"client": sandbox_client, "cells": CELLS, "score": mean}
        exec(block("RayExecutor"), cell)  # noqa: S102 - our own page
        assert cell["sweep"].wait().counts == {"succeeded": 2}
