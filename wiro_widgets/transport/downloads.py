"""Downloads: the outputs of tasks onto the disk before their addresses expire, several at once."""

from __future__ import annotations

import asyncio
import re
import threading
import warnings
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import httpx

from wiro_widgets.journal import output_files
from wiro_widgets.journal.row import JournalRow
from wiro_widgets.media import cloud_files
from wiro_widgets.media.cloud_files import CloudFile, CloudFolder, OutputFolder, is_address
from wiro_widgets.media.files import safe_name
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.errors import ConfigurationError, OutputError, WiroWarning
from wiro_widgets.protocol.replies import OutputInfo
from wiro_widgets.protocol.timing import Timing
from wiro_widgets.transport.download import Download, Job, finish_file, is_output
from wiro_widgets.transport.http import DOWNLOADS_AT_ONCE, Http
from wiro_widgets.transport.partial_file import PartialFile, find_finished
from wiro_widgets.transport.urls import may_fetch

T = TypeVar("T")

MAX_BYTES = 256 * 1024 * 1024  # of one output
MOVES_AT_ONCE = 4  # of a client
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
    """Fetches outputs into a folder, as `<folder>/<date>/<model>-<task id>-<n>.<ext>`.

    If the folder is elsewhere, they are written and checked here first, and then moved whole.
    """

    def __init__(
        self,
        http: Http,
        output_dir: OutputFolder,
        *,
        timing: Timing,
        max_bytes: int = MAX_BYTES,
        allow_http: bool = False,
    ) -> None:
        self._http = http
        self.output_dir = output_dir
        # Where files come to be: the output folder, or one here from which they are moved there.
        self.folder = output_dir.staging if isinstance(output_dir, CloudFolder) else output_dir
        self._moves = asyncio.Semaphore(MOVES_AT_ONCE)
        self._timing = timing
        self._max_bytes = max_bytes
        self._allow_http = allow_http
        self._slots = asyncio.Semaphore(DOWNLOADS_AT_ONCE)

    def __repr__(self) -> str:
        return f"<Downloads into {self.output_dir}>"

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
        places = await asyncio.to_thread(self._present_files, jobs, files)
        earlier = {n: output for n, output in enumerate(files.outputs) if output.data is not None}
        slots = asyncio.Semaphore(AT_ONCE)
        outputs = await asyncio.gather(
            *(self._fetch(job, places.get(n), earlier.get(n), slots, notify) for n, job in enumerate(jobs))
        )
        await self.move(outputs, notify)
        return tuple(outputs)

    async def move(self, outputs: Iterable[Output], notify: Callable[[str], None]) -> None:
        """Move the files that are here to the output folder, if that is elsewhere; those that cannot be moved stay.

        They are left where they are as well until `drop_moved`, because the journal does not know of it yet.
        """
        folder = self.output_dir
        if not isinstance(folder, CloudFolder):
            return
        waiting = [
            output
            for output in outputs
            if output.cloud is None and output.path is not None and output.path.is_relative_to(folder.staging)
        ]
        reasons = await asyncio.gather(*(self._move(folder, output) for output in waiting))
        if reason := next(filter(None, reasons), None):
            count = sum(map(bool, reasons))
            files = "1 output stays" if count == 1 else f"{count} outputs stay"
            text = (
                f"{files} in {folder.staging}: {reason}. Nothing is lost; this client moves what is there to {folder} "
                "as soon as it can, and after its end client.recover() does."
            )
            notify(text)
            with suppress(WiroWarning):  # as for a disk that is full
                warnings.warn(text, WiroWarning, stacklevel=2)

    async def _move(self, folder: CloudFolder, output: Output) -> str | None:
        """Move the file of an output, or return why it stays."""
        source = output.path
        if source is None:
            return None

        def move() -> tuple[CloudFile, Path]:
            file = cloud_files.put(source, folder.address_of(source))
            return file, cloud_files.keep_copy(source, file)

        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timing.move):
                await self._moves.acquire()
                work = _in_daemon_thread(move)
                work.add_done_callback(lambda _: _call_soon(loop, self._moves.release))
                output.set_moved(*await asyncio.wrap_future(work))
        except TimeoutError:
            output.needs_move = True
            reason = f"{folder} gave no answer within {self._timing.move:g} s"
            cloud_files.mark_away(folder.url, reason)
            return reason
        except (OSError, RuntimeError) as error:  # RuntimeError: the interpreter ends
            output.needs_move = True
            return getattr(error, "strerror", None) or str(error)
        return None

    def drop_moved(self, outputs: Iterable[Output]) -> None:
        """Remove the files here of outputs that were moved, once the journal has their addresses."""
        for output in outputs:
            if output.source is not None:
                with suppress(OSError):
                    output.source.unlink(missing_ok=True)
                output.source = None

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
        place: Path | CloudFile | None,
        in_memory: Output | None,
        slots: asyncio.Semaphore,
        notify: Callable[[str], None],
    ) -> Output:
        if isinstance(place, CloudFile):
            return Output(
                job.info,
                path=cloud_files.cached_copy(place),
                cloud=place,
                task_id=job.task_id,
                file_name=job.name,
            )
        if place is not None or not job.info.url:
            return Output(job.info, path=place, task_id=job.task_id, file_name=job.name)
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

    def _present_files(self, jobs: list[Job], files: EarlierFiles) -> dict[int, Path | CloudFile]:
        """Return the outputs that are on the disk, or at their addresses, as they came, by their numbers.

        Those of the journal's row must have the bytes that were noted. A file that no row names, because a process was
        killed, is the output only if it is whole and says so itself. A file at an address that cannot be asked is taken
        to be there: it is checked when it is read, and the journal must not lose its address.
        """
        places: dict[int, Path | CloudFile] = {}
        for n, output in enumerate(files.outputs):
            if (place := output.cloud or output.path) is not None:
                places[n] = place
        row = files.row
        if row is None:
            return places
        for path in output_files.present_paths(row, self.output_dir):
            match = _OUTPUT_NUMBER.search(path.rpartition("/")[2] if is_address(path) else Path(path).name)
            if match and int(match[1]) < len(jobs):
                place = output_files.cloud_file(row, path) if is_address(path) else Path(path)
                places.setdefault(int(match[1]), place)
        missing = {Path(job.name).stem: n for n, job in enumerate(jobs) if n not in places}
        for file in find_finished(self.folder, set(missing), row.intent_at):
            n = missing[file.stem]
            if str(file) not in row.paths and is_output(file, jobs[n]):
                places.setdefault(n, file)
        return places


def _in_daemon_thread(call: Callable[[], T]) -> Future[T]:
    """Call it on a thread that does not keep the interpreter from ending: a move is safe to break off."""
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()  # so that nobody cancels it before it has a result

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - as any future carries it
            future.set_exception(error)

    threading.Thread(target=run, name="wiro-move", daemon=True).start()
    return future


def _call_soon(loop: asyncio.AbstractEventLoop, call: Callable[[], object]) -> None:
    with suppress(RuntimeError):  # the loop was closed meanwhile
        loop.call_soon_threadsafe(call)


def _warn(job: Job, error: OSError, notify: Callable[[str], object]) -> None:
    """Say that an output stays in memory; runs in a worker thread, where the error occurs."""
    text = (
        f"{job.name} cannot be written ({error.strerror or error}); the output is kept in memory. "
        "Make room and save it with output.save(path)."
    )
    notify(text)
    with suppress(WiroWarning):  # even where warnings are errors, an output that is paid for is kept
        warnings.warn(text, WiroWarning, stacklevel=2)
