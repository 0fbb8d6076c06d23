"""Download: fetches one output, checks and names its file; resumes only the same file (RFC 9110, 13 and 14)."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urljoin

import httpx

from wiro_widgets.media import content_types, recipes
from wiro_widgets.media.output import Output
from wiro_widgets.protocol import backoff
from wiro_widgets.protocol.errors import ConfigurationError, OutputError
from wiro_widgets.protocol.replies import OutputInfo
from wiro_widgets.protocol.timing import Timing
from wiro_widgets.transport.body import BrokenBodyError, Decompressor
from wiro_widgets.transport.file_check import Defect, find_defect
from wiro_widgets.transport.http import Http
from wiro_widgets.transport.partial_file import PartialFile
from wiro_widgets.transport.urls import may_fetch

TRIES = 4
MAX_REDIRECTS = 5
MIN_BYTES_PER_SECOND = 1024  # a connection that brings less is as good as broken

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
_WHOLE = frozenset({200, 203})
# 404: a file may reach the servers of a network a moment late. 401, 403: a firewall may block for a moment.
_RETRYABLE = frozenset({401, 403, 404, 408, 410, 425, 429})
_EXPIRED = frozenset({403, 404, 410})

_log = logging.getLogger("wiro_widgets")


class _IncompleteError(Exception):
    """The server did not send all of the file; another try may bring it."""


@dataclass(frozen=True, slots=True)
class Job:
    """One output to fetch: what Wiro says of it, its task, the name of its file, and the recipe for its metadata."""

    info: OutputInfo
    task_id: str
    name: str
    recipe: Mapping[str, Any]

    def error(self, reason: str, *, retry_helps: bool = True) -> OutputError:
        """Return the error that says why the output is missing and, unless that is in vain, how to try again."""
        hint = f"client.attach({self.task_id!r}) fetches again what is missing." if retry_helps else None
        return OutputError(
            reason, output=self.info.name, task_id=self.task_id, hint=hint, may_come=retry_helps
        )


class Download:
    """The way of one output to this machine; sends no credentials."""

    def __init__(
        self, http: Http, job: Job, part: PartialFile, *, max_bytes: int, allow_http: bool, timing: Timing
    ) -> None:
        self._http = http
        self._job = job
        self._part = part
        self._max_bytes = max_bytes
        self._allow_http = allow_http
        self._timing = timing
        self._served_type: str | None = None
        self._validator: str | None = None  # of what has come; identifies the file at the URL (If-Range)

    def __repr__(self) -> str:
        return f"<Download of {self._job.name}, {self._part.size} bytes>"

    async def run(self) -> Output:
        """Try until the file is whole, and give it its recipe and its name; raises OutputError."""
        previous: Defect | None = None
        reason = ""
        pauses = backoff.delays(*self._timing.download_retries, random.random)
        for attempt in range(TRIES):
            if attempt:
                await asyncio.sleep(next(pauses))
            try:
                await self._attempt()
            except _IncompleteError as error:
                reason = str(error)
                continue
            info, part = self._job.info, self._part
            defect = await asyncio.to_thread(find_defect, info, part.file, part.size, self._served_type)
            if defect is None or (defect.digest is not None and defect == previous):
                return await asyncio.to_thread(finish_file, self._job, self._part)
            previous, reason = defect, defect.reason
            _log.info("%s: %s; trying again", self._job.name, reason)
            self._restart()
        raise self._job.error(f"it was tried {TRIES} times; the last time {reason}")

    async def _attempt(self) -> None:
        """Fetch what is missing; raises _IncompleteError if another try may help, OutputError if none will."""
        try:
            async with asyncio.timeout(self._timing.download_try):
                await self._get()
        except TimeoutError:
            raise _IncompleteError(f"it did not come in {self._timing.download_try:g} s") from None
        except (httpx.HTTPError, BrokenBodyError, OSError, RuntimeError, ConfigurationError) as error:
            raise _IncompleteError(str(error) or type(error).__name__) from None
        except (httpx.InvalidURL, ValueError):
            raise self._job.error("its address is malformed", retry_helps=False) from None

    def _restart(self) -> None:
        self._validator = None
        self._part.restart()

    async def _get(self) -> None:
        if self._validator is None:
            self._part.restart()
        response = await self._open(self._part.size)
        try:
            self._check_status(response.status_code)
            total = self._place(response)
            length = response.headers.get("content-length", "")
            self._check_size(self._part.size + (int(length) if length.isdigit() else 0))
            decompressor = Decompressor(response)
            since, count = monotonic(), 0
            async for chunk in response.aiter_raw():
                count += len(chunk)
                if (seconds := monotonic() - since) >= self._timing.download_slow:
                    if count < MIN_BYTES_PER_SECOND * seconds:  # it holds a place that others need
                        raise _IncompleteError(f"only {count} bytes came in {seconds:.0f} s")
                    since, count = monotonic(), 0
                self._part.write(decompressor.feed(chunk, self._max_bytes + 1 - self._part.size))
                self._check_size(self._part.size)
            decompressor.finish()
            if total is not None and self._part.size != total:
                raise _IncompleteError(f"{self._part.size} of {total} bytes came")
        finally:
            await response.aclose()

    async def _open(self, offset: int) -> httpx.Response:
        """Ask for the file from this offset on, and follow redirects to addresses that may be fetched."""
        url = self._job.info.url or ""
        headers = {"accept-encoding": "identity"}
        if offset and self._validator:
            headers |= {"range": f"bytes={offset}-", "if-range": self._validator}
        for _ in range(MAX_REDIRECTS):
            if not may_fetch(url, base=self._http.base_url, allow_http=self._allow_http):
                raise self._job.error(
                    "its address is not a public https one, so it is not fetched", retry_helps=False
                )
            response = await self._http.get(url, headers)
            if not response.is_redirect:
                return response
            await response.aclose()
            url = urljoin(url, response.headers.get("location", ""))
        raise self._job.error("its address redirects again and again")

    def _place(self, response: httpx.Response) -> int | None:
        """Prepare the partial file for what comes; return the size of the whole file if it is known.

        A range is taken only at the offset that is needed, of a file whose size the server or Wiro says.
        """
        self._served_type = response.headers.get("content-type")
        if response.status_code != httpx.codes.PARTIAL_CONTENT:
            self._part.restart()
            self._validator = _validator(response)
            return None
        match = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", "").strip())
        size = match and (int(match[3]) if match[3].isdigit() else self._job.info.size)
        if match is None or int(match[1]) != self._part.size or "content-encoding" in response.headers:
            self._restart()
            raise _IncompleteError("the server continued at another offset than asked")
        if not size or int(match[2]) >= size:
            self._restart()
            raise _IncompleteError("the server sent a part of the file and did not say of how many bytes")
        if not self._part.size:
            self._validator = _validator(response)
        return size

    def _check_status(self, status: int) -> None:
        if status in _WHOLE or status == httpx.codes.PARTIAL_CONTENT:
            return
        if status == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            self._restart()
            raise _IncompleteError("the file at its address has changed")
        reason = f"the server answered with HTTP {status}"
        if status in _EXPIRED:
            reason += "; output addresses expire, and this one seems to have expired"
        if httpx.codes.is_success(status) or httpx.codes.is_server_error(status) or status in _RETRYABLE:
            raise _IncompleteError(reason)
        raise self._job.error(reason)

    def _check_size(self, size: int) -> None:
        if size > self._max_bytes:
            limit = f"{self._max_bytes >> 20} MiB" if self._max_bytes >> 20 else f"{self._max_bytes} bytes"
            raise self._job.error(f"it is larger than {limit}, the limit", retry_helps=False)


def _validator(response: httpx.Response) -> str | None:
    """Return what If-Range may carry: a strong ETag, else the time of the last change."""
    if "content-encoding" in response.headers:
        return None
    etag = response.headers.get("etag", "").strip()
    if etag.startswith('"'):
        return str(etag)
    return response.headers.get("last-modified") or None


def finish_file(job: Job, part: PartialFile) -> Output:
    """Write the recipe into a picture and give the file its name; raises OutputError."""
    actual = content_types.sniff(part.head())
    data = recipes.embed(part.read(), job.recipe) if (actual or "").startswith("image/") else None
    agrees = content_types.agree(job.info.content_type, actual)
    ending = None if agrees or actual is None else content_types.extension(actual)
    try:
        path, in_memory = part.finish(data, ending)
    except OSError as error:
        raise job.error(f"it cannot be kept: {error.strerror or error}") from None
    name = job.name if ending is None else f"{Path(job.name).stem}.{ending}"
    return Output(job.info, path=path, data=in_memory, task_id=job.task_id, file_name=name)


_WITH_RECIPE = frozenset({"image/png", "image/jpeg", "image/webp"})


def is_output(path: Path, job: Job) -> bool:
    """Return True if a file that nobody noted is this output: a picture by its recipe, another file by its size.

    Two servers may number their tasks alike and share a folder.
    """
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return False
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            if find_defect(replace(job.info, size=None), file, size) is not None:
                return False
            file.seek(0)
            content_type = content_types.sniff(file.read(content_types.HEAD_SIZE))
        recipe = recipes.embedded_recipe(path)
    except OSError:
        return False
    if recipe is None:
        return size == job.info.size and content_type not in _WITH_RECIPE
    names = ("task_id", "model", "prompt", "seed", "parameters")
    ours, theirs = (json.dumps([fields.get(name) for name in names]) for fields in (job.recipe, recipe))
    return bool(json.loads(ours) == json.loads(theirs))
