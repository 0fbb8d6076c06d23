"""Mixtures of faults: what may go wrong around one sweep of four cells, chosen by a seed.

A fault is a function that arms the server, the journal or the disk; it says when it does so: before the kernel that is
killed, between that kernel and the next, or before the next one looks.
"""

from __future__ import annotations

import os
import random
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from websockets.asyncio.server import ServerConnection

from tests.hostile import answers, files
from tests.hostile.http_wire import CUT, Answer, Call, Hang, Reply
from tests.hostile.server import Handler, HostileServer
from tests.hostile.task_api import RemoteTask, refused
from tests.hostile.worker import Worker, painted

When = Literal["first", "between", "second"]
MAX_FAULTS = 8
PROMPT = "a lighthouse"


@dataclass
class Siege:
    """One sweep under attack: the server, the folder with journal and outputs, and the rows of the sweep.

    `is_destroyed` is True once the journal has lost what it knew, `has_twins` once the list has tasks of others that
    are equal to ours. `background` has the threads that end by themselves.
    """

    seed: int
    server: HostileServer
    folder: Path
    chance: random.Random = field(init=False)
    rows: list[dict[str, Any]] = field(init=False)
    worker: Worker = field(init=False)
    is_destroyed: bool = False
    has_twins: bool = False
    background: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 - a test
        self.worker = Worker(self.server, seconds=self.chance.choice([0.0, 0.02, 0.1]))
        self.rows = self._rows()

    @property
    def journal(self) -> Path:
        """The journal of both kernels."""
        return self.folder / "journal.sqlite3"

    @property
    def outputs(self) -> list[Path]:
        """The files that were downloaded."""
        return sorted(path for path in (self.folder / "outputs").rglob("*.png") if path.is_file())

    def own_tasks(self) -> list[RemoteTask]:
        """Return the tasks that Runs have made."""
        return [
            task for task in self.server.tasks.values() if task.model == "a/b" and not task.more.get("twin")
        ]

    def _rows(self) -> list[dict[str, Any]]:
        """Return the values of four cells: of four seeds, of two photos and two seeds, or of two pairs."""
        kind = self.chance.choice(["seeds", "photos", "pairs"])
        if kind == "seeds":
            return [{"prompt": PROMPT, "seed": seed} for seed in range(1, 5)]
        if kind == "pairs":
            return [{"prompt": PROMPT, "seed": seed} for seed in (1, 1, 2, 2)]
        photos = [self.folder / f"photos-{number}" / "photo.png" for number in range(2)]
        for number, photo in enumerate(photos):
            photo.parent.mkdir()
            photo.write_bytes(painted((9, 9, 30 + number)))
        return [
            {"prompt": PROMPT, "seed": seed, "inputImage": str(photo)} for seed in (1, 2) for photo in photos
        ]


Fault = Callable[[Siege], object]


def one_of(siege: Siege, *choices: Answer) -> Answer:
    """Return one of the answers, by the seed."""
    return siege.chance.choice(choices)


def _answers_once(siege: Siege, endpoint: str, answer: Answer) -> None:
    siege.server.script(endpoint, *[answer] * siege.chance.randint(1, 6))


def _with_normal_ones(siege: Siege, endpoint: str, answer: Answer) -> None:
    """Put some normal answers before the bad one."""
    normal: list[Answer | Handler] = [siege.server.normal_answer] * siege.chance.randint(0, 3)
    siege.server.script(endpoint, *normal, answer)


def lose_a_reply(siege: Siege) -> None:
    """Let the Run have its effect, and lose its reply."""
    half = Reply({"result": True, "taskid": "701"}, cut=12)
    reply = one_of(siege, CUT, Hang(), half, *_pages(), answers.SERVER_ERROR)
    before: list[Answer | Handler] = [siege.server.normal_answer] * siege.chance.randint(0, 3)
    siege.server.script("Run", *before, siege.server.effect_then(reply))


def lose_a_run(siege: Siege) -> None:
    """Let a Run have no effect, and no readable reply."""
    _with_normal_ones(siege, "Run", one_of(siege, CUT, Hang(), *_pages(), answers.UNAVAILABLE))


def refuse_a_run(siege: Siege) -> None:
    """Refuse a Run in Wiro's own words: it made no task."""
    busy = refused("slow down", 0, 429, retry_after="0")
    _with_normal_ones(siege, "Run", one_of(siege, busy, refused("too many", 96), refused("no", 0)))


