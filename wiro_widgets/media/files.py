"""Files on disk: names that stay in their folder whatever the server says, and writes that are whole."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import unicodedata
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from wiro_widgets.media.content_types import extension

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_NAME: Final = 150  # bytes; file systems take 255, and a temporary name or " (2)" must still fit

_RESERVED: Final = re.compile(r"con|prn|aux|nul|conin\$|conout\$|com\d|lpt\d", re.IGNORECASE)


def safe_name(
    model: str | None, task_id: str | None, n: int, content_type: str | None, name: str = ""
) -> str:
    """Return the file name "<model>-<task id>-<n>.<ext>" for an output, fit for any system.

    It has no separators, no device names of Windows, at most `LONGEST_NAME` bytes; `name` is the server's.
    """
    task = _clip(_slug(task_id or ""), 40) or "task"
    end = f"-{task}-{int(n)}.{extension(content_type, name)}"
    start = _clip(_slug(model or ""), LONGEST_NAME - 1 - len(end.encode())) or "wiro"
    if _RESERVED.fullmatch(start.partition(".")[0]):
        start = f"_{start}"
    return start + end


def unique_target(folder: Path, name: str) -> Path:
    """Return a path in the folder that nothing has yet: the name, or the name with " (2)" and so on."""
    last = name.replace("\\", "/").rpartition("/")[2]
    base = Path(re.sub(r"[^\w. ()-]", "-", last).strip(". ") or "output")
    target, count = folder / base.name, 1
    while target.exists() or target.is_symlink():
        count += 1
        target = folder / f"{base.stem} ({count}){base.suffix}"
    return target


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """Give the path of an empty file; what is written there becomes the target when the block ends well.

    Nobody ever sees half a file, also after a power cut. A target that is there keeps its permissions, and a link to it
    stays a link. Raises OSError that names the target where its folder cannot be written to.
    """
    target = target.resolve()
    temporary = target.with_name(f".{_clip(target.name, LONGEST_NAME)}.{secrets.token_hex(4)}.part")
    try:
        # What is not for everybody must not be for the moment that it is written either.
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
    """Write a file whole or not at all, in place of an older one."""
    with written_whole(target) as temporary:
        temporary.write_bytes(data)


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text)
    dashed = "".join(letter if letter.isalnum() or letter in "._" else "-" for letter in plain)
    return re.sub(r"-+", "-", re.sub(r"\.\.+", ".", dashed)).strip("-. ")


def _clip(text: str, size: int) -> str:
    return text.encode()[:size].decode("utf-8", "ignore").strip("-. ")
