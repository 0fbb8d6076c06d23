"""Find the tasks of lost Runs, whose replies never came, in Wiro's list of tasks; nothing is sent again here.

Absence is no proof: a run that the list does not show is unknown (docs/architecture.md, Never pay twice). Older tasks
are told by the order of ids: one whose id is not above that of a task that was accepted before the run left is older.
If no such id is known, times are compared by Wiro's own clock, which each reply shows; never by this machine's alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import platform
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Literal

from wiro_widgets.journal.row import SENT, JournalRow, Query
from wiro_widgets.protocol import requests, wire_values
from wiro_widgets.protocol.detail import TaskDetail, read_tasks
from wiro_widgets.protocol.errors import ApiError, OutputError, TransportError
from wiro_widgets.protocol.lookup import Lookup, Present, Unknown
from wiro_widgets.runs.engine import Engine
from wiro_widgets.transport.urls import is_loopback

PAGE, MAX_PAGES = 100, 60  # of Task/List; what lies further back is unknown
EARLIER_RUNS, MANY_RUNS = 50, 5_000  # that are looked at for the id of a task that is older than a lost run
MAX_CANDIDATES = 20  # that are named
# Wiro's times are whole seconds, and its machines may disagree a little.
CLOCK_TOLERANCE = timedelta(minutes=2)
_NOT_ECHOED = frozenset({"callbackurl", "projectid"})

Verdict = Literal["same", "unclear", "other"]


@dataclass(frozen=True, slots=True)
class LostRun:
    """A Run without a receipt: its journal row, its model, its values as the journal has them, and its fingerprint.

    `after` is the highest id of a task that was accepted before the run left; None if none is known. `host` and
    `sent_at` say on which machine it was sent, and when by that machine's clock.
    """

    journal_id: str
    model: str
    parameters: Mapping[str, Any]
    content: str | None
    after: int | None
    host: str | None
    sent_at: datetime


async def look_up(engine: Engine, row: JournalRow) -> Lookup[str]:
    """Return the task of one row, see `look_up_all`."""
    return (await look_up_all(engine, [row]))[row.id]


async def look_up_all(engine: Engine, rows: Iterable[JournalRow], tries: int = 3) -> dict[str, Lookup[str]]:
    """Return for each row, by its id, the task that its Run became, and write what is found to the journal.

    Reads Wiro's list once for all rows. A task is a row's only if model, values and files are the same, and if no more
    tasks than rows are equal: equal runs may have equal tasks in any order. Everything else is Unknown, with the tasks
    that may be it. Never Absent: Wiro's list proves nothing by what it does not show.
    """
    rows = list(rows)
    if not rows:
        return {}
    runs = await asyncio.to_thread(lambda: [_lost_run(engine, row) for row in rows])
    try:
        tasks, is_complete = await _listed_tasks(engine, runs, tries)
    except (TransportError, ApiError) as error:
        return {run.journal_id: Unknown(f"Wiro's list of tasks cannot be read: {error}") for run in runs}
    tasks, doubtful_ids = await asyncio.to_thread(_unowned, engine, tasks, {run.journal_id for run in runs})
    newest = max(
        (number for task in tasks if (number := wire_values.integer(task.id)) is not None), default=0
    )
    # An id that is above all of the list is not of its order: nobody can tell what is older.
    runs = [run if (run.after or 0) <= newest else replace(run, after=None, host=None) for run in runs]
    answers: dict[str, Lookup[str]] = {}
    deadline = _deadline(engine)
    for group in _groups(runs):
        answers |= await _look_up_group(engine, group, tasks, doubtful_ids, deadline, is_complete=is_complete)
    return answers


async def confirm(engine: Engine, row: JournalRow, parameters: Mapping[str, Any]) -> Lookup[str]:
    """Return the task that an imported row names if it has these values, as the journal writes them; else Unknown.

    The author of the imported history chose what the row says, so the task itself is asked.
    """
    task_id = row.task_id or ""
    match await engine.look_up(task_id):
        case Present(detail):
            if await _compare_content(engine, row.model, parameters, detail) == "same":
                return Present(task_id)
            reason = f"an imported history names task {task_id}, which may have been made of other values"
            return Unknown(reason, (task_id,))
        case answer:
            return answer


async def is_of_owner(engine: Engine, owner: JournalRow, model: str, parameters: Mapping[str, Any]) -> bool:
    """Return True if the task of an earlier run cannot be that of a run with these values, whose receipt names it.

    Wiro gives each number once. A sandbox that is started anew gives them again: its tasks are told by what they show.
    """
    if not is_loopback(engine.server):
        return True
    match await engine.look_up(owner.task_id or ""):
        case Present(detail):
            is_new = is_younger(engine, owner, detail)
            return not is_new and await _compare_content(engine, model, parameters, detail) == "other"
    return False


def is_younger(engine: Engine, row: JournalRow, detail: TaskDetail) -> bool:
    """Return True if a task was certainly made after the run of the row was sent, by the server's own clock."""
    offset = engine.http.clock_offset
    if detail.created_at is None or offset is None or row.host != platform.node():
        return False
    return detail.created_at - offset - (row.submitted_at or row.intent_at) > CLOCK_TOLERANCE


