"""The state that one sandbox shares between its endpoints, workers and sockets: tasks, files, requests, faults."""

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar, TypeVarTuple

from wiro_widgets.sandbox.faults.faults import ActiveFaults, Faults
from wiro_widgets.sandbox.settings import SandboxSettings
from wiro_widgets.sandbox.tasks.inputs import Form, Upload, as_text
from wiro_widgets.sandbox.tasks.task import SandboxTask, TaskStore

MAX_REQUESTS = 2_000
MAX_TEXT = 4_000
MAX_SHELF_BYTES = 256 * 1024 * 1024
HIDDEN = "(hidden)"
MAX_SESSIONS, MAX_TURNS = 1_000, 50  # conversations, and prompts of one
SECRET_FIELDS = frozenset({"tasktoken", "socketaccesstoken", "apikey", "api_key", "apisecret", "token"})
Result = TypeVar("Result")
Values = TypeVarTuple("Values")


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """One request: `fields` are (name, text) in order, `files` are (name, filename, content type, bytes)."""

    method: str
    path: str
    fields: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, str, str, int], ...] = ()


class RequestLog:
    """A bounded list of requests, oldest first; it knows the secrets in order to remove them."""

    def __init__(self, hidden_texts: Iterable[str]) -> None:
        self.requests: list[ReceivedRequest] = []
        self._secrets = sorted(filter(None, hidden_texts), key=len, reverse=True)

    def add(self, method: str, path: str, form: Form | None = None) -> None:
        """Add one request, with credentials and tokens hidden and long texts cut."""
        fields: list[tuple[str, str]] = []
        files: list[tuple[str, str, str, int]] = []
        for name, value in form.parts if form else ():
            if isinstance(value, Upload):
                files.append((name, value.filename, value.content_type, len(value.data)))
            else:
                fields.append((name, self._clean(name, as_text(value))))
        self.requests.append(ReceivedRequest(method, self._clean("", path), tuple(fields), tuple(files)))
        del self.requests[:-MAX_REQUESTS]

    def _clean(self, name: str, text: str) -> str:
        if name.lower() in SECRET_FIELDS:
            return HIDDEN
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "..."


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that the sandbox serves; its content never changes, and its ETag names nothing else."""

    content_type: str
    etag: str
    data: bytes = field(repr=False)


@dataclass(slots=True, eq=False, repr=False)
class World:
    """The state of one sandbox; everything but `request_log` belongs to its event loop."""

    settings: SandboxSettings
    request_log: RequestLog
    executor: ThreadPoolExecutor
    origin: str
    active_faults: ActiveFaults
    tasks: TaskStore = field(default_factory=TaskStore)
    shelf: dict[str, StoredFile] = field(default_factory=dict)  # by path
    # What was asked, by user and session.
    sessions: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    queue: asyncio.Queue[SandboxTask] = field(default_factory=asyncio.Queue)
    background: set[asyncio.Task[None]] = field(default_factory=set)
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    async def pause(self, nominal: float) -> None:
        """Wait for `nominal` seconds at speed 1."""
        await asyncio.sleep(nominal / self.settings.speed)

    async def delay(self, seconds: float) -> None:
        """Wait for `seconds` of real time; stop early if the sandbox closes."""
        if seconds:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.closing.wait(), seconds)

    async def unstick(self, where: str) -> None:
        """Wait while the fault `stuck` names this place."""
        while self.active_faults.faults.stuck == where:
            await self.active_faults.change.wait()

    def in_thread(self, function: Callable[[*Values], Result], *values: *Values) -> asyncio.Future[Result]:
        """Run a function that takes its time in one of the painters' threads."""
        try:
            return asyncio.get_running_loop().run_in_executor(self.executor, function, *values)
        except RuntimeError:  # the interpreter ends, or the sandbox: nobody waits for a picture any more
            raise asyncio.CancelledError from None

    def later(self, job: Coroutine[object, object, None]) -> None:
        """Run a job in the background; closing the sandbox cancels it."""
        task = asyncio.create_task(job)
        self.background.add(task)
        task.add_done_callback(self.background.discard)

    def remember(self, user: str, session: str, prompt: str) -> list[str]:
        """Add a prompt to a conversation and return the earlier ones, oldest first; none without a session."""
        if not session:
            return []
        earlier = self.sessions.pop((user, session), [])
        self.sessions[user, session] = [*earlier, prompt][-MAX_TURNS:]
        while len(self.sessions) > MAX_SESSIONS:
            del self.sessions[next(iter(self.sessions))]
        return earlier

    def store(self, path: str, content_type: str, data: bytes) -> str:
        """Put a file on the shelf and return its URL; beyond a limit of bytes the oldest files are removed."""
        self.shelf[path] = StoredFile(content_type, secrets.token_hex(8), data)
        size = sum(len(file.data) for file in self.shelf.values())
        while size > MAX_SHELF_BYTES and len(self.shelf) > 1:
            size -= len(self.shelf.pop(next(iter(self.shelf))).data)
        return self.origin + path

    def set_faults(self, faults: Faults) -> None:
        """Replace the faults and reset their counts."""
        former, self.active_faults = self.active_faults, ActiveFaults(faults)
        former.change.set()