def delay_a_reply(siege: Siege) -> None:
    """Answer a Run later than the client waits, or nearly."""
    seconds = siege.chance.uniform(0.05, 0.5)

    async def handler(call: Call) -> Answer:
        answer = siege.server.normal_answer(call)
        await siege.server.pause(seconds)
        return answer

    siege.server.script("Run", handler)


def _pages() -> list[Reply]:
    return [answers.GATEWAY_404, answers.GATEWAY_502, answers.BLOCK_PAGE_403, answers.LOGIN_PAGE]


def break_details(siege: Siege) -> None:
    """Let Task/Detail say nothing for some calls."""
    answer = one_of(siege, *answers.NO_ANSWERS.values(), CUT, Hang())
    _answers_once(siege, "Task/Detail", answer)


def break_one_task(siege: Siege) -> None:
    """Let Task/Detail say nothing of one task until all is well again."""
    answer = one_of(siege, *answers.NO_ANSWERS.values(), CUT)
    number = str(701 + siege.chance.randint(0, 3))
    server = siege.server
    server.always(
        "Task/Detail",
        lambda call: answer if call.json.get("taskid") == number else server.normal_answer(call),
    )


def break_the_list(siege: Siege) -> None:
    """Let Task/List say nothing for some calls, or until all is well again."""
    answer = one_of(siege, *answers.NO_ANSWERS.values(), CUT, Hang())
    if siege.chance.random() < 0.5:
        _answers_once(siege, "Task/List", answer)
    else:
        siege.server.always("Task/List", answer)


def list_late(siege: Siege) -> None:
    """List no new task until all is well again."""
    siege.server.lists_late = True


def skew_the_clock(siege: Siege) -> None:
    """Set the server's clock wrong by minutes or hours."""
    siege.server.clock_skew = siege.chance.choice([-86_400, -600, -150, 150, 600, 86_400])


def show_values_otherwise(siege: Siege) -> None:
    """Show values otherwise than they were sent."""
    siege.server.show_values = siege.chance.choice(
        [answers.trimmed, answers.converted, answers.nothing, answers.unreadable, answers.without_files]
    )


def crowd_the_list(siege: Siege) -> None:
    """Put tasks of others before ours."""
    siege.server.add_crowd(siege.chance.choice([3, 60, 1100]))


def add_twins(siege: Siege) -> None:
    """Put a colleague's tasks into the list that are equal to ours, but for their files."""
    siege.has_twins = True
    for row in siege.rows[: siege.chance.randint(1, 4)]:
        values = {name: str(value) for name, value in row.items() if name != "inputImage"}
        if "inputImage" in row:
            values["inputImage"] = siege.server.store_upload(painted((200, 1, 1)), "photo.png")
        twin = siege.server.add_task("a/b", **values)
        twin.more["twin"] = "1"
        twin.created += siege.chance.choice([-7200, 0])
        siege.worker.finish(twin)


def break_files(siege: Siege) -> None:
    """Let the file server be away until all is well again."""
    pages = (answers.UNAVAILABLE, answers.BLOCK_PAGE_403, answers.LOGIN_PAGE)
    siege.server.file_server = one_of(siege, Reply(b"", 403), Reply(b"", 404), *pages, CUT)


def refuse_file(_data: bytes) -> Reply:
    """Answer with 403."""
    return Reply(b"", 403)


def break_some_files(siege: Siege) -> None:
    """Let the file server send a page, half a file or a refusal for some calls."""
    wrong = siege.chance.choice([*files.WRONG_FILES.values(), refuse_file])
    left = [siege.chance.randint(1, 5)]
    server = siege.server

    def handler(call: Call) -> Any:
        if left[0] <= 0:
            server.file_server = None
            return server.files[call.path](call)
        left[0] -= 1
        return wrong(painted((77, 77, 77)))

    server.file_server = handler


def lag_behind(siege: Siege) -> None:
    """Let Task/Detail have less of the end than the socket, for some calls."""
    lags = [
        answers.without_outputs,
        answers.without_exit_code,
        answers.without_cost,
        answers.first_output_only,
    ]
    lag, count, begin = siege.chance.choice(lags), siege.chance.randint(1, 2), siege.server.on_run

    def on_run(task: RemoteTask) -> None:
        task.next_details = task.next_details or deque([lag] * count)
        begin(task)

    siege.server.on_run = on_run


