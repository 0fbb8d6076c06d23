"""Outputs onto the disk before their addresses expire: several at once, resumed when cut, renamed when whole."""

from __future__ import annotations

import asyncio
import logging
import re
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from wiro_widgets.media.files import safe_name
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.errors import OutputError, WiroWarning
from wiro_widgets.protocol.replies import OutputInfo
from wiro_widgets.transport import arrivals
from wiro_widgets.transport.arrivals import Doubt, Job
from wiro_widgets.transport.download import IncompleteError, Transfer
from wiro_widgets.transport.http import DOWNLOADS_AT_ONCE, Http
from wiro_widgets.transport.leftovers import whole_files
from wiro_widgets.transport.partial_file import Part

MAX_BYTES = 256 * 1024 * 1024  # of one output
AT_ONCE = 4  # of one task, so that a task with a slow server leaves room for others
TRIES = 4
PAUSE = 0.3  # seconds before the second try; doubles

_NUMBERED = re.compile(r"-(\d+)(?: \(\d+\))?\.[^.]+")

_log = logging.getLogger("wiro_widgets")


@dataclass(frozen=True, slots=True)
class Keepsake:
    """What is known of a task's files from before: where they are, and when the run began (UTC)."""

    paths: tuple[str, ...] = ()
    since: datetime | None = None


class Downloads:
    """Fetches outputs into a folder, `<folder>/<date>/<model>-<task id>-<n>.<ext>`."""

    def __init__(
        self, http: Http, folder: Path, *, max_bytes: int = MAX_BYTES, allow_http: bool = False
    ) -> None:
        self._http = http
        self._folder = folder
        self._max_bytes = max_bytes
        self._allow_http = allow_http
        self._slots = asyncio.Semaphore(DOWNLOADS_AT_ONCE)

    def __repr__(self) -> str:
        return f"<Downloads into {self._folder}>"

    async def fetch_all(
        self,
        infos: tuple[OutputInfo, ...],
        *,
        model: str,
        task_id: str,
        recipe: Mapping[str, Any],
        kept: Keepsake,
        notify: Callable[[str], None],
    ) -> tuple[Output, ...]:
        """Fetch every output that is not on the disk yet; what cannot be fetched is an Output that holds its error."""
        types = [info.content_type if info.url or not info.content else "text/plain" for info in infos]
        names = [safe_name(model, task_id, n, types[n], info.name) for n, info in enumerate(infos)]
        jobs = [Job(info, task_id, name, recipe) for info, name in zip(infos, names, strict=True)]
        here = await asyncio.to_thread(self._on_disk, jobs, kept)
        own = asyncio.Semaphore(AT_ONCE)
        return tuple(
            await asyncio.gather(*(self._one(job, here.get(n), own, notify) for n, job in enumerate(jobs)))
        )

    async def _one(
        self, job: Job, path: Path | None, own: asyncio.Semaphore, notify: Callable[[str], None]
    ) -> Output:
        if path is not None or not job.info.url:
            return Output(job.info, path=path, task_id=job.task_id, file_name=job.name)
        loop = asyncio.get_running_loop()
        async with own, self._slots:
            part = await asyncio.to_thread(
                Part,
                self._folder / date.today().isoformat(),  # noqa: DTZ011 - the user's own day
                job.name,
                lambda error: _warn(job, error, lambda text: loop.call_soon_threadsafe(notify, text)),
            )
            try:
                await self._fetch(job, part)
                return await asyncio.to_thread(arrivals.keep, job, part)
            except OutputError as error:
                return Output(job.info, error=error.with_traceback(None), task_id=job.task_id)
            finally:
                part.discard()

    async def _fetch(self, job: Job, part: Part) -> None:
        """Try until it is whole; raises OutputError."""
        transfer = Transfer(self._http, job, part, max_bytes=self._max_bytes, allow_http=self._allow_http)
        seen: Doubt | None = None
        reason = ""
        for attempt in range(TRIES):
            if attempt:
                await asyncio.sleep(PAUSE * 2 ** (attempt - 1))
            try:
                await transfer.once()
            except IncompleteError as error:
                reason = str(error)
                continue
            found = await asyncio.to_thread(arrivals.doubt, job, part)
            if found is None or (found.digest is not None and found == seen):
                return
            seen, reason = found, found.reason
            _log.info("%s: %s; trying again", job.name, reason)
            transfer.restart()
        raise job.error(f"it was tried {TRIES} times; the last time {reason}")

    def _on_disk(self, jobs: list[Job], kept: Keepsake) -> dict[int, Path]:
        """Return the outputs that an earlier process brought here, by their numbers."""
        stems = {Path(job.name).stem for job in jobs}
        left = whole_files(self._folder, stems, kept.since) if kept.since else []
        found: dict[int, Path] = {}
        for path in (*map(Path, kept.paths), *left):
            number = _NUMBERED.search(path.name)
            with suppress(OSError):
                if number and int(number[1]) < len(jobs) and path.stat().st_size:
                    found.setdefault(int(number[1]), path)
        return found


def _warn(job: Job, error: OSError, notify: Callable[[str], object]) -> None:
    text = (
        f"{job.name} cannot be written ({error.strerror or error}); the output is kept in memory. "
        "Make room and save it with output.save(path)."
    )
    notify(text)
    with suppress(WiroWarning):  # even where warnings are errors, an output that is paid for is kept
        warnings.warn(text, WiroWarning, stacklevel=2)