async def candidates(
    engine: Engine, row: JournalRow, looks: Sequence[float] | None = None
) -> tuple[str, ...]:
    """Return the tasks that a Run may have become whose reply was lost just now, the likeliest alone if there is one.

    Looks again after each pause of `looks`, by default `Timing.lost_run_looks`, because a task may be listed late.
    """
    deadline = _deadline(engine)
    for pause in engine.timing.lost_run_looks if looks is None else looks:
        await asyncio.sleep(pause)
        match (await look_up_all(engine, [row], tries=1))[row.id]:
            case Present(task_id):
                return (task_id,)
            case Unknown(candidates=task_ids) if task_ids:
                return task_ids
        if asyncio.get_running_loop().time() > deadline:
            break
    return ()


def _deadline(engine: Engine) -> float:
    return asyncio.get_running_loop().time() + engine.timing.lost_run_search


async def _look_up_group(
    engine: Engine,
    group: list[LostRun],
    tasks: list[TaskDetail],
    doubtful_ids: Collection[str],
    deadline: float,
    *,
    is_complete: bool,
) -> dict[str, Lookup[str]]:
    """Return the tasks of equal runs, the oldest run first; a doubtful one may be another run's."""
    verdicts: list[tuple[str, Verdict]] = []
    for task in tasks:
        verdict: Verdict = "unclear"
        with suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                verdict = await _compare(engine, group[0], task)
        verdicts.append((task.id, verdict))
    same = [task_id for task_id, verdict in verdicts if verdict == "same" and task_id not in doubtful_ids]
    unclear = [task_id for task_id, verdict in verdicts if verdict != "other" and task_id not in same]
    if not same and not unclear:
        where = "does not show it" if is_complete else "was not read to its end and does not show it"
        return {
            run.journal_id: Unknown(f"Wiro's list of tasks {where}, which proves nothing") for run in group
        }
    if unclear or len(same) > len(group):
        task_ids = tuple((*same, *unclear)[:MAX_CANDIDATES])
        reason = f"it cannot be told which task it became: {', '.join(task_ids)}"
        return {run.journal_id: Unknown(reason, task_ids) for run in group}
    answers: dict[str, Lookup[str]] = {}
    for index, run in enumerate(group):
        if index < len(same):
            task_id = same[-1 - index]  # the list begins with the newest task
            await asyncio.to_thread(engine.journal.submitted, run.journal_id, task_id)
            answers[run.journal_id] = Present(task_id)
        else:
            answers[run.journal_id] = Unknown("equal runs have all the tasks that Wiro's list shows")
    return answers


def _lost_run(engine: Engine, row: JournalRow) -> LostRun:
    """Describe the Run of a row; reads the journal for the ids that were known before it left."""
    query = Query(server=row.server, until=row.intent_at, outcomes=SENT)
    earlier = engine.journal.rows(query, EARLIER_RUNS)
    if any(other.is_synced for other in earlier):  # which say nothing of this machine, and may be many
        own = (other for other in engine.journal.rows(query, MANY_RUNS) if not other.is_synced)
        earlier = list(islice(own, EARLIER_RUNS))
    ids = [
        number
        for other in earlier
        if other.host == row.host and other.submitted_at is not None and other.submitted_at <= row.intent_at
        if (number := wire_values.integer(other.task_id)) is not None
    ]
    after = max(ids, default=None)
    return LostRun(row.id, row.model, row.parameters, row.content, after, row.host, row.intent_at)


async def _listed_tasks(
    engine: Engine, runs: Collection[LostRun], tries: int
) -> tuple[list[TaskDetail], bool]:
    """Return the listed tasks that may be younger than the runs, newest first, and True if the list was read so far."""
    bounds = [run.after for run in runs]
    oldest = None if None in bounds else min(bound for bound in bounds if bound is not None)
    tasks: dict[str, TaskDetail] = {}
    deadline = _deadline(engine)
    for page in range(MAX_PAGES):
        request = requests.task_list(start=page * PAGE, limit=PAGE)
        try:
            async with asyncio.timeout_at(deadline):
                reply = await engine.http.call(request, tries=tries, seconds=engine.timing.lost_run_read)
        except TimeoutError:
            if tasks:
                break
            reason = f"no answer within {engine.timing.lost_run_search:g} s"
            raise TransportError(reason, endpoint=request.path, safe_to_retry=True) from None
        page_tasks, count = read_tasks(reply), len(tasks)
        for task in page_tasks:
            if task.id:
                tasks.setdefault(task.id, task)
        if len(page_tasks) >= PAGE and len(tasks) == count:
            break  # the same page again and again
        ids = [wire_values.integer(task.id) for task in page_tasks]
        numbers = [number for number in ids if number is not None]
        if len(page_tasks) < PAGE or (oldest is not None and numbers and min(numbers) <= oldest):
            return list(tasks.values()), True
    return list(tasks.values()), False


