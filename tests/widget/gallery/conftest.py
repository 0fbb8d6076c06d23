"""Galleries whose browser is the test, over journals that are filled without any run."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import comm
import pytest
from PIL import Image

from tests.widget.wire.page import Wire
from wiro_widgets import Client, Gallery, TaskRecord
from wiro_widgets.journal.journal import Journal
from wiro_widgets.protocol.record import Outcome

SERVER = "http://127.0.0.1:9/v1"
DAY = datetime(2026, 5, 2, 12, tzinfo=UTC)
QUERY: dict[str, Any] = {"text": "", "models": [], "outcomes": [], "tags": [], "star": None}
QUERY |= {"since": "", "until": "", "low": None, "high": None}

AddRun = Callable[..., str]
MakeGallery = Callable[..., Gallery]


def choose(gallery: Gallery, runs: Any) -> None:
    """Select runs from Python, by records or task ids."""
    gallery.set_trait("selected", runs)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """Make a client that talks to nobody; its journal and outputs are in the test's folder."""
    journal, outputs = tmp_path / "journal.sqlite3", tmp_path / "outputs"
    with Client("key", "secret", base_url=SERVER, journal=journal, output_dir=outputs) as client:
        yield client


@pytest.fixture
def journal(client: Client) -> Journal:
    """Return its journal."""
    return client.history._journal


@pytest.fixture
def add_run(journal: Journal, tmp_path: Path) -> AddRun:
    """Return a function that adds a run with its pictures, each a day after the one before, and returns its id."""
    server = "http://127.0.0.1:9/v1"
    tasks = iter(range(1, 1_000))

    def add(
        prompt: str = "a lighthouse",
        *,
        model: str = "tencent/hunyuan-flux-srpo",
        pictures: int = 1,
        outcome: Outcome = "succeeded",
        files: dict[str, bytes] | None = None,
        **facts: Any,
    ) -> str:
        task_id = str(next(tasks))
        folder = tmp_path / "outputs" / task_id
        folder.mkdir(parents=True)
        paths = []
        for place in range(pictures):
            path = folder / f"{place}.png"
            Image.new("RGB", (640, 480), (40 * place, 90, 160)).save(path)
            paths.append(str(path))
        for name, data in (files or {}).items():
            (folder / name).write_bytes(data)
            paths.append(str(folder / name))
        parameters = {"prompt": prompt, "steps": 20, "seed": int(task_id)}
        run_id = journal.begin(server, model, parameters)
        record = TaskRecord(
            task_id=task_id, model=model, prompt=prompt, parameters=parameters, outcome=outcome,
            created_at=DAY + timedelta(days=int(task_id)), output_count=len(paths), **facts,
        )  # fmt: skip
        journal.submitted(run_id, task_id)
        journal.settle(run_id, record, paths)
        return run_id

    return add


@pytest.fixture
def gallery_of(client: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeGallery]:
    """Make galleries of that client, and close them after the test."""
    monkeypatch.setattr(comm, "create_comm", Wire)
    galleries: list[Gallery] = []

    def make(**query: Any) -> Gallery:
        galleries.append(Gallery(client, **query))
        return galleries[-1]

    yield make
    for gallery in galleries:
        gallery.close()


@pytest.fixture
def wire_of() -> Callable[[Gallery], Wire]:
    """Return the browser's end of a gallery."""

    def wire(gallery: Gallery) -> Wire:
        assert isinstance(gallery.comm, Wire)
        return gallery.comm

    return wire
