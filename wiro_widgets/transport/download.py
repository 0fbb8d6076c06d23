"""One address in, its bytes into a Part: read on where a cut came, only from the same file (RFC 9110, 13 and 14)."""

from __future__ import annotations

import asyncio
import re
from time import monotonic
from urllib.parse import urljoin

import httpx

from wiro_widgets.transport.arrivals import Job
from wiro_widgets.transport.body import BrokenBodyError, unpacker
from wiro_widgets.transport.http import Http
from wiro_widgets.transport.partial_file import Part
from wiro_widgets.transport.urls import may_fetch

MAX_REDIRECTS = 5
TRY_SECONDS = 600.0  # for one try, however slowly the bytes come
SLOWEST = 1024  # bytes a second, over so many seconds; less is a connection that is as good as broken
SLOW_SECONDS = 30.0

_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_AGAIN = frozenset({404, 408, 425, 429})  # 404: a file may reach every server of a network a moment late
_GONE = frozenset({403, 404, 410})


class IncompleteError(Exception):
    """The server did not give everything; another try may."""


class Transfer:
    """The way of one output to this machine; sends no credentials."""

    def __init__(self, http: Http, job: Job, part: Part, *, max_bytes: int, allow_http: bool) -> None:
        self._http = http
        self._job = job
        self._part = part
        self._max_bytes = max_bytes
        self._allow_http = allow_http
        self._same: str | None = None  # what tells this file from another one at the same address

    def __repr__(self) -> str:
        return f"<Transfer of {self._job.name}, {self._part.size} bytes>"

    async def once(self) -> None:
        """Try once, from where the last try ended.

        Raises IncompleteError when another try may help, OutputError when none will.
        """
        try:
            async with asyncio.timeout(TRY_SECONDS):
                await self._get()
        except TimeoutError:
            raise IncompleteError(f"it did not come in {TRY_SECONDS:g} s") from None
        except (httpx.HTTPError, BrokenBodyError, OSError, RuntimeError) as error:
            raise IncompleteError(str(error) or type(error).__name__) from None
        except (httpx.InvalidURL, ValueError):
            raise self._job.error("its address is malformed", for_good=True) from None

    def restart(self) -> None:
        """Forget what came."""
        self._same = None
        self._part.restart()

    async def _get(self) -> None:
        if self._same is None:
            self._part.restart()
        response = await self._opened(self._part.size)
        try:
            self._check_status(response.status_code)
            whole = self._place(response)
            self._check_size(response)
            unpack = unpacker(response)
            pace = _Pace()
            async for chunk in response.aiter_raw():
                pace.check(len(chunk))
                self._part.write(unpack(chunk, self._max_bytes + 1 - self._part.size))
                self._check_room(self._part.size)
            if whole is not None and self._part.size != whole:
                raise IncompleteError(f"{self._part.size} of {whole} bytes came")
        finally:
            await response.aclose()

    async def _opened(self, offset: int) -> httpx.Response:
        url, pool = self._job.info.url or "", self._http.pool
        headers = {"accept-encoding": "identity"}
        if offset and self._same:
            headers |= {"range": f"bytes={offset}-", "if-range": self._same}
        for _ in range(MAX_REDIRECTS):
            if not may_fetch(url, base=self._http.base_url, allow_http=self._allow_http):
                raise self._job.error(
                    "its address is not a public https one, so it is not fetched", for_good=True
                )
            limit = httpx.Timeout(self._http.timeout, pool=None)
            request = pool.build_request("GET", url, headers=headers, timeout=limit)
            response = await pool.send(request, stream=True)
            if not response.is_redirect:
                return response
            await response.aclose()
            url = urljoin(url, response.headers.get("location", ""))
        raise self._job.error("its address leads from one place to the next without end")

    def _place(self, response: httpx.Response) -> int | None:
        """Make the part ready for what comes; return the size of the whole file when the server says it."""
        if response.status_code != httpx.codes.PARTIAL_CONTENT:
            self._part.restart()
            self._same = _validator(response)
            return None
        said = _RANGE.fullmatch(response.headers.get("content-range", "").strip())
        if said is None or int(said[1]) != self._part.size:
            self.restart()
            raise IncompleteError("the server went on at another place than asked")
        return int(said[2]) if said[2].isdigit() else None

    def _check_status(self, status: int) -> None:
        if httpx.codes.is_success(status):
            return
        if status == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            self.restart()
            raise IncompleteError("the file at its address has changed")
        if status >= httpx.codes.INTERNAL_SERVER_ERROR or status in _AGAIN:
            raise IncompleteError(f"the server answered with HTTP {status}{_meaning(status)}")
        raise self._job.error(f"the server answered with HTTP {status}{_meaning(status)}")

    def _check_size(self, response: httpx.Response) -> None:
        length = response.headers.get("content-length", "")
        self._check_room(self._part.size + (int(length) if length.isdigit() else 0))

    def _check_room(self, size: int) -> None:
        if size > self._max_bytes:
            limit = f"{self._max_bytes >> 20} MiB" if self._max_bytes >> 20 else f"{self._max_bytes} bytes"
            raise self._job.error(f"it is larger than {limit}, the limit", for_good=True)


class _Pace:
    """Raises IncompleteError when a server sends next to nothing, for that holds a place that others need."""

    def __init__(self) -> None:
        self._since, self._size = monotonic(), 0

    def check(self, size: int) -> None:
        self._size += size
        seconds = monotonic() - self._since
        if seconds < SLOW_SECONDS:
            return
        if self._size < SLOWEST * seconds:
            raise IncompleteError(f"only {self._size} bytes came in {seconds:.0f} s")
        self._since, self._size = monotonic(), 0


def _validator(response: httpx.Response) -> str | None:
    """Return what If-Range may carry: a strong ETag, else the time of the last change."""
    if "content-encoding" in response.headers:
        return None
    etag = response.headers.get("etag", "").strip()
    if etag.startswith('"'):
        return str(etag)
    return response.headers.get("last-modified") or None


def _meaning(status: int) -> str:
    return "; output addresses expire, and this one seems to have expired" if status in _GONE else ""
