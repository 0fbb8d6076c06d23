"""Files over HTTP, whole or by range; faults cut, corrupt, mislabel or remove them."""

import re
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from wiro_widgets.sandbox.http.http_faults import CutResponse
from wiro_widgets.sandbox.tasks.replies import failure
from wiro_widgets.sandbox.world import StoredFile, World

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def send_file(world: World, request: Request) -> Response:
    """Answer a GET or HEAD for an output or an uploaded input; only outputs have faults."""
    path, faults = request.url.path, world.active_faults
    world.request_log.add(request.method, path)
    file = world.shelf.get(path)
    is_output = path.startswith("/files/")
    if file is None or (is_output and faults.faults.expire_urls):
        return JSONResponse(failure("File not found", 1), 404)
    if is_output:
        for name, answer in _FAULTS.items():
            if faults.strikes(name):
                return answer(request, file)
        if faults.faults.no_ranges:
            return _whole(file, file.data)
    return _answer(request, file)


def _answer(request: Request, file: StoredFile) -> Response:
    size = len(file.data)
    match = _RANGE.fullmatch(request.headers.get("range", ""))
    if match is None or not any(match.groups()):
        return _whole(file, file.data)
    first, last = match.groups()
    start = int(first) if first else max(0, size - int(last))
    stop = min(int(last) + 1, size) if first and last else size
    if start >= stop:
        return Response(status_code=416, headers={"content-range": f"bytes */{size}"})
    answer = _whole(file, file.data[start:stop], 206)
    answer.headers["content-range"] = f"bytes {start}-{stop - 1}/{size}"
    return answer


def _whole(file: StoredFile, data: bytes, status: int = 200) -> Response:
    headers = {
        "accept-ranges": "bytes",
        "access-control-allow-origin": "*",
        "cache-control": "no-store",
        "etag": f'"{file.etag}"',
        "x-content-type-options": "nosniff",
    }
    return Response(data, status, headers, file.content_type)


def _corrupt(data: bytes) -> bytes:
    # Past the head, so that only a reader of the whole file can tell.
    middle = len(data) // 2
    return data[:middle] + bytes(255 - byte for byte in data[middle : middle + 64]) + data[middle + 64 :]


_FAULTS: dict[str, Callable[[Request, StoredFile], Response]] = {
    "fail_downloads": lambda _request, _file: JSONResponse(failure("Internal server error"), 500),
    "cut_downloads": lambda request, file: CutResponse(request, _answer(request, file)),
    "truncate_downloads": lambda _request, file: _whole(file, file.data[: len(file.data) // 2]),
    "corrupt_downloads": lambda _request, file: _whole(file, _corrupt(file.data)),
    "mislabel_downloads": lambda _request, file: Response(file.data, media_type="text/html"),
}
