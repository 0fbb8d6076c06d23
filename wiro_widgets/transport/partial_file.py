"""Where a download collects: a hidden file beside its target, or memory when the disk will not have it."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, cast

from wiro_widgets.media import content_types
from wiro_widgets.media.files import unique_target
from wiro_widgets.transport.leftovers import half_name


class Part:
    """The bytes of one output on their way; `trouble` is told when they must stay in memory."""

    def __init__(self, folder: Path, name: str, trouble: Callable[[OSError], None]) -> None:
        self.size = 0
        self._folder = folder
        self._name = name
        self._path: Path | None = None
        self._trouble = trouble
        self._file: BinaryIO = BytesIO()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / half_name(name)
            # Unbuffered: a full disk is noticed by the write that it refuses, and what it took can be read back.
            self._file = cast("BinaryIO", path.open("x+b", buffering=0))
            self._path = path
        except OSError as error:
            trouble(error)

    def __repr__(self) -> str:
        return f"<Part {self._path or 'in memory'}, {self.size} bytes>"

    def write(self, chunk: bytes) -> None:
        """Add some bytes; when the disk is full all of it goes to memory."""
        left = memoryview(chunk)
        while left:
            try:
                count = self._file.write(left)
            except OSError as error:
                self._move_to_memory(error)
                continue
            self.size += count
            left = left[count:]

    def restart(self) -> None:
        """Begin anew."""
        self._file.seek(0)
        self._file.truncate()
        self.size = 0

    def head(self) -> bytes:
        """Return the first bytes."""
        return self._read(content_types.HEAD_SIZE)

    def read(self) -> bytes:
        """Return all of it."""
        return self._read(self.size)

    def keep(self, data: bytes | None, ending: str | None) -> tuple[Path | None, bytes | None]:
        """Give the file its name, with other content and another ending when given.

        Returns its path, or the bytes where it cannot be on the disk.
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
            target = unique_target(self._folder, name)
            self._path.replace(target)
        except OSError as error:
            self._trouble(error)
            return None, self._path.read_bytes()
        return target, None

    def discard(self) -> None:
        """Let go of the file; what was not kept is gone."""
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
        held = self.read()
        self.discard()
        self._path = None
        self._file = BytesIO()
        self._file.write(held)
        self._trouble(error)
