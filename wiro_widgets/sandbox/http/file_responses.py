"""Files over HTTP, whole or by range; faults cut, corrupt, mislabel or remove them."""

import re
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from wiro_widgets.sandbox.file_shelf import StoredFile
from wiro_widgets.sandbox.http.http_faults import CutResponse
from wiro_widgets.sandbox.tasks.replies import failure
from wiro_widgets.sandbox.world import World

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
GONE = "File not found"


def send_file(world: World, request: Request) -> Response:
    """Answer a GET or HEAD for an output or an uploaded input."""
    path = request.url.path
    world.request_log.add(request.method, path)
    file = world.shelf.get(path)
    if file is None:
        return JSONResponse(failure(GONE, 1), 404)
    return _output(world, request, file) if path.startswith("/files/") else _whole(request, file)


def _output(world: World, request: Request, file: StoredFile) -> Response:
    active_faults = world.active_faults
    if active_faults.faults.expire_urls:
        return JSONResponse(failure(GONE, 1), 404)
    for name, answer in _BAD.items():
        if active_faults.strikes(name):
            return answer(request, file)
    return _answer(file, file.data) if active_faults.faults.no_ranges else _whole(request, file)


def _whole(request: Request, file: StoredFile) -> Response:
    size = len(file.data)
    match = _RANGE.fullmatch(request.headers.get("range", ""))
    if match is None or not any(match.groups()):
        return _answer(file, file.data)
    first, last = match.groups()
    start = int(first) if first else max(0, size - int(last))
    stop = min(int(last) + 1, size) if first and last else size
    if start >= stop:
        return Response(status_code=416, headers={"content-range": f"bytes */{size}"})
    answer = _answer(file, file.data[start:stop], 206)
    answer.headers["content-range"] = f"bytes {start}-{stop - 1}/{size}"
    return answer


def _answer(file: StoredFile, data: bytes, status: int = 200) -> Response:
    headers = {
        "accept-ranges": "bytes",
        "access-control-allow-origin": "*",
        "cache-control": "no-store",
        "etag": f'"{file.path.split("/")[-2]}"',
        "x-content-type-options": "nosniff",
    }
    return Response(data, status, headers, file.content_type)


def _corrupt(data: bytes) -> bytes:
    # Past the head, so that only a reader of the whole file can tell.
    middle = len(data) // 2
    return data[:middle] + bytes(255 - byte for byte in data[middle : middle + 64]) + data[middle + 64 :]


_BAD: dict[str, Callable[[Request, StoredFile], Response]] = {
    "fail_downloads": lambda _request, _file: JSONResponse(failure("Internal server error"), 500),
    "cut_downloads": lambda request, file: CutResponse(request, _whole(request, file)),
    "truncate_downloads": lambda _request, file: _answer(file, file.data[: len(file.data) // 2]),
    "corrupt_downloads": lambda _request, file: _answer(file, _corrupt(file.data)),
    "mislabel_downloads": lambda _request, file: Response(file.data, media_type="text/html"),
}
