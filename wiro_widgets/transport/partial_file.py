"""PartialFile: the bytes of one download: a hidden file beside its target, or memory if the disk refuses it.

A process that is killed leaves partial files, which are removed here, and finished ones that the journal does not name,
which are found here.
"""

from __future__ import annotations

import os
import platform
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, cast

from wiro_widgets.journal.process import is_alive
from wiro_widgets.media import content_types
from wiro_widgets.media.files import unique_target

_HOST = sha256(platform.node().encode()).hexdigest()[:6]
_PARTIAL_NAME = re.compile(r"\..+\.(?P<host>[0-9a-f]{6})-(?P<pid>\d+)-[0-9a-f]{6}\.part", re.DOTALL)


class PartialFile:
    """The bytes of one output on their way; `on_disk_error` is called when they must stay in memory."""

    def __init__(self, folder: Path, name: str, on_disk_error: Callable[[OSError], None]) -> None:
        self.size = 0
        self._folder = folder
        self._name = name
        self._path: Path | None = None
        self._on_disk_error = on_disk_error
        self._file: BinaryIO = BytesIO()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f".{name}.{_HOST}-{os.getpid()}-{secrets.token_hex(3)}.part"
            # Unbuffered: the write that a full disk refuses raises, and what the disk took can be read back.
            self._file = cast("BinaryIO", path.open("x+b", buffering=0))
            self._path = path
        except OSError as error:
            on_disk_error(error)

    def __repr__(self) -> str:
        return f"<PartialFile {self._path or 'in memory'}, {self.size} bytes>"

    def write(self, chunk: bytes) -> None:
        """Append bytes; if the disk is full, all of the file moves to memory."""
        rest = memoryview(chunk)
        self._file.seek(0, os.SEEK_END)
        while rest:
            try:
                count = self._file.write(rest)
            except OSError as error:
                self._move_to_memory(error)
                continue
            self.size += count
            rest = rest[count:]

    def restart(self) -> None:
        """Drop all bytes."""
        self._file.seek(0)
        self._file.truncate()
        self.size = 0

    @property
    def file(self) -> BinaryIO:
        """The open file; `write` goes on at the end wherever it was read."""
        return self._file

    def head(self) -> bytes:
        """Return the first bytes, enough to recognize a content type."""
        return self._read(content_types.HEAD_SIZE)

    def read(self) -> bytes:
        """Return all bytes."""
        return self._read(self.size)

    def finish(self, data: bytes | None, ending: str | None) -> tuple[Path | None, bytes | None]:
        """Give the file its name, with `data` as its content and another ending if given.

        Returns its path, or its bytes if it cannot be on the disk.
        """
        if data is not None:
            self.restart()
            self.write(data)
        if self._path is None:
            return None, self.read()
        name = self._name if ending is None else f"{Path(self._name).stem}.{ending}"
        try:
            os.fsync(self._file.fileno())  # the journal will say that it is there
            self._file.close()  # Windows renames no open file
            with unique_target(self._folder, name) as target:
                self._path.replace(target)
        except OSError as error:
            self._on_disk_error(error)
            return None, self._path.read_bytes()
        return target, None

    def discard(self) -> None:
        """Close the file, and remove it unless it was finished."""
        self._file.close()
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)

    def _read(self, count: int) -> bytes:
        self._file.seek(0)
        data = self._file.read(count)
        self._file.seek(0, os.SEEK_END)
        return data

    def _move_to_memory(self, error: OSError) -> None:
        data = self.read()
        self.discard()
        self._path = None
        self._file = BytesIO()
        self._file.write(data)
        self._on_disk_error(error)


def find_finished(folder: Path, stems: set[str], since: datetime) -> list[Path]:
    """Return the finished files with these stems in the folder's days, and remove partial files of dead processes.

    Only files that are younger than `since`, because a sandbox numbers its tasks from the beginning each time.
    """
    first_day = since.astimezone().date().isoformat()
    finished: list[Path] = []
    with suppress(OSError):
        for day in folder.iterdir():
            if day.name < first_day or not day.is_dir():
                continue
            for path in day.iterdir():
                partial = _PARTIAL_NAME.fullmatch(path.name)
                with suppress(OSError):
                    if partial is None:
                        if path.stem in stems and path.stat().st_mtime >= since.timestamp():
                            finished.append(path)
                    elif partial["host"] == _HOST and not is_alive(int(partial["pid"])):
                        path.unlink()
    return finished
