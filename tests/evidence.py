"""Everything that a user could save or print of a day's work with planted secrets."""

import asyncio
import base64
import contextlib
import gc
import io
import json
import logging
import pickle
import pprint
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, is_dataclass
from pathlib import Path
from typing import Any

from tests.widget.wire.page import SECONDS, Wire
from wiro_widgets import AsyncClient, Client, Panel, Sandbox, WiroError, read_recipe

FLUX = "tencent/hunyuan-flux-srpo"
SMALL: dict[str, Any] = {"prompt": "A lighthouse", "width": 64, "height": 64, "steps": 2}


@dataclass
class Evidence:
    """Texts by the place where they were found, and the secrets that none of them may hold."""

    traces: dict[str, list[str | bytes]] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)

    def keep(self, place: str, *texts: str | bytes) -> None:
        """Keep what was found somewhere."""
        self.traces.setdefault(place, []).extend(texts)

    def leaks(self, place: str) -> list[str]:
        """Return what of this place holds a secret, shortened."""
        plain = {secret.encode() for secret in self.secrets}
        needles = plain | {base64.b64encode(secret).rstrip(b"=")[:-1] for secret in plain}
        leaks = []
        for text in self.traces[place]:
            data = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
            at = [position for needle in needles if (position := data.find(needle)) >= 0]
            if at:
                leaks.append(repr(data[max(0, at[0] - 200) : at[0] + 60]))
        return leaks


def reprs(value: Any) -> list[str]:
    """Return a value in every way in which people print one."""
    texts = [repr(value), str(value), pprint.pformat(value)]
    with contextlib.suppress(TypeError):
        texts.append(repr(vars(value)))
    if is_dataclass(value) and not isinstance(value, type):
        with contextlib.suppress(TypeError):  # some hold what cannot be copied
            texts.append(repr(asdict(value)))
    return texts


def pickles(value: Any) -> list[bytes]:
    """Return the pickle of a value, where it has one."""
    try:
        return [pickle.dumps(value)]
    except Exception:  # noqa: BLE001 - what cannot be pickled raises as it likes
        return []


def error_text(error: BaseException) -> str:
    """Return an error as a debugger shows it: its chain, with the locals of every frame."""
    lines = traceback.TracebackException.from_exception(error, capture_locals=True).format()
    return "".join(lines)


