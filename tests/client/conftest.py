"""A hostile server, and clients that point at it."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.client.hostile import KEY, SECRET, Hostile
from wiro_widgets.client import downloads, following, http, lost, submitting
from wiro_widgets.client.sync import Client

MakeClient = Callable[..., Client]


@pytest.fixture
def server() -> Iterator[Hostile]:
    """Start a server of its own for a test."""
    with Hostile() as hostile:
        yield hostile


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let second tries come at once: how long they wait is tested where it matters."""
    monkeypatch.setattr(http, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(submitting, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(downloads, "PAUSE", 0.01)
    monkeypatch.setattr(following, "SILENCE", (0.05, 0.1, 0.2, 0.4))
    monkeypatch.setattr(lost, "PAUSES", (0.0, 0.05))


@pytest.fixture
def make_client(server: Hostile, tmp_path: Path) -> Iterator[MakeClient]:
    """Make clients of the server, which are closed with the test; they share a journal and a folder."""
    made: list[Client] = []

    def make(**settings: Any) -> Client:
        kept = {"journal": tmp_path / "journal.sqlite3", "output_dir": tmp_path / "outputs", "timeout": 5.0}
        here = {"base_url": server.base_url, "socket_url": server.socket_url}
        made.append(Client(KEY, SECRET, **{**kept, **here, **settings}))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(make_client: MakeClient) -> Client:
    """Make one client of the server."""
    return make_client()


@pytest.fixture(scope="session")
def picture() -> bytes:
    """Return a PNG that is large enough to be cut in the middle."""
    target = io.BytesIO()
    Image.effect_noise((160, 160), 80).convert("RGB").save(target, "PNG")
    return target.getvalue()
