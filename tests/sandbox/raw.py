"""A caller that speaks Wiro with httpx and websockets alone: none of our own protocol code."""

import hashlib
import hmac
import io
import itertools
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from PIL import Image
from websockets.sync.client import ClientConnection, connect

from wiro_widgets.sandbox import SandboxServer

FLUX = "tencent/hunyuan-flux-srpo"
CHAT = "wiro/sandbox-chat"
FAIL = "wiro/sandbox-fail"
POSTER = "wiro/sandbox-poster"
SKETCH = "wiro/sandbox-sketch"
UPSCALE = "wiro/sandbox-upscale"
LAST = ("task_postprocess_end", "task_cancel")
PATIENCE = 60.0
# Never used, and loading the certificates anew takes 30 ms a client.
_TLS = ssl.create_default_context()
_PAUSE = threading.Event()
_NONCES = itertools.count(time.time_ns())

Json = dict[str, Any]
T = TypeVar("T")


class Caller:
    """One caller of one sandbox."""

    def __init__(self, server: SandboxServer) -> None:
        self.server = server
        self.http = httpx.Client(base_url=server.base_url, trust_env=False, timeout=PATIENCE, verify=_TLS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def headers(self) -> dict[str, str]:
        """Sign once more."""
        nonce = str(next(_NONCES))
        message = (self.server.api_secret + nonce).encode()
        signature = hmac.new(self.server.api_key.encode(), message, hashlib.sha256).hexdigest()
        return {"x-api-key": self.server.api_key, "x-nonce": nonce, "x-signature": signature}

    def post(self, endpoint: str, body: Json | None = None, **options: Any) -> httpx.Response:
        """Post JSON, or whatever httpx's options say."""
        options = options or {"json": body or {}}
        return self.http.post(f"/{endpoint}", headers=self.headers(), **options)

    def call(self, endpoint: str, body: Json | None = None, **options: Any) -> Json:
        """Post and return the envelope."""
        reply: Json = self.post(endpoint, body, **options).json()
        return reply

    def run(self, model: str = FLUX, /, **values: Any) -> Json:
        """Run a model with small pictures and return the receipt."""
        small = {"prompt": "a lighthouse", "width": "64", "height": "64", "steps": "2"}
        receipt = self.call(f"Run/{model}", {**small, **values})
        assert receipt["result"], receipt
        return receipt

    def detail(self, receipt: Json) -> Json:
        """Return the task as Task/Detail shows it."""
        task: Json = self.call("Task/Detail", {"taskid": receipt["taskid"]})["tasklist"][0]
        return task

    def wait_until_settled(self, receipt: Json) -> Json:
        """Return the task when it has ended."""
        return wait_for(lambda: self.detail(receipt), lambda task: task["status"] in LAST)

    def settled_at(self, receipt: Json, *statuses: str) -> Json:
        """Return the task when it has come to one of these statuses."""
        return wait_for(lambda: self.detail(receipt), lambda task: task["status"] in statuses)

    def tool(self, model: str) -> Json:
        """Return a model's catalogue entry."""
        owner, project = model.split("/")
        entry: Json = self.call("Tool/Detail", {"slugowner": owner, "slugproject": project})["tool"][0]
        return entry

    def finish(self, model: str = FLUX, /, **values: Any) -> Json:
        """Run a model and return the ended task."""
        return self.wait_until_settled(self.run(model, **values))

    def picture(self, task: Json, number: int = 0) -> Image.Image:
        """Download and decode an output."""
        answer = self.http.get(task["outputs"][number]["url"])
        assert answer.status_code == 200
        return Image.open(io.BytesIO(answer.content)).convert("RGB")

    @contextmanager
    def following(self, receipt: Json) -> Iterator[ClientConnection]:
        """Connect, read the welcome, register the task, and go on when the sandbox has heard it."""
        with connect(self.server.socket_url, compression=None, proxy=None, max_size=None) as socket:
            welcome(socket)
            socket.send(json.dumps({"type": "task_info", "tasktoken": receipt["socketaccesstoken"]}))
            assert self.server._world is not None
            tasks = self.server._world.tasks
            wait_for(
                lambda: tasks.find(task_id=receipt["taskid"]), lambda task: bool(task and task.listeners)
            )
            yield socket

    def frames(self, model: str = FLUX, faults: Json | None = None, /, **values: Any) -> list[Json]:
        """Run a model and return every frame of its life, the first included."""
        with self.hold(model, faults, **values) as (_, socket):
            return list(until_the_end(socket))

    @contextmanager
    def hold(
        self, model: str = FLUX, faults: Json | None = None, /, **values: Any
    ) -> Iterator[tuple[Json, ClientConnection]]:
        """Run a model that waits until its socket is registered, then set the faults and let it go."""
        self.server.faults = {"stuck": "queue"}
        receipt = self.run(model, **values)
        with self.following(receipt) as socket:
            self.server.faults = faults
            yield receipt, socket


def welcome(socket: ClientConnection) -> None:
    """Read the frame that each connection begins with."""
    assert json.loads(socket.recv(timeout=PATIENCE)) == {"type": "connected", "version": "1.0"}


def until_the_end(socket: ClientConnection) -> Iterator[Json]:
    """Read frames up to the terminal one."""
    while True:
        frame: Json = json.loads(socket.recv(timeout=PATIENCE))
        yield frame
        if frame.get("type") in LAST:
            return


def wait_for(look: Callable[[], T], is_so: Callable[[T], bool]) -> T:
    """Look again and again until it is so; fail after a minute."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        value = look()
        if is_so(value):
            return value
        _PAUSE.wait(0.002)
    raise AssertionError(f"still not so: {look()!r}")


def png(colour: tuple[int, int, int] = (200, 30, 30), size: tuple[int, int] = (64, 64)) -> bytes:
    """Return a picture of one colour."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()
