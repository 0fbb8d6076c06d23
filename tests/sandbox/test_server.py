import asyncio
import contextlib
import gc
import socket
import subprocess
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.sandbox.raw import Caller, wait_for
from wiro_widgets.sandbox import SandboxServer
from wiro_widgets.sandbox.faults.faults import ActiveFaults, Faults
from wiro_widgets.sandbox.settings import SandboxSettings
from wiro_widgets.sandbox.world import RequestLog, World

ROOT = Path(__file__).resolve().parents[2]


def test_http_and_socket_share_one_port() -> None:
    """Both addresses differ in their scheme alone."""
    with SandboxServer() as server:
        assert server.base_url.removeprefix("http") == server.socket_url.removeprefix("ws")


def test_the_date_of_replies_goes_on() -> None:
    """The Date header is of now, not of the start: clients compare their clocks by it."""
    with SandboxServer() as server, httpx.Client(trust_env=False) as client:
        first = client.get(server.base_url).headers["date"]
        wait_for(lambda: client.get(server.base_url).headers["date"], lambda date: date != first)


def test_a_port_may_be_chosen() -> None:
    """The address is known before anybody starts."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with SandboxServer(port) as server:
        assert server.base_url == f"http://127.0.0.1:{port}/v1"


def test_a_taken_port_is_refused() -> None:
    """`start` raises what the system said."""
    with SandboxServer() as server, pytest.raises(OSError, match="in use"):
        SandboxServer(int(server.base_url.split(":")[2].split("/")[0])).start()


def test_starting_and_closing_twice_is_fine() -> None:
    """Both do nothing the second time."""
    server = SandboxServer()
    assert server.start() is server.start()
    server.close()
    server.close()


def test_a_closed_sandbox_may_start_again() -> None:
    """It keeps its credentials and forgets its tasks."""
    server = SandboxServer(speed=1000)
    for _ in range(2):
        with server, Caller(server) as caller:
            assert caller.finish()["pexit"] == "0"
            assert caller.call("Task/List")["total"] == "1"


def test_closing_leaves_nothing_behind() -> None:
    """No thread, no socket and no warning stay, whatever was going on."""
    gc.collect()  # what other tests have dropped is not closed meanwhile
    threads, handles = threading.active_count(), _open_handles()
    with warnings.catch_warnings(record=True) as warning_list:
        warnings.simplefilter("always")
        with SandboxServer(faults={"half_open_after": 0}) as server, Caller(server) as caller:
            receipt = caller.run()
            waiting = threading.Thread(target=_hang, args=(server,))
            waiting.start()
            with caller.following(receipt):
                server.close()
            waiting.join()
        gc.collect()
    assert [str(warning.message) for warning in warning_list] == []
    assert threading.active_count() == threads
    assert _open_handles() == handles


def _open_handles() -> int:
    return sum(1 for _ in Path("/dev/fd").iterdir())


def _hang(server: SandboxServer) -> None:
    with connect(server.socket_url, proxy=None) as idle, contextlib.suppress(ConnectionClosed):
        idle.recv()


def test_closing_ends_a_call_that_hangs() -> None:
    """Nobody waits for an answer that will not come."""
    with SandboxServer(faults={"hang_before": 1}) as server, Caller(server) as caller:
        with ThreadPoolExecutor(1) as pool:
            hanging = pool.submit(caller.post, "Task/List")
            wait_for(lambda: server.requests, bool)
            server.close()
        assert isinstance(hanging.exception(), httpx.RemoteProtocolError)


def test_it_works_where_loops_are_nested() -> None:
    """nest-asyncio changes asyncio for the whole process, and the sandbox does not mind."""
    code = (
        "import nest_asyncio; nest_asyncio.apply()\n"
        "from wiro_widgets.sandbox import SandboxServer\n"
        "from tests.sandbox.raw import Caller\n"
        "with SandboxServer(speed=1000) as server, Caller(server) as caller:\n"
        "    print(len(caller.frames()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("15\n", "")


def test_it_closes_quickly_with_a_task_at_work() -> None:
    """A task that works without end does not keep the sandbox open."""
    with SandboxServer(speed=1000, faults={"stuck": "run"}) as server, Caller(server) as caller:
        caller.settled_at(caller.run(), "task_accept")
        closing = threading.Thread(target=server.close, daemon=True)
        closing.start()
        closing.join(60)
        assert not closing.is_alive()
        with pytest.raises(httpx.ConnectError):
            caller.post("Task/List")


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"workers": 0}, "workers must be at least 1"),
        ({"speed": 0}, "speed must be above 0"),
        ({"speed": float("nan")}, "speed must be above 0"),
        ({"host": "192.0.2.1"}, "loopback only"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, object], reason: str) -> None:
    """ValueError says which and why; a sandbox is for this machine alone."""
    with pytest.raises(ValueError, match=reason):
        SandboxServer(**settings)  # type: ignore[arg-type]


def test_credentials_are_random_unless_given() -> None:
    """Two sandboxes do not share a key; a given one is used."""
    one, other = SandboxServer(), SandboxServer()
    assert one.api_key != other.api_key
    assert one.api_secret != other.api_secret
    assert SandboxServer(api_key="k", api_secret="s").api_key == "k"


def test_the_repr_shows_no_credentials() -> None:
    """It says where the sandbox is and how much it received."""
    with SandboxServer() as server:
        assert repr(server) == f"<SandboxServer serving {server.base_url}, 0 requests>"
    assert repr(server) == "<SandboxServer closed, 0 requests>"


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    """Neither stdout nor stderr hear of a run."""
    with SandboxServer(speed=1000) as server, Caller(server) as caller:
        caller.frames()
    assert capfd.readouterr() == ("", "")


def test_a_caller_that_hangs_up_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Who leaves in the middle of a body waits for no answer, and the notebook hears nothing of it."""
    with SandboxServer() as server, Caller(server) as caller:
        host, port = server.base_url.split("/")[2].split(":")
        with socket.create_connection((host, int(port))) as half:
            half.sendall(b"POST /v1/Task/List HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{")
            assert caller.post("Task/List").status_code == 200
        time.sleep(0.1)
        assert caller.post("Task/List").status_code == 200
    assert [record for record in caplog.records if record.name != "httpx"] == []


def test_a_missing_extra_is_named() -> None:
    """ImportError says what to install."""
    code = "import sys; sys.modules['uvicorn'] = None; import wiro_widgets.sandbox"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert 'pip install "wiro-widgets[sandbox]"' in done.stderr.splitlines()[-1]


def test_a_task_at_the_end_of_the_interpreter_is_left() -> None:
    """A script that ends before its task prints no traceback of the painters, whose threads are gone by then."""

    async def paint() -> None:
        executor = ThreadPoolExecutor(1)
        executor.shutdown()
        world = World(SandboxSettings(), RequestLog([]), executor, "http://127.0.0.1", ActiveFaults(Faults()))
        with pytest.raises(asyncio.CancelledError):
            await world.in_thread(str)

    asyncio.run(paint())
