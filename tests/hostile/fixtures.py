"""The fixtures of the hostile server and its clients."""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.hostile.http_wire import Answer, Call
from tests.hostile.server import KEY, SECRET, HostileServer
from wiro_widgets.client.sync_client import Client, Task
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.timing import Timing

MakeClient = Callable[..., Client]
Fetch = Callable[..., Output]

# Second tries come at once: how long they wait is tested where it matters.
FAST = Timing(
    call_retries=(0.01, 8.0),
    download_retries=(0.01, 2.4),
    run_retries=(0.01, 8.0),
    silence=(0.05, 0.1, 0.2, 0.4),
    settling=(0.02, 0.05),
    late_cost=(0.5, 1.0, 2.0),
    lost_run_looks=(0.0, 0.05),
)
# Silence alone causes no read of Task/Detail.
ONLY_SOCKET = pytest.mark.timing(silence=(3600.0,))


@pytest.fixture
def server() -> Iterator[HostileServer]:
    """Start a hostile server for one test."""
    with HostileServer() as hostile:
        yield hostile


@pytest.fixture
def timing(request: pytest.FixtureRequest) -> Timing:
    """Return how long the clients of a test wait: `FAST`, with what its `timing` marker says."""
    marker = request.node.get_closest_marker("timing")
    return replace(FAST, **marker.kwargs) if marker else FAST


@pytest.fixture
def make_client(server: HostileServer, tmp_path: Path, timing: Timing) -> Iterator[MakeClient]:
    """Return a function that makes clients of the server; they share a journal and a folder and close with the test."""
    clients: list[Client] = []

    def make(**settings: Any) -> Client:
        folders = {"journal": tmp_path / "journal.sqlite3", "output_dir": tmp_path / "outputs"}
        addresses = {"base_url": server.base_url, "socket_url": server.socket_url}
        defaults = {**folders, **addresses, "timeout": 5.0, "timing": timing}
        clients.append(Client(KEY, SECRET, **{**defaults, **settings}))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(make_client: MakeClient) -> Client:
    """Make one client of the server."""
    return make_client()


@pytest.fixture
def run(server: HostileServer, client: Client) -> Task:
    """Start a run whose socket is registered."""
    task = client.run("a/b", prompt="x")
    server.wait(lambda: server.task().listeners, "the registration")
    return task


@pytest.fixture
def fetch(server: HostileServer, client: Client) -> Fetch:
    """Return a function that makes a file the output of a task and fetches it."""

    def fetch_one(data: bytes, handler: Callable[[Call], Answer] | None = None, **more: Any) -> Output:
        task = client.run("a/b", prompt="x")
        server.finish(server.task(), [server.serve_file(data, handler, **more)])
        (output,) = task.wait(60).outputs
        return output

    return fetch_one


@pytest.fixture(scope="session")
def picture() -> bytes:
    """Return a PNG that is large enough to be cut in the middle."""
    target = io.BytesIO()
    Image.effect_noise((160, 160), 80).convert("RGB").save(target, "PNG")
    return target.getvalue()
