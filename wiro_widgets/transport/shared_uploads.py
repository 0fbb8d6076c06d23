"""Upload once: the same bytes for several runs go to File/Upload once, and the runs name their address.

Nothing depends on it: whatever goes wrong, a run sends its files itself. A run never names an address that was not just
seen to serve the bytes, and the journal notes the bytes, whichever way they went.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from wiro_widgets.protocol import replies, requests
from wiro_widgets.protocol.errors import (
    ApiError,
    AuthenticationError,
    ConcurrencyLimit,
    InsufficientBalance,
    NotFound,
    RateLimited,
    WiroError,
)
from wiro_widgets.protocol.requests import Upload
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.transport.downloads import Downloads
from wiro_widgets.transport.http import Http

MAX_BYTES = 100 * 1024 * 1024  # of one file at File/Upload
MAX_FILES = 10_000  # digests that are remembered
HEAD_BYTES = 4096  # that are read again before each use
_SLOWEST = 250_000  # bytes a second, for the patience of an upload
# These say nothing about the address of a file: the run would be refused with its files as well.
_OTHER_REFUSALS = (AuthenticationError, InsufficientBalance, ConcurrencyLimit, RateLimited, NotFound)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file at Wiro: its address and its first bytes."""

    url: str
    head: bytes = field(repr=False)


class SharedUploads:
    """The files of one client that several runs use; lives on the client's loop, with the client's key."""

    def __init__(
        self,
        http: Http,
        downloads: Downloads,
        start_job: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
    ) -> None:
        self._http = http
        self._downloads = downloads
        self._start_job = start_job
        self._digests: OrderedDict[str, None] = OrderedDict()  # of files that come again
        self._files: dict[str, asyncio.Future[StoredFile | None]] = {}  # by digest
        self._is_refused = False  # this project may not upload

    def __repr__(self) -> str:
        return f"<SharedUploads, {len(self._files)} files{', refused' if self._is_refused else ''}>"

    def expect(self, digests: Iterable[str]) -> None:
        """Upload these at their first use: several runs will have them."""
        for digest in digests:
            self._digests[digest] = None
            self._digests.move_to_end(digest)
        while len(self._digests) > MAX_FILES:
            self._files.pop(self._digests.popitem(last=False)[0], None)

    def has_address(self, values: Iterable[Any]) -> bool:
        """Return True if one of the values, or of the values in a list, is an address of these files."""
        urls = {file.url for item in self._files.values() if (file := _result(item)) is not None}
        items = (item for value in values for item in (value if isinstance(value, list | tuple) else [value]))
        return any(item in urls for item in items if isinstance(item, str))

    async def replace(
        self, ready: Mapping[str, Any], files: Mapping[str, Any], schema: ModelSchema | None
    ) -> Mapping[str, Any]:
        """Return the values of a run with addresses in place of files that come again; else the same object.

        `files` is what `fingerprint.files_of` says of them. A file that comes for the first time is remembered.
        """
        if self._is_refused or schema is None or "projectid" in ready:  # an address may be another project's
            return ready
        addresses: dict[str, Any] = {}
        for name, descriptions in files.items():
            value, parameter = ready[name], schema.get(name)
            if parameter is None or parameter.url_field or parameter.file_style == "multi":
                continue  # its address would stand in another field, where no lost run is looked for
            if isinstance(value, list | tuple):
                items = [await self._address_or_file(*pair) for pair in zip(value, descriptions, strict=True)]
                if any(item is not own for item, own in zip(items, value, strict=True)):
                    addresses[name] = items
            elif (item := await self._address_or_file(value, descriptions)) is not value:
                addresses[name] = item
        return {**ready, **addresses} if addresses else ready

    def forget(self, ready: Mapping[str, Any], files: Mapping[str, Any]) -> None:
        """Use no address for the files of this run any more: a run that named one was refused."""
        for name, descriptions in files.items():
            for item in descriptions if isinstance(descriptions, list) else [descriptions]:
                if name in ready and isinstance(item, Mapping):
                    self._files[str(item.get("sha256"))] = _nothing()

    async def _address_or_file(self, value: Any, description: Any) -> Any:
        if not isinstance(value, Upload) or not isinstance(description, Mapping) or self._is_refused:
            return value
        digest = str(description["sha256"])
        comes_again = digest in self._digests
        self.expect([digest])
        if not comes_again or not 0 < (value.size or 0) <= MAX_BYTES:
            return value
        if digest not in self._files:
            future = self._files[digest] = asyncio.get_running_loop().create_future()
            self._start_job(self._store(value, digest, future))
        file = await asyncio.shield(self._files[digest])
        if file is None:
            return value
        if await self._read(file.url, len(file.head)) != file.head:
            self._files.pop(digest, None)  # the address has gone; the next run brings another
            return value
        return file.url

    async def _store(self, upload: Upload, digest: str, future: asyncio.Future[StoredFile | None]) -> None:
        """Upload a file, read it back whole once, and set the future to what it became: None if that failed."""
        file: StoredFile | None = None
        try:
            file = await self._upload(upload, digest)
        except Exception:  # noqa: BLE001 - such as a file that its run has closed; then each run sends its own
            file = None
        finally:
            if not future.done():
                future.set_result(file)

    async def _upload(self, upload: Upload, digest: str) -> StoredFile | None:
        size = upload.size or 0
        reply = await self._http.attempt(requests.file_upload(upload), self._http.timeout + size / _SLOWEST)
        if isinstance(reply, WiroError):
            self._is_refused = isinstance(reply, ApiError) and not isinstance(reply, RateLimited)
            return None
        url = replies.file_address(reply)
        data = await self._read(url, size + 1) if url else b""
        if url is None or hashlib.sha256(data).hexdigest() != digest:
            self._is_refused = True  # what it keeps cannot be read, or is something else
            return None
        return StoredFile(url, data[:HEAD_BYTES])

    async def _read(self, url: str, limit: int) -> bytes:
        try:
            return await self._downloads.read(url, limit)
        except WiroError:
            return b""


def may_blame_address(error: WiroError) -> TypeGuard[ApiError]:
    """Return True for a refusal that a run with its own files may not meet."""
    return isinstance(error, ApiError) and not isinstance(error, _OTHER_REFUSALS)


def _result(future: asyncio.Future[StoredFile | None]) -> StoredFile | None:
    return future.result() if future.done() and not future.cancelled() else None


def _nothing() -> asyncio.Future[StoredFile | None]:
    future: asyncio.Future[StoredFile | None] = asyncio.get_running_loop().create_future()
    future.set_result(None)
    return future
