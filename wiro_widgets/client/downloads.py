"""Outputs onto the disk before their addresses expire: several at once, resumed when cut, renamed when whole."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urljoin

import httpx

from wiro_widgets.client.addresses import may_fetch
from wiro_widgets.client.http import Http
from wiro_widgets.protocol.errors import OutputError
from wiro_widgets.protocol.replies import OutputInfo
from wiro_widgets.results import content_types, recipes
from wiro_widgets.results.files import safe_name, unique_target
from wiro_widgets.results.outputs import Output

MAX_BYTES = 256 * 1024 * 1024
AT_ONCE = 4
TRIES = 4
MAX_REDIRECTS = 5
PAUSE = 0.3  # seconds before the second try; doubles

_log = logging.getLogger("wiro_widgets")


@dataclass(frozen=True, slots=True)
class _Job:
    """One output on its way: what it is, whose it is, and what its file is to be called."""

    info: OutputInfo
    task_id: str
    name: str
    recipe: Mapping[str, Any]

    def error(self, reason: str, hint: str | None = None) -> OutputError:
        return OutputError(reason, output=self.info.name, task_id=self.task_id, hint=hint)


class Downloads:
    """Fetches outputs into a folder, `<folder>/<date>/<model>-<task id>-<n>.<ext>`; sends no credentials."""

    def __init__(
        self, http: Http, folder: Path, *, max_bytes: int = MAX_BYTES, allow_http: bool = False
    ) -> None:
        self._http = http
        self._folder = folder
        self._max_bytes = max_bytes
        self._allow_http = allow_http
        self._slots = asyncio.Semaphore(AT_ONCE)

    def __repr__(self) -> str:
        return f"<Downloads into {self._folder}>"

    async def fetch_all(
        self, infos: tuple[OutputInfo, ...], *, model: str, task_id: str, recipe: Mapping[str, Any]
    ) -> tuple[Output, ...]:
        """Fetch every output; what cannot be fetched is an Output that holds its error."""
        names = [safe_name(model, task_id, n, info.content_type, info.name) for n, info in enumerate(infos)]
        jobs = [_Job(info, task_id, name, recipe) for info, name in zip(infos, names, strict=True)]
        return tuple(await asyncio.gather(*map(self._one, jobs)))

    async def _one(self, job: _Job) -> Output:
        if not job.info.url:
            return Output(job.info, task_id=job.task_id)
        async with self._slots:
            folder = self._folder / date.today().isoformat()  # noqa: DTZ011 - the user's own day
            sink = _Sink(folder, job.name)
            try:
                await self._fetch(job, sink)
                return await asyncio.to_thread(_finished, job, sink)
            except OutputError as error:
                return Output(job.info, error=error, task_id=job.task_id)
            finally:
                sink.discard()

    async def _fetch(self, job: _Job, sink: _Sink) -> None:
        pause = PAUSE
        for attempt in range(1, TRIES + 1):
            try:
                return await self._get(job, sink)
            except (httpx.HTTPError, _Incomplete) as error:
                reason = str(error) or type(error).__name__
            except OSError as error:
                _log.warning("%s cannot be written (%s); it is kept in memory", job.name, error)
                sink.move_to_memory()
                continue
            if attempt < TRIES:
                await asyncio.sleep(pause)
                pause *= 2
        raise job.error(f"the download failed {TRIES} times; the last time {reason}")

    async def _get(self, job: _Job, sink: _Sink) -> None:
        """Read on from where the last try ended; raises _Incomplete when it is worth another try."""
        response = await self._opened(job, sink.size)
        try:
            if response.status_code != httpx.codes.PARTIAL_CONTENT:
                sink.restart()
            _check_status(response, job)
            expected = _expected(response, job.info, sink.size)
            async for chunk in response.aiter_bytes():
                sink.write(chunk)
                if sink.size > self._max_bytes:
                    raise job.error(f"it is larger than {self._max_bytes >> 20} MiB")
            if expected is not None and sink.size < expected:
                raise _Incomplete(f"only {sink.size} of {expected} bytes came")
        finally:
            await response.aclose()

    async def _opened(self, job: _Job, offset: int) -> httpx.Response:
        url = job.info.url or ""
        headers = {"range": f"bytes={offset}-", "accept-encoding": "identity"} if offset else {}
        for _ in range(MAX_REDIRECTS):
            if not may_fetch(url, base=self._http.base_url, allow_http=self._allow_http):
                raise job.error("its address is neither https nor on this machine, so it is not fetched")
            request = self._http.pool.build_request("GET", url, headers=headers)
            response = await self._http.pool.send(request, stream=True)
            if not response.is_redirect:
                return response
            await response.aclose()
            url = urljoin(url, response.headers.get("location", ""))
        raise job.error("its address leads from one place to the next without end")


class _Incomplete(Exception):
    """The server did not give everything; another try may."""


class _Sink:
    """Where a download collects: a hidden file beside its target, or memory when the disk will not have it."""

    def __init__(self, folder: Path, name: str) -> None:
        self.size = 0
        self.target: Path | None = None
        self._file: BinaryIO = BytesIO()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.target = unique_target(folder, name)
            self._file = self._part(self.target).open("w+b")
        except OSError as error:
            _log.warning("%s cannot be written (%s); it is kept in memory", name, error)
            self.target = None

    def write(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self.size += len(chunk)

    def restart(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self.size = 0

    def head(self) -> bytes:
        self._file.seek(0)
        return self._file.read(content_types.HEAD_SIZE)

    def read(self) -> bytes:
        self._file.seek(0)
        return self._file.read()

    def move_to_memory(self) -> None:
        self.discard()
        self.target, self._file, self.size = None, BytesIO(), 0

    def keep(self, data: bytes | None, ending: str | None) -> Path | None:
        """Rename the file to what it is to be called, with other content when given; None when in memory."""
        if self.target is None:
            return None
        target = (
            self.target
            if ending is None
            else unique_target(self.target.parent, f"{self.target.stem}.{ending}")
        )
        part = self._part(self.target)
        if data is not None:
            self.restart()
            self._file.write(data)
        self._file.close()
        part.replace(target)
        return target

    def discard(self) -> None:
        self._file.close()
        if self.target is not None:
            self._part(self.target).unlink(missing_ok=True)

    @staticmethod
    def _part(target: Path) -> Path:
        return target.with_name(f".{target.name}.part")


def _finished(job: _Job, sink: _Sink) -> Output:
    """Check what came, write the recipe into a picture, and give the file its name."""
    held = content_types.sniff(sink.head())
    _check_type(job, held, sink.size)
    picture = sink.read() if (held or "").startswith("image/") or sink.target is None else None
    data = recipes.embed(picture, job.recipe) if picture is not None else None
    said = content_types.agree(job.info.content_type, held)
    ending = None if said or held is None else content_types.extension(held)
    try:
        path = sink.keep(data, ending)
    except OSError as error:
        _log.warning("%s cannot be written (%s); it is kept in memory", job.name, error)
        path, data = None, data if data is not None else sink.read()
    return Output(job.info, path=path, data=None if path else data, task_id=job.task_id)


def _check_type(job: _Job, held: str | None, size: int) -> None:
    """Refuse an error page in place of a picture; a picture of another type than said is kept all the same."""
    said = job.info.content_type or ""
    page = held is None or held.startswith("text/") or held in ("application/json", "application/xml")
    if not size:
        raise job.error("it is empty")
    if said.startswith(("image/", "video/", "audio/")) and page and not content_types.agree(said, held):
        raise job.error(f"it says {said} but holds {held or 'something else'}")


def _check_status(response: httpx.Response, job: _Job) -> None:
    status = response.status_code
    if response.is_success:
        return
    if status >= httpx.codes.INTERNAL_SERVER_ERROR or status in (408, 425, 429):
        raise _Incomplete(f"the server answered with HTTP {status}")
    gone = status in (httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND, httpx.codes.GONE)
    hint = "Output addresses expire; Wiro may still show the file on its own pages." if gone else None
    raise job.error(f"the server answered with HTTP {status}", hint)


def _expected(response: httpx.Response, info: OutputInfo, already: int) -> int | None:
    if "content-encoding" in response.headers:
        return None
    length = response.headers.get("content-length", "")
    return already + int(length) if length.isdigit() else info.size
