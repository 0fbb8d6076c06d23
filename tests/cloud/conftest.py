"""Places for outputs outside of this machine: an S3 server on loopback, and fsspec's memory."""

import logging
import threading
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.sandbox_clients import MakeClient
from wiro_widgets import Client
from wiro_widgets.media import cloud_files

KEY, SECRET = "AKIAPLANTED0001", "planted/secret+of+the+store"
SECONDS = 60.0  # for what must come
BUCKET = "pictures-of-a-team"  # one for all tests: a store is opened once


class S3Server:
    """A server whose buckets are folders; it can be away, and its port stays the same."""

    def __init__(self, folder: Path) -> None:
        localbucket = pytest.importorskip("localbucket")
        logging.getLogger(localbucket.__name__).setLevel(logging.CRITICAL)

        class Handler(localbucket.S3Handler):  # type: ignore[misc, name-defined]  # it has no types
            data_root = folder
            is_away = False

            def parse_request(self) -> bool:
                """Answer nothing while the server is away, on connections of before either."""
                self.close_connection = True
                return not self.is_away and bool(super().parse_request())

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        self.folder = folder
        self._handler = Handler
        self._server: ThreadingHTTPServer | None = None
        self.port = 0

    def start(self) -> None:
        """Listen, at the same port each time."""
        self._handler.is_away = False
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Listen no more."""
        self._handler.is_away = True
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """Serve S3 on loopback for the whole run."""
    server = S3Server(tmp_path_factory.mktemp("s3"))
    server.start()
    yield server
    server.stop()


class Place:
    """A folder at an address, `files` has what stands there by name."""

    def __init__(self, url: str, *, go: Callable[[], object], come_back: Callable[[], object]) -> None:
        self.url = url
        self._go, self._come_back = go, come_back

    @property
    def files(self) -> dict[str, bytes]:
        """The bytes of all files by the last part of their addresses."""
        system, root = cloud_files._system(self.url)
        system.invalidate_cache()
        return {str(path).rpartition("/")[2]: system.cat_file(path) for path in system.find(root)}

    def write(self, address: str, data: bytes) -> None:
        """Let other bytes stand at an address."""
        system, path = cloud_files._system(address)
        system.pipe_file(path, data)

    def delete(self, address: str) -> None:
        """Take a file away."""
        system, path = cloud_files._system(address)
        system.rm_file(path)

    def go_away(self) -> None:
        """Answer nobody."""
        self._go()

    def come_back(self) -> None:
        """Answer again, and let nobody remember otherwise."""
        self._come_back()
        cloud_files._away.clear()


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test a cache and a place for waiting outputs of its own."""
    for name in ("CACHE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))


@pytest.fixture(params=["memory", "s3"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Lend an empty folder at an address of each kind."""
    name = uuid4().hex[:12]
    if request.param == "memory":
        memory = pytest.importorskip("fsspec.implementations.memory").MemoryFileSystem

        def refuse(*_: Any, **__: Any) -> None:
            raise ConnectionError(f"nobody answers, not even with {SECRET}")

        patches = pytest.MonkeyPatch()
        monkeypatch.setenv("STORE_SECRET", SECRET)
        names = ("info", "put_file", "get_file", "_open")
        yield Place(
            f"memory://{name}/pictures",
            go=lambda: [patches.setattr(memory, method, refuse) for method in names],
            come_back=patches.undo,
        )
        patches.undo()
        memory.store.clear()
    else:
        pytest.importorskip("s3fs")
        server: S3Server = request.getfixturevalue("s3_server")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.port}")
        (server.folder / BUCKET).mkdir(exist_ok=True)
        is_away = False

        def stop() -> None:
            nonlocal is_away
            is_away = True
            server.stop()

        def start() -> None:
            nonlocal is_away
            is_away = False
            server.start()

        yield Place(f"s3://{BUCKET}/{name}/pictures", go=stop, come_back=start)
        if is_away:
            start()
    cloud_files._away.clear()


@pytest.fixture
def cloud_client(make_sandbox_client: MakeClient, place: Place) -> Client:
    """Make a client whose outputs are moved to the place."""
    return make_sandbox_client(output_dir=place.url)
