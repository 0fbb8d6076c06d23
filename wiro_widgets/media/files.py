"""Files on disk: safe names whatever the server says, and atomic writes."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
import unicodedata
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from wiro_widgets.media.content_types import extension

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONGEST_NAME: Final = 150  # bytes; file systems allow 255, and a temporary name or " (2)" must still fit

_RESERVED: Final = re.compile(r"con|prn|aux|nul|conin\$|conout\$|com\d|lpt\d", re.IGNORECASE)


def open_regular(path: Path) -> BinaryIO:
    """Open a file for reading; raises OSError with the reason as its `strerror`, also for what is no file.

    A pipe or a device is never waited for, even if it takes the place of the file at this moment.
    """
    try:
        if reason := _no_file(path.stat().st_mode):
            raise OSError(errno.EINVAL, reason, str(path))
        handle = open(path, "rb", opener=_without_waiting)  # noqa: SIM115 - Path.open has no opener
    except ValueError:  # a NUL in it, or a letter that the file system cannot write
        raise OSError(errno.EINVAL, "no file can have this name") from None
    if reason := _no_file(os.fstat(handle.fileno()).st_mode):
        handle.close()
        raise OSError(errno.EINVAL, reason, str(path))
    return handle


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # 0 on Windows


def _no_file(mode: int) -> str | None:
    """Return what this is instead of a file, None if it is one."""
    kinds = {
        stat.S_IFDIR: "it is a folder",
        stat.S_IFIFO: "it is a pipe; read it and give the bytes",
        stat.S_IFSOCK: "it is a socket",
        stat.S_IFCHR: "it is a device",
        stat.S_IFBLK: "it is a device",
    }
    return kinds.get(stat.S_IFMT(mode))


def safe_name(
    model: str | None, task_id: str | None, n: int, content_type: str | None, name: str = ""
) -> str:
    """Return the file name "<model>-<task id>-<n>.<ext>" for an output, valid on any system.

    It has no separators, is no Windows device name and has at most `LONGEST_NAME` bytes; `name` is the server's.
    """
    task = _clip(_slug(task_id or ""), 40) or "task"
    return _name(model or "", f"-{task}-{int(n)}.{extension(content_type, name)}")


@contextmanager
def unique_target(folder: Path, name: str) -> Iterator[Path]:
    """Yield a free path in the folder, the name or the name with " (2)" and so on, for a file that replaces it.

    It is taken by an empty file, so that nobody else gets the same path at the same moment; an exception in the block
    removes that. Raises OSError.
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    base = Path(re.sub(r"[^\w. ()-]", "-", last).strip(". ") or "output")
    target = _take_free(lambda number: folder / f"{base.stem}{_numbered(number)}{base.suffix}")
    try:
        yield target
    except BaseException:
        with suppress(OSError):
            target.unlink(missing_ok=True)
        raise


def new_file(folder: Path, text: str, ending: str) -> Path:
    """Make an empty file whose name is made of a text, and return its path; raises OSError.

    The name is valid on any system, as that of `safe_name`. If it is taken, by whatever, it gets " (2)" and so on.
    """
    dotted = f".{_slug(ending)}" if _slug(ending) else ""
    stem = _name(text, "", len(dotted.encode()))
    return _take_free(lambda number: folder / f"{stem}{_numbered(number)}{dotted}")


def _take_free(path_of: Callable[[int], Path]) -> Path:
    """Make an empty file of the first name that is free, and return its path."""
    for number in count(1):
        path = path_of(number)
        with suppress(FileExistsError):
            path.touch(exist_ok=False)
            return path
    raise AssertionError


def _numbered(number: int) -> str:
    return "" if number == 1 else f" ({number})"


@contextmanager
def atomic_write(target: Path) -> Iterator[Path]:
    """Yield the path of an empty temporary file, and move it to the target if the block ends without an exception.

    The data is synced first, so a power cut leaves the old file or the new one. An existing target keeps its
    permissions, and a symbolic link to it stays a link. Raises OSError naming the target if its folder is not writable.
    """
    target = target.resolve()
    temporary = target.with_name(f".{_clip(target.name, LONGEST_NAME)}.{secrets.token_hex(4)}.part")
    try:
        # A private file must not be readable by others while it is written either.
        temporary.touch(0o600 if target.exists() else 0o666, exist_ok=False)
    except OSError as exc:
        raise OSError(exc.errno, exc.strerror, str(target)) from exc
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            shutil.copymode(target, temporary)
        temporary.replace(target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def replace_bytes(target: Path, data: bytes) -> None:
    """Write the whole file atomically, replacing an older one."""
    with atomic_write(target) as temporary:
        temporary.write_bytes(data)


def _name(text: str, end: str, room: int = 0) -> str:
    """Return a text as a file name with this end, in which `room` bytes are left for more."""
    start = _clip(_slug(text), LONGEST_NAME - 1 - room - len(end.encode())) or "wiro"
    return f"{'_' if _RESERVED.fullmatch(start.partition('.')[0]) else ''}{start}{end}"


def _slug(text: str) -> str:
    normal = unicodedata.normalize("NFKC", text)
    slug = "".join(letter if letter.isalnum() or letter in "._" else "-" for letter in normal)
    return re.sub(r"-+", "-", re.sub(r"\.\.+", ".", slug)).strip("-. ")


def _clip(text: str, size: int) -> str:
    return text.encode()[:size].decode("utf-8", "ignore").strip("-. ")
