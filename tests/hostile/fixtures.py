"""A hostile server, and clients that point at it."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.hostile.http_wire import Answer, Call
from tests.hostile.server import KEY, SECRET, Hostile
from wiro_widgets.client.sync_client import Client, Task
from wiro_widgets.media.output import Output
from wiro_widgets.runs import follower as following
from wiro_widgets.runs import lost_runs as lost
from wiro_widgets.runs import submission as submitting
from wiro_widgets.transport import downloads, http

MakeClient = Callable[..., Client]
Fetch = Callable[..., Output]


@pytest.fixture
def server() -> Iterator[Hostile]:
    """Start a server of its own for a test."""
    with Hostile() as hostile:
        yield hostile


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
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


@pytest.fixture
def run(server: Hostile, client: Client) -> Task:
    """Start a run whose socket is registered."""
    task = client.run("a/b", prompt="x")
    server.wait(lambda: server.task().listeners, "the registration")
    return task


@pytest.fixture
def only_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let silence alone cause no read of Task/Detail."""
    monkeypatch.setattr(following, "SILENCE", (3600.0,))


@pytest.fixture
def fetch(server: Hostile, client: Client) -> Fetch:
    """Return what makes an output of a task and fetches it."""

    def one(data: bytes, act: Callable[[Call], Answer] | None = None, **more: Any) -> Output:
        task = client.run("a/b", prompt="x")
        server.finish(server.task(), [server.serve_file(data, act, **more)])
        (output,) = task.wait(10).outputs
        return output

    return one


@pytest.fixture(scope="session")
def picture() -> bytes:
    """Return a PNG that is large enough to be cut in the middle."""
    target = io.BytesIO()
    Image.effect_noise((160, 160), 80).convert("RGB").save(target, "PNG")
    return target.getvalue()
