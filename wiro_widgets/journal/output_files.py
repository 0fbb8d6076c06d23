"""The files of a run: noted when it settles, so that each answers for the run only while its bytes are the same."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Final

from wiro_widgets.journal.row import JournalRow, OutputFile
from wiro_widgets.media import cloud_files
from wiro_widgets.media.cloud_files import (
    ChangedFileError,
    CloudError,
    CloudFile,
    CloudFolder,
    OutputFolder,
    cached_copy,
    is_address,
)

_SETTLED_NS: Final = 2 * 10**9  # a file that changed later than this may change again without another time
_CACHED_DIGESTS: Final = 4_096


def note(paths: Iterable[str]) -> tuple[OutputFile, ...]:
    """Return size and digest of the files; one that this process cannot read is left out."""
    files = []
    for path in paths:
        with suppress(OSError):
            if is_address(path):
                file = cloud_files.note(path)
                files.append(OutputFile(path, file.size or 0, file.sha256 or "", file.tag))
            else:
                files.append(OutputFile(path, Path(path).stat().st_size, _digest(path)))
    return tuple(files)


def paths_here(row: JournalRow) -> tuple[str, ...]:
    """Return the paths of the row, with copies that are here in place of addresses; nothing is fetched."""
    copies = {path: cached_copy(cloud_file(row, path)) for path in row.paths if is_address(path)}
    return tuple(str(copies.get(path) or path) for path in row.paths)


def cloud_file(row: JournalRow, address: str) -> CloudFile:
    """Return the file at an address of the row, as it was noted."""
    entry = _entry(row, address)
    return CloudFile(address, entry.size, entry.sha256, entry.tag) if entry else CloudFile(address)


def verify(row: JournalRow, output_dir: OutputFolder | None = None) -> bool:
    """Return True if every file of the run is the one that was noted.

    A row without files is as it was, unless it is imported: see `trouble`.
    """
    if row.is_imported and not row.paths:
        return False
    return all(trouble(row, path, output_dir) is None for path in row.paths)


def verified_paths(row: JournalRow, output_dir: OutputFolder | None = None) -> tuple[str, ...]:
    """Return the paths of the run whose files are the ones that were noted."""
    return tuple(path for path in row.paths if trouble(row, path, output_dir) is None)


def present_paths(row: JournalRow, output_dir: OutputFolder | None) -> tuple[str, ...]:
    """Return the paths of `verified_paths`, and those addresses at which nobody can be asked now."""
    return tuple(
        path
        for path in row.paths
        if trouble(row, path, output_dir) is None
        or (is_address(path) and unreachable(replace(row, paths=(path,)), output_dir))
    )


def trouble(row: JournalRow, path: str, output_dir: OutputFolder | None = None) -> str | None:
    """Return why the file at this path of the row does not answer for the run; None if it does.

    It does if it is a regular file, no link, with the size and the digest that were noted; if none were, which is so in
    rows of earlier versions, it only must not be empty. A file of an imported row must lie in `output_dir` as well,
    after all links of its path are resolved: the author of an imported history chose the path. A file at an address has
    the tag that was noted, or else the digest.
    """
    if row.is_imported and not _is_inside(path, output_dir):
        return f"stands at {path}, outside of the output folder, and its run was imported"
    try:
        if is_address(path):
            return _change_at(cloud_file(row, path))
        return _change(path, _entry(row, path))
    except FileNotFoundError:
        return _no_file(row, path)
    except (OSError, ValueError) as exc:  # ValueError: an imported path with a null character
        return f"cannot be read at {path}: {getattr(exc, 'strerror', None) or exc}"


def _no_file(row: JournalRow, path: str) -> str:
    return f"is at {path} on another machine" if row.is_elsewhere else f"is no longer at {path}"


def unreachable(row: JournalRow, output_dir: OutputFolder | None) -> str | None:
    """Return why a file of the row cannot be asked for at its address now: whether it is there is not known.

    None if there is no such file.
    """
    for path in filter(is_address, row.paths):
        if row.is_imported and not _is_inside(path, output_dir):
            continue
        try:
            cloud_files.look(path)
        except CloudError as exc:
            return exc.strerror
        except OSError:
            continue
    return None


def absence(row: JournalRow, path: str, output_dir: OutputFolder | None = None) -> str | None:
    """Return why the file at this path cannot be the one of the row, from what can be told without reading it."""
    if row.is_imported and not _is_inside(path, output_dir):
        return f"stands at {path}, outside of the output folder, and its run was imported"
    entry = _entry(row, path)
    if is_address(path):
        return _absence_at(cloud_file(row, path))
    try:
        status = Path(path).lstat()
    except (OSError, ValueError):
        return _no_file(row, path)
    is_same = stat.S_ISREG(status.st_mode) and status.st_size == (
        entry.size if entry else status.st_size or 1
    )
    return None if is_same else f"was changed at {path}"


def delete(row: JournalRow) -> tuple[str, ...]:
    """Delete the files of a run; return those that are left since the author of an imported history chose the paths."""
    if row.is_imported:
        return tuple(path for path in row.paths if is_address(path) or Path(path).exists())
    for path in row.paths:
        if is_address(path):
            cloud_files.remove(path)
            cloud_files.remove_copy(cloud_file(row, path))
            continue
        with suppress(FileNotFoundError):
            Path(path).unlink()
    return ()


def _change(path: str, entry: OutputFile | None) -> str | None:
    """Return how a file differs from its entry in the row; None if it does not. Raises OSError, ValueError."""
    status = Path(path).lstat()
    if not stat.S_ISREG(status.st_mode):
        return f"is no longer at {path}, where something other than a file stands now"
    if status.st_size != (entry.size if entry else status.st_size or 1):
        return f"was changed at {path}: it has {status.st_size:,} bytes now"
    if entry and entry.sha256 != _digest_at_rest(path, status):
        return f"was changed at {path}: it has other bytes now"
    return None


def _entry(row: JournalRow, path: str) -> OutputFile | None:
    return next((item for item in row.files if item.path == path), None)


def _change_at(file: CloudFile) -> str | None:
    """Return how the file at an address differs from the one that was noted; None if it does not. Raises OSError."""
    if not file.sha256:
        return f"was not noted at {file.address} when its run settled"
    present = cloud_files.look(file.address)
    if present.size not in (None, file.size):
        return f"was changed at {file.address}: it has {present.size:,} bytes now"
    if not file.tag or present.tag != file.tag:
        try:
            cloud_files.fetch(file, from_cache=False)
        except ChangedFileError:
            return f"was changed at {file.address}: it has other bytes now"
    return None


def _absence_at(file: CloudFile) -> str | None:
    try:
        present = cloud_files.look(file.address)
    except FileNotFoundError:
        return f"is no longer at {file.address}"
    except OSError:  # it cannot be asked for, so it may be there
        return None
    return None if present.size in (None, file.size) else f"was changed at {file.address}"


def _is_inside(path: str, folder: OutputFolder | None) -> bool:
    if is_address(path):
        return isinstance(folder, CloudFolder) and folder.contains(path)
    folder = folder.staging if isinstance(folder, CloudFolder) else folder
    try:
        return folder is not None and Path(path).resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):  # a loop of links
        return False


def _digest_at_rest(path: str, status: os.stat_result) -> str:
    """Return the digest of a file, from memory if the file has been at rest since it was computed."""
    if time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) < _SETTLED_NS:
        return _digest(path)
    return _cached_digest(path, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


@lru_cache(_CACHED_DIGESTS)
def _cached_digest(path: str, _inode: int, _size: int, _mtime_ns: int, _ctime_ns: int) -> str:
    return _digest(path)


def _digest(path: str) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