def close_sockets(siege: Siege) -> None:
    """Close every socket as soon as it is registered."""

    async def close(connection: ServerConnection, _task: RemoteTask) -> None:
        await connection.close()

    siege.server.on_socket = close


def lock_the_journal(siege: Siege) -> None:
    """Lock the journal for a moment, as a backup does."""
    seconds = siege.chance.uniform(0.05, 1.0)
    locked = threading.Event()

    def hold() -> None:
        with suppress(sqlite3.Error):
            connection = sqlite3.connect(siege.journal, timeout=0.2, isolation_level=None)
            try:
                connection.execute("BEGIN EXCLUSIVE")
                locked.set()
                threading.Event().wait(seconds)
            finally:
                connection.close()
        locked.set()

    if siege.journal.exists():
        thread = threading.Thread(target=hold, name="lock")
        siege.background.append(thread)
        thread.start()
        locked.wait(2)


def destroy_the_journal(siege: Siege) -> None:
    """Damage, cut or empty the journal, or let a newer version have written it."""
    if not siege.journal.exists():
        return
    siege.is_destroyed = True
    # SQLite maps the -shm file, and who maps a file that is cut dies of SIGBUS.
    for thread in siege.background:
        thread.join()
    size = siege.journal.stat().st_size
    way = siege.chance.choice(["noise", "cut", "emptied", "newer"])
    if way == "newer":
        with suppress(sqlite3.Error), sqlite3.connect(siege.journal) as connection:
            connection.execute("PRAGMA user_version = 999")
        connection.close()
        return
    for suffix in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            os.truncate(f"{siege.journal}{suffix}", 0)
    if way == "noise":
        data = siege.journal.read_bytes()
        start = siege.chance.choice([0, 4096])
        siege.journal.write_bytes(data[:start] + siege.chance.randbytes(max(0, size - start)))
    else:
        os.truncate(siege.journal, 0 if way == "emptied" else size // 2)
    os.utime(siege.journal, (1e9, 1e9))


def tamper_with_outputs(siege: Siege) -> None:
    """Remove, empty, cut or overwrite files that were downloaded."""
    for path in siege.outputs[: siege.chance.randint(1, 4)]:
        way = siege.chance.choice(["removed", "emptied", "cut", "overwritten", "link", "folder"])
        data = path.read_bytes()
        path.unlink()
        if way == "folder":
            path.mkdir()
        elif way == "link":
            other = siege.folder / "other.png"
            other.write_bytes(painted((5, 5, 5)))
            path.symlink_to(other)
        elif way != "removed":
            contents = {"emptied": b"", "cut": data[: len(data) // 2], "overwritten": painted((6, 6, 6))}
            path.write_bytes(contents[way])


FAULTS: Mapping[When, tuple[Fault, ...]] = {
    "first": (
        *(lose_a_reply, lose_a_run, refuse_a_run, delay_a_reply, break_details, break_one_task, list_late),
        *(
            skew_the_clock,
            crowd_the_list,
            add_twins,
            break_files,
            break_some_files,
            lag_behind,
            close_sockets,
        ),
    ),
    "between": (lock_the_journal, destroy_the_journal, tamper_with_outputs, add_twins, crowd_the_list),
    "second": (
        *(
            lose_a_reply,
            lose_a_run,
            refuse_a_run,
            delay_a_reply,
            break_details,
            break_one_task,
            break_the_list,
        ),
        *(list_late, show_values_otherwise, break_files, break_some_files, lag_behind),
        *(close_sockets, lock_the_journal),
    ),
}


def choose(siege: Siege) -> list[tuple[When, Fault]]:
    """Return up to eight faults in an order of the seed's."""
    whens: list[When] = ["first", "first", "between", "second"]
    chosen: list[tuple[When, Fault]] = []
    for _ in range(siege.chance.randint(1, MAX_FAULTS)):
        when = siege.chance.choice(whens)
        chosen.append((when, siege.chance.choice(FAULTS[when])))
    return chosen


def heal(siege: Siege) -> None:
    """End every fault of the server, and wait for what ends by itself."""
    server = siege.server
    for endpoint in ("Run", "Task/Detail", "Task/List"):
        server.clear_script(endpoint)
    server.list_all()
    server.show_values = dict
    server.file_server = None
    for task in tuple(server.tasks.values()):
        task.next_details.clear()
        if task.model != "a/b":
            del server.tasks[task.id]  # a day later the crowd is gone
    for thread in siege.background:
        thread.join()
