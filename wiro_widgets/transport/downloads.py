"""Downloads: the outputs of tasks onto the disk before their addresses expire, several at once."""

from __future__ import annotations

import asyncio
import re
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from wiro_widgets.journal import output_files
from wiro_widgets.journal.row import JournalRow
from wiro_widgets.media.files import safe_name
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.errors import ConfigurationError, OutputError, WiroWarning
from wiro_widgets.protocol.replies import OutputInfo
from wiro_widgets.protocol.timing import Timing
from wiro_widgets.transport.download import Download, Job, finish_file, is_output
from wiro_widgets.transport.http import DOWNLOADS_AT_ONCE, Http
from wiro_widgets.transport.partial_file import PartialFile, find_finished
from wiro_widgets.transport.urls import may_fetch

MAX_BYTES = 256 * 1024 * 1024  # of one output
AT_ONCE = 4  # of one task, so that a task with a slow server leaves room for others

_OUTPUT_NUMBER = re.compile(r"-(\d+)(?: \(\d+\))?\.[^.]+")


@dataclass(frozen=True, slots=True)
class EarlierFiles:
    """Where files of a task may exist: where its journal row says, and what was written since its run began.

    `outputs` are those that an earlier try has brought: what they have is not fetched again.
    """

    row: JournalRow | None = None
    outputs: tuple[Output, ...] = ()


class Downloads:
    """Fetches outputs into a folder, as `<folder>/<date>/<model>-<task id>-<n>.<ext>`."""

    def __init__(
        self,
        http: Http,
        folder: Path,
        *,
        timing: Timing,
        max_bytes: int = MAX_BYTES,
        allow_http: bool = False,
    ) -> None:
        self._http = http
        self.folder = folder
        self._timing = timing
        self._max_bytes = max_bytes
        self._allow_http = allow_http
        self._slots = asyncio.Semaphore(DOWNLOADS_AT_ONCE)

    def __repr__(self) -> str:
        return f"<Downloads into {self.folder}>"

    async def fetch_all(
        self,
        infos: tuple[OutputInfo, ...],
        *,
        model: str,
        task_id: str,
        recipe: Mapping[str, Any],
        files: EarlierFiles,
        notify: Callable[[str], None],
    ) -> tuple[Output, ...]:
        """Fetch every output that is not on the disk yet; one that cannot be fetched is an Output with its error."""
        types = [info.content_type if info.url or not info.content else "text/plain" for info in infos]
        names = [safe_name(model, task_id, n, types[n], info.name) for n, info in enumerate(infos)]
        jobs = [Job(info, task_id, name, recipe) for info, name in zip(infos, names, strict=True)]
        paths = await asyncio.to_thread(self._paths_on_disk, jobs, files)
        earlier = {n: output for n, output in enumerate(files.outputs) if output.data is not None}
        slots = asyncio.Semaphore(AT_ONCE)
        return tuple(
            await asyncio.gather(
                *(self._fetch(job, paths.get(n), earlier.get(n), slots, notify) for n, job in enumerate(jobs))
            )
        )

    async def read(self, url: str, limit: int) -> bytes:
        """Return the first `limit` bytes at an address, such as that of an uploaded file; sends no credentials.

        Raises OutputError if it cannot be read.
        """
        data = bytearray()
        try:
            if not may_fetch(url, base=self._http.base_url, allow_http=self._allow_http):
                raise OutputError("its address is not a public https one", output=url)
            async with self._slots, asyncio.timeout(self._timing.download_try):
                response = await self._http.get(url, {"accept-encoding": "identity"})
                try:
                    if not httpx.codes.is_success(response.status_code):
                        raise OutputError(f"the server answered with HTTP {response.status_code}", output=url)
                    async for chunk in response.aiter_bytes():
                        data += chunk
                        if len(data) >= limit:
                            break
                finally:
                    await response.aclose()
        except (
            httpx.HTTPError,
            httpx.InvalidURL,
            OSError,
            ValueError,
            RuntimeError,
            ConfigurationError,
        ) as error:
            raise OutputError(str(error) or type(error).__name__, output=url) from None
        return bytes(data[:limit])

    async def _fetch(
        self,
        job: Job,
        path: Path | None,
        in_memory: Output | None,
        slots: asyncio.Semaphore,
        notify: Callable[[str], None],
    ) -> Output:
        if path is not None or not job.info.url:
            return Output(job.info, path=path, task_id=job.task_id, file_name=job.name)
        loop = asyncio.get_running_loop()
        async with slots, self._slots:
            part = await asyncio.to_thread(
                PartialFile,
                self.folder / date.today().isoformat(),  # noqa: DTZ011 - the user's own day
                job.name,
                lambda error: _warn(job, error, lambda text: loop.call_soon_threadsafe(notify, text)),
            )
            download = Download(
                self._http,
                job,
                part,
                max_bytes=self._max_bytes,
                allow_http=self._allow_http,
                timing=self._timing,
            )
            try:
                if in_memory is not None and in_memory.data is not None:
                    await asyncio.to_thread(part.write, in_memory.data)
                    return await asyncio.to_thread(finish_file, job, part)
                return await download.run()
            except OutputError as error:
                return Output(job.info, error=error.with_traceback(None), task_id=job.task_id)
            finally:
                part.discard()

    def _paths_on_disk(self, jobs: list[Job], files: EarlierFiles) -> dict[int, Path]:
        """Return the outputs that are on the disk as they came, by their numbers.

        Those of the journal's row must have the bytes that were noted. A file that no row names, because a process was
        killed, is the output only if it is whole and says so itself.
        """
        paths: dict[int, Path] = {}
        for n, output in enumerate(files.outputs):
            if output.path is not None:
                paths[n] = output.path
        row = files.row
        if row is None:
            return paths
        for path in map(Path, output_files.verified_paths(row, self.folder)):
            match = _OUTPUT_NUMBER.search(path.name)
            if match and int(match[1]) < len(jobs):
                paths.setdefault(int(match[1]), path)
        missing = {Path(job.name).stem: n for n, job in enumerate(jobs) if n not in paths}
        for path in find_finished(self.folder, set(missing), row.intent_at):
            n = missing[path.stem]
            if str(path) not in row.paths and is_output(path, jobs[n]):
                paths.setdefault(n, path)
        return paths


def _warn(job: Job, error: OSError, notify: Callable[[str], object]) -> None:
    """Say that an output stays in memory; runs in a worker thread, where the error occurs."""
    text = (
        f"{job.name} cannot be written ({error.strerror or error}); the output is kept in memory. "
        "Make room and save it with output.save(path)."
    )
    notify(text)
    with suppress(WiroWarning):  # even where warnings are errors, an output that is paid for is kept
        warnings.warn(text, WiroWarning, stacklevel=2)