def _unowned(
    engine: Engine, tasks: list[TaskDetail], journal_ids: set[str]
) -> tuple[list[TaskDetail], set[str]]:
    """Return the tasks that no other run became, and the ids of those of which the journal cannot say it."""
    free: list[TaskDetail] = []
    doubtful_ids: set[str] = set()
    for task in tasks:
        if engine.task(task.id) is not None:
            continue
        match engine.journal.look_up(Query(server=engine.server, task_id=task.id)):
            case Present(rows) if _is_owned(rows, journal_ids):
                continue
            case Unknown():
                doubtful_ids.add(task.id)
        free.append(task)
    return free, doubtful_ids


def _is_owned(rows: Iterable[JournalRow], journal_ids: Collection[str]) -> bool:
    """Return True if the newest run that became the task is none of these; Wiro's list does not say which did."""
    row = next((row for row in rows if not row.is_synced), None)
    return row is not None and row.id not in journal_ids


def _groups(runs: Iterable[LostRun]) -> list[list[LostRun]]:
    """Return the equal runs together, those with the most values first; `runs` begins with the newest."""
    groups: dict[str, list[LostRun]] = {}
    for run in runs:
        key = run.content or repr((run.model.lower(), sorted(run.parameters.items(), key=repr)))
        groups.setdefault(key, []).insert(0, run)
    return sorted(groups.values(), key=lambda group: -len(group[0].parameters))


async def _compare(engine: Engine, run: LostRun, task: TaskDetail) -> Verdict:
    """Compare a run with a task: whole identity, something that cannot be compared, or another run's task."""
    age = _compare_age(engine, run, task)
    if age == "other":
        return "other"
    content = await _compare_content(engine, run.model, run.parameters, task)
    return age if content == "same" else content


async def _compare_content(
    engine: Engine, model: str, parameters: Mapping[str, Any], task: TaskDetail
) -> Verdict:
    """Compare model, values and files with those of a task."""
    if task.model is not None and task.model.lower() != model.lower():
        return "other"
    verdicts: list[Verdict] = []
    for name, value in parameters.items():
        if name.lower() in _NOT_ECHOED or value is None or value == "":
            continue
        echo = task.parameters.get(name)
        files = _files(value)
        verdicts.append(await _compare_files(engine, files, echo) if files else _compare_values(value, echo))
        if verdicts[-1] == "other":
            return "other"
    is_compared = task.model is not None or bool(verdicts)  # older replies do not show the model
    return "same" if is_compared and "unclear" not in verdicts else "unclear"


def _compare_age(engine: Engine, run: LostRun, task: TaskDetail) -> Verdict:
    """Return "other" for a task that is older than the run, "unclear" if that cannot be told."""
    number = wire_values.integer(task.id)
    if run.after is not None and number is not None:
        return "same" if number > run.after else "other"
    offset = engine.http.clock_offset if run.host == platform.node() else None
    if offset is None or task.created_at is None:
        return "unclear"
    return "same" if task.created_at >= run.sent_at + offset - CLOCK_TOLERANCE else "other"


def _compare_values(value: Any, echo: Any) -> Verdict:
    """Compare a value with what Task/List shows of it; a value that Wiro rewrote may be the same."""
    ours, theirs = wire_values.text(value), wire_values.text(echo)
    if echo is None or ours is None or theirs is None:
        return "same" if echo is not None and echo == value else "unclear"
    number = wire_values.number(ours)
    is_same_flag = isinstance(value, bool) and wire_values.flag(echo) is value
    if ours == theirs or is_same_flag or (number is not None and number == wire_values.number(theirs)):
        return "same"
    short, long = sorted((" ".join(ours.lower().split()), " ".join(theirs.lower().split())), key=len)
    return "unclear" if not short or long.startswith(short.rstrip(".\N{HORIZONTAL ELLIPSIS} ")) else "other"


def _files(value: Any) -> list[Mapping[str, Any]]:
    """Return the files among a value of the journal: objects with a name, a size and a digest."""
    items = value if isinstance(value, list | tuple) else [value]
    return [item for item in items if isinstance(item, Mapping) and "file" in item]


async def _compare_files(engine: Engine, files: list[Mapping[str, Any]], echo: Any) -> Verdict:
    """Compare the bytes that were sent with those at the addresses that Task/List shows."""
    addresses = [text for item in wire_values.items_or_single(echo) if (text := wire_values.text(item))]
    if len(addresses) != len(files):
        return "unclear"
    for file, address in zip(files, addresses, strict=True):
        size, digest = wire_values.integer(file.get("size")), file.get("sha256")
        if not digest or size is None:
            return "unclear"
        try:
            data = await engine.downloads.read(address, limit=size + 1)
        except (OutputError, TransportError, ApiError):
            return "unclear"
        if len(data) != size or hashlib.sha256(data).hexdigest() != digest:
            return "other"
    return "same"