class Day:
    """A day's work: runs that succeed, fail, are stopped, refused and lost."""

    def __init__(self, folder: Path) -> None:
        self.evidence = Evidence()
        self.folder = folder
        self.objects: list[Any] = []

    def work(self) -> Evidence:
        """Do everything once, and keep what could be seen of it."""
        with self._listening(), Sandbox(speed=1000) as sandbox:
            client = sandbox.client(
                journal=self.folder / "journal.sqlite3", output_dir=self.folder / "outputs"
            )
            panel = Panel(FLUX, client=client, **SMALL)
            self._good(panel, client)
            self._bad(panel, sandbox, client)
            self._strangers(sandbox)
            asyncio.run(self._collect_async(sandbox))
            self._put_away(panel, sandbox, client)
        return self.evidence

    @contextlib.contextmanager
    def _listening(self) -> Iterator[None]:
        """Keep every line of every logger, from DEBUG on, and every warning."""
        stream = io.StringIO()
        handler = logging.StreamHandler(stream)
        loggers = [logging.root, *(logging.getLogger(name) for name in logging.root.manager.loggerDict)]
        before = [(logger, logger.level) for logger in loggers]
        logging.root.addHandler(handler)
        for logger in loggers:
            logger.setLevel(logging.DEBUG)
        try:
            with warnings.catch_warnings(record=True) as warning_list:
                warnings.simplefilter("always")
                yield
        finally:
            logging.root.removeHandler(handler)
            for logger, level in before:
                logger.setLevel(level)
        self.evidence.keep("logs", stream.getvalue())
        self.evidence.keep("warnings", *(str(item.message) for item in warning_list))

    def _good(self, panel: Panel, client: Client) -> None:
        task = panel.run()
        while not task.over:
            self.evidence.keep("reprs of a run under way", *reprs(task), *reprs(task.state), repr(panel))
        result = panel.wait(SECONDS)
        chat = client.run("wiro/sandbox-chat", prompt="hello")
        chat.wait(SECONDS)
        again = client.attach(task.id or "")
        detail = client.detail(task.id or "")
        self.objects += [
            panel,
            client,
            task,
            again,
            result,
            detail,
            chat,
            client.history,
            *result.outputs,
            *panel.events,
        ]
        self.objects += [task.state, task.record, detail, chat.state, client.schema(FLUX), *client.models()]

    def _bad(self, panel: Panel, sandbox: Sandbox, client: Client) -> None:
        sandbox.faults = {"stuck": "run"}
        stopped = panel.run()
        stopped.stop()
        sandbox.faults = {"echo_secrets": "Run:1"}
        echo_task = panel.run()
        self._collect_error(lambda: echo_task.wait(SECONDS))
        sandbox.faults = {"lose_run_reply": 1}
        self._collect_error(lambda: client.generate(FLUX, SMALL))
        sandbox.faults = None
        self._collect_error(lambda: stopped.wait(SECONDS))
        self._collect_error(lambda: client.generate("wiro/sandbox-fail"))
        self._collect_error(lambda: client.generate(FLUX, prompt="x", steps="many"))
        self._collect_error(lambda: client.generate("nobody/nothing"))
        self._collect_error(lambda: client.detail("999999999"))
        self.objects += [stopped, echo_task]

    def _strangers(self, sandbox: Sandbox) -> None:
        """Call with a wrong secret, an address that is none, and a server that is not there."""
        settings: dict[str, Any] = {"journal": self.folder / "strangers.sqlite3", "output_dir": self.folder}
        with Client(
            sandbox.api_key, f"{sandbox.api_secret}-but-wrong", base_url=sandbox.base_url, **settings
        ) as stranger:
            self._collect_error(lambda: stranger.generate(FLUX, SMALL))
            self.objects.append(stranger)
        nowhere = "http://127.0.0.1:1/v1"
        with Client(sandbox.api_key, sandbox.api_secret, base_url=nowhere, timeout=1, **settings) as offline:
            self._collect_error(lambda: offline.detail("1"))
        self._collect_error(lambda: Client(sandbox.api_key, sandbox.api_secret, base_url="nonsense"))
        self._collect_error(lambda: AsyncClient(sandbox.api_key, sandbox.api_secret, socket_url="nonsense"))
        self._collect_error(lambda: Client(sandbox.api_key, sandbox.api_secret, timeout=-1))
        self._collect_error(lambda: Client(f"{sandbox.api_key} {sandbox.api_secret}"))
        self._collect_error(lambda: AsyncClient(sandbox.api_key, f"two words {sandbox.api_secret}"))

    async def _collect_async(self, sandbox: Sandbox) -> None:
        settings: dict[str, Any] = {"base_url": sandbox.base_url, "output_dir": self.folder / "awaited"}
        async with AsyncClient(sandbox.api_key, sandbox.api_secret, journal=False, **settings) as client:
            task = await client.run(FLUX, SMALL)
            async for event in task.events():
                self.evidence.keep("reprs of a run under way", *reprs(event), *reprs(task))
            self.objects += [client, task, await task.wait()]
            self.evidence.keep("reprs of tasks", *map(repr, asyncio.all_tasks()))

    def _put_away(self, panel: Panel, sandbox: Sandbox, client: Client) -> None:
        assert sandbox._world is not None
        tokens = set(sandbox._world.tasks._by_token)
        self.evidence.secrets = {sandbox.api_key, sandbox.api_secret, *tokens}
        assert isinstance(panel.comm, Wire)
        self.evidence.keep("traits", json.dumps(panel.get_state()))
        self.evidence.keep("messages", *(f"{data}" for _, data, _ in panel.comm.traffic))
        self.evidence.keep(
            "tables", client.history.to_pandas(expand=True).to_csv(), panel.to_pandas().to_json()
        )
        self.evidence.keep("code", panel.code())
        self.evidence.keep("requests", *map(repr, sandbox.requests), repr(sandbox), repr(sandbox.settings))
        self.evidence.keep("recipes", *(json.dumps(read_recipe(output.bytes())) for output in panel.outputs))
        for value in self.objects:
            self.evidence.keep("reprs", *reprs(value))
            self.evidence.keep("pickles", *pickles(value))
        ours = [item for item in gc.get_objects() if str(type(item).__module__).startswith("wiro_widgets")]
        self.evidence.keep("reprs of all our objects", *map(repr, ours))
        panel.close()
        client.close()
        assert len(list((self.folder / "outputs").rglob("*.png"))) > 0
        self.evidence.keep("files", *(path.read_bytes() for path in self.folder.rglob("*") if path.is_file()))

    def _collect_error(self, call: Callable[[], object]) -> None:
        error = _error_of(call)
        self.evidence.keep("errors", *reprs(error), repr(error.__dict__), repr(error.args))
        self.evidence.keep("tracebacks", error_text(error))
        self.evidence.keep("pickles", *pickles(error))


def _error_of(call: Callable[[], object]) -> WiroError:
    try:
        call()
    except WiroError as error:
        return error
    raise AssertionError("this was to go wrong")
