"""What processes that were killed left among the outputs: whole files that nobody noted, and half ones."""

from __future__ import annotations

import os
import platform
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from wiro_widgets.journal.process import is_alive

_HOST = sha256(platform.node().encode()).hexdigest()[:6]
_HALF = re.compile(r"\..+\.(?P<host>[0-9a-f]{6})-(?P<pid>\d+)-[0-9a-f]{6}\.part", re.DOTALL)


def half_name(name: str) -> str:
    """Return a name for a file on its way, which says whose it is."""
    return f".{name}.{_HOST}-{os.getpid()}-{secrets.token_hex(3)}.part"


def whole_files(outputs: Path, stems: set[str], since: datetime) -> list[Path]:
    """Return files of these names that are younger than the time; half files of processes that are gone are removed.

    Younger ones only, for a sandbox begins its task numbers anew.
    """
    return [path for path in _files(outputs, since) if _is_whole(path, stems, since)]


def _files(outputs: Path, since: datetime) -> Iterator[Path]:
    first_day = since.astimezone().date().isoformat()
    with suppress(OSError):
        for day in outputs.iterdir():
            if day.name >= first_day and day.is_dir():
                yield from day.iterdir()


def _is_whole(path: Path, stems: set[str], since: datetime) -> bool:
    half = _HALF.fullmatch(path.name)
    with suppress(OSError):
        if half is None:
            return path.stem in stems and path.stat().st_mtime >= since.timestamp()
        if half["host"] == _HOST and not is_alive(int(half["pid"])):
            path.unlink()
    return False
