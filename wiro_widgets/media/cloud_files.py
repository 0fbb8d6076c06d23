"""Files at addresses of fsspec, as `s3://bucket/key`: put there whole, looked at, and fetched into a bounded cache.

fsspec finds the credentials where its file systems always look: the environment, their own files, its configuration.
No address, error or log of ours has them.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import threading
import time
from collections import OrderedDict
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path, PurePosixPath
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from platformdirs import user_cache_path

from wiro_widgets.protocol.errors import ConfigurationError
from wiro_widgets.protocol.redact import printable, redactor

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_CACHE_BYTES: Final = 2 * 2**30  # of copies of files that stand at an address
AWAY_SECONDS: Final = 10.0  # for which a place that could not be asked is not asked again
_MAX_FILES: Final = 4_096
_ADDRESS: Final = re.compile(r"[a-z][a-z0-9+.-]+(://|::)", re.IGNORECASE)
_SECRET_NAME: Final = re.compile(r"secret|token|key|password|credential|connection_string|sas", re.IGNORECASE)
_IN_ADDRESSES: Final = re.compile(r"(?<=://)[^/@\s]+@|\?[^\s'\"]+")
_READ_ONLY: Final = frozenset({"http", "https", "data", "github", "git", "reference", "zip", "tar"})
_WITH_BUCKETS: Final = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "oss", "oci", "r2"})
# A connection that nobody answers is given up: what waits for it is a run that has been paid for.
_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    protocol: {"config_kwargs": {"connect_timeout": 5, "read_timeout": 20, "retries": {"max_attempts": 1}}}
    for protocol in ("s3", "s3a")
}


class CloudError(OSError):
    """An address that cannot be asked now: what is there, and whether it is there, is not known."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.strerror = reason


class ChangedFileError(OSError):
    """The file at an address is not the one that was put there."""


@dataclass(frozen=True, slots=True)
class CloudFile:
    """A file at an address: its size in bytes, its SHA-256 in hexadecimal, and its store's tag for this version.

    Without a digest it is whatever stands there.
    """

    address: str
    size: int | None = None
    sha256: str | None = None
    tag: str = ""

    @property
    def name(self) -> str:
        """The last part of the address."""
        return self.address.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class CloudFolder:
    """Where outputs are moved to (`url`), and the folder of this machine in which they are until then."""

    url: str
    staging: Path

    def __str__(self) -> str:
        return self.url

    @classmethod
    def open(cls, address: str, local: Path) -> CloudFolder:
        """Return the folder at an address; raises ConfigurationError if outputs cannot go there."""
        protocol, _, place = address.strip().partition("://")
        if "::" in address or not place.strip("/"):
            raise _refusal(
                protocol, "is no address of a folder; one looks like s3://bucket/folder, without '::' in it"
            )
        if "@" in place.partition("/")[0] or "?" in place or "#" in place:
            raise _refusal(
                protocol,
                "has credentials or a query in it; give the place alone, and the credentials where "
                "its library looks for them, such as AWS_ACCESS_KEY_ID or ~/.aws",
            )
        if protocol.lower() in _READ_ONLY or ".." in PurePosixPath(place).parts:
            raise _refusal(protocol, "is a place to which no files can be moved")
        try:
            import fsspec  # noqa: PLC0415 - only where it is asked for

            fsspec.get_filesystem_class(protocol.lower())
        except (ImportError, ValueError) as error:
            raise ConfigurationError(
                f'Outputs at {protocol}:// need fsspec and its library for it: pip install "wiro-widgets[cloud]" '
                f"brings that of s3:// ({type(error).__name__}: {_reason(error)})."
            ) from None
        url = f"{protocol.lower()}://{place.rstrip('/')}"
        return cls(url, local / hashlib.sha256(url.encode()).hexdigest()[:16])

    def contains(self, address: str) -> bool:
        """Return True if a file at this address lies in the folder."""
        rest = address.removeprefix(f"{self.url}/")
        parts = rest.split("/")
        return rest != address and not {"", ".", ".."} & set(parts) and not re.search(r"[?#\\\0]|::", rest)

    def address_of(self, path: Path) -> str:
        """Return the address for a file of the staging folder."""
        return f"{self.url}/{path.relative_to(self.staging).as_posix()}"


OutputFolder = Path | CloudFolder


def is_address(path: object) -> TypeGuard[str]:
    """Return True if this is an address of fsspec, and no path of this machine."""
    return isinstance(path, str) and _ADDRESS.match(path) is not None


def _refusal(protocol: str, reason: str) -> ConfigurationError:
    return ConfigurationError(f"The output folder {printable(protocol[:40])}://... {reason}.")


# What stands at an address


def look(address: str) -> CloudFile:
    """Return size and tag of the file at an address.

    Raises FileNotFoundError if it is not there though its bucket is, CloudError if nobody can tell.
    """
    with _errors(address):
        system, path = _system(address)
        try:
            info = system.info(path)
        except FileNotFoundError:
            bucket = path.partition("/")[0]
            if _has_buckets(system) and not system.exists(bucket):
                raise CloudError(f"there is no bucket {bucket}") from None
            raise
        if info.get("type") != "file":
            raise FileNotFoundError(address)
        size = info.get("size")
        return CloudFile(address, size if isinstance(size, int) else None, tag=_tag(info))


def put(source: Path, address: str) -> CloudFile:
    """Copy a file to an address, or beside it if another file stands there, and return it once all of it is there.

    If the same file is there already, nothing is copied. Raises CloudError.
    """
    size, digest = source.stat().st_size, _digest(source)
    folder, _, name = address.rpartition("/")
    base = PurePosixPath(name)
    for number in count(1):
        target = address if number == 1 else f"{folder}/{base.stem} ({number}){base.suffix}"
        try:
            present = look(target)
        except FileNotFoundError:
            break
        if present.size == size and _digest_at(present) == digest:
            return remember(replace(present, sha256=digest))
    with _errors(target):
        system, path = _system(target)
        if not _has_buckets(system):
            system.makedirs(path.rpartition("/")[0], exist_ok=True)
        system.put_file(str(source), path)
    try:
        present = look(target)
    except FileNotFoundError:
        raise CloudError(f"{name} is not there after it was sent") from None
    if present.size not in (None, size):
        raise CloudError(f"only {present.size:,} of {size:,} bytes of {name} are there after it was sent")
    return remember(CloudFile(target, size, digest, present.tag))


def fetch(file: CloudFile, *, from_cache: bool = True) -> Path:
    """Return a copy of the file on this machine.

    Raises FileNotFoundError, CloudError, and ChangedFileError if the file is not the one that was put there.
    """
    if from_cache and (path := cached_copy(file)) is not None:
        return path
    cache = _cache()
    cache.mkdir(parents=True, exist_ok=True)
    partial = cache / f".{token_hex(8)}.part"
    try:
        with _errors(file.address):
            system, place = _system(file.address)
            system.get_file(place, str(partial))
        digest = _digest(partial)
        if file.sha256 is not None and digest != file.sha256:
            raise ChangedFileError("it has other bytes now")
        size = partial.stat().st_size
        target = _copy_of(replace(file, sha256=digest))
        _take_in(partial, target)
    finally:
        partial.unlink(missing_ok=True)
    _shrink_cache()
    remember(replace(file, size=size, sha256=digest))
    return target


def remove(address: str) -> None:
    """Delete the file at an address; one that is not there is fine. Raises CloudError."""
    with suppress(FileNotFoundError), _errors(address):
        system, path = _system(address)
        system.rm_file(path)


def mark_away(address: str, reason: str) -> None:
    """Ask nobody at the place of this address for a moment, because it does not answer."""
    with _systems_lock:
        _away[_place(address)] = time.monotonic() + AWAY_SECONDS, reason


# What this process knows of addresses

_files: OrderedDict[str, CloudFile] = OrderedDict()
_files_lock = threading.Lock()


def remember(file: CloudFile) -> CloudFile:
    """Keep what is known of a file whose bytes were read here, and return it."""
    with _files_lock:
        _files[file.address] = file
        _files.move_to_end(file.address)
        while len(_files) > _MAX_FILES:
            _files.popitem(last=False)
    return file


def note(address: str) -> CloudFile:
    """Return the file at an address with its digest, from memory if it was read here; raises OSError."""
    with _files_lock:
        file = _files.get(address)
    if file is None or file.sha256 is None or file.size is None:
        present = look(address)
        fetch(present, from_cache=False)
        with _files_lock:
            file = _files.get(address, present)
    return file


# Copies on this machine


def keep_copy(source: Path, file: CloudFile) -> Path:
    """Return a copy of a file in the cache, which costs no space as long as the file stands where it is."""
    target = _copy_of(file)
    if cached_copy(file) is None:
        _cache().mkdir(parents=True, exist_ok=True)
        partial = target.parent.with_name(f".{token_hex(8)}.part")
        try:
            try:
                os.link(source, partial)
            except OSError:  # a drive without links
                shutil.copyfile(source, partial)
            _take_in(partial, target)
        finally:
            partial.unlink(missing_ok=True)
        _shrink_cache()
    return target


def remove_copy(file: CloudFile) -> None:
    """Remove the copy of a file from the cache."""
    if file.sha256:
        _remove(_copy_of(file))


def cached_copy(file: CloudFile) -> Path | None:
    """Return the copy of a file in the cache; None if there is none, or one that was changed."""
    if not file.sha256:
        return None
    path = _copy_of(file)
    with suppress(OSError):
        if path.is_file() and path.stat().st_size == file.size and _digest(path) == file.sha256:
            os.utime(path)  # the copies that were used last stay longest
            return path
    return None


def _cache() -> Path:
    return user_cache_path("wiro-widgets", appauthor=False) / "outputs"


def _copy_of(file: CloudFile) -> Path:
    """Return where the copy of a file is, or would be: under its own name, which people see, by its digest."""
    name = re.sub(r"[^\w. ()-]", "-", file.name).strip(". ")[-150:]
    return _cache() / str(file.sha256) / (name or "output")


def _take_in(partial: Path, target: Path) -> None:
    """Give a copy its place; its folder may be removed with another copy at any moment."""
    while True:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.replace(target)
        except FileNotFoundError:
            if not partial.exists():
                raise
        else:
            return


def _remove(copy: Path) -> None:
    copy.unlink(missing_ok=True)
    with suppress(OSError):  # another name of the same bytes is there
        copy.parent.rmdir()


def _shrink_cache() -> None:
    """Remove the copies that were not used for the longest time, until the others fit."""
    files: list[tuple[float, int, Path]] = []
    for path in _cache().glob("*/*"):
        with suppress(OSError):
            status = path.stat()
            files.append((status.st_mtime, status.st_size, path))
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= MAX_CACHE_BYTES:
            break
        with suppress(OSError):
            _remove(path)
            total -= size


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest_at(present: CloudFile) -> str:
    """Return the digest of the file at an address, from memory if this version of it was read here."""
    with _files_lock:
        file = _files.get(present.address)
    if file is not None and file.sha256 and file.tag and file.tag == present.tag:
        return file.sha256
    return _digest(fetch(present, from_cache=False))


def _tag(info: dict[str, Any]) -> str:
    """Return what changes with each version of a file at its store; empty if the store says nothing of the kind."""
    for name in ("ETag", "etag", "md5", "md5Hash", "content_md5", "generation", "created"):
        if info.get(name):
            return f"{name} {info[name]}"
    return ""


# fsspec

_systems: dict[tuple[int, str, str], Any] = {}
_away: dict[tuple[str, str], tuple[float, str]] = {}
_systems_lock = threading.Lock()  # guards `_systems` and `_away`; nothing is asked while it is held


def _system(address: str) -> tuple[Any, str]:
    """Return the file system of an address, and the path in it; one that is not for several threads is made anew."""
    import fsspec  # noqa: PLC0415 - only where it is asked for

    protocol, place = _place(address)
    key = os.getpid(), protocol, place
    with _systems_lock:
        system = _systems.get(key)
    if system is None:
        conf = fsspec.config.conf.get(protocol, {})
        options = {
            name: {**values, **conf.get(name, {})} for name, values in _OPTIONS.get(protocol, {}).items()
        }
        system, _ = fsspec.core.url_to_fs(address, use_listings_cache=False, **options)
        if system.async_impl:
            with _systems_lock:
                system = _systems.setdefault(key, system)
    return system, str(system._strip_protocol(address))  # noqa: SLF001 - fsspec documents it for this


def _has_buckets(system: Any) -> bool:
    """Return True for a store whose folders are names alone, below a bucket that its owner makes."""
    protocols = {system.protocol} if isinstance(system.protocol, str) else {*system.protocol}
    return not protocols.isdisjoint(_WITH_BUCKETS)


def _place(address: str) -> tuple[str, str]:
    protocol, _, rest = address.partition("://")
    return protocol.lower(), rest.partition("/")[0]


@contextmanager
def _errors(address: str) -> Iterator[None]:
    """Raise CloudError, which hangs on no frame with credentials, for whatever a file system raises.

    A place that could not be asked is not asked again for a moment, so that a crowd does not wait for it one by one.
    """
    place = _place(address)
    with _systems_lock:
        until, reason = _away.get(place, (0.0, ""))
    if time.monotonic() < until:
        raise CloudError(reason)
    try:
        yield
    except FileNotFoundError:
        raise FileNotFoundError(address) from None
    except CloudError:
        raise
    except Exception as error:  # noqa: BLE001 - each file system has errors of its own
        reason = f"{place[0]}://{place[1]} cannot be asked ({type(error).__name__}: {_reason(error)})"
        if not isinstance(error, PermissionError):  # which may be of one file
            mark_away(address, reason)
    else:
        with _systems_lock:
            _away.pop(place, None)
        return
    raise CloudError(reason)


def _reason(error: Exception) -> str:
    """Return what an error says in one line, without addresses' queries and without what may be a credential."""
    text = " ".join((str(error) or type(error).__name__).split())
    return printable(redactor(*_credentials())(_IN_ADDRESSES.sub("", text)))[:300]


def _credentials() -> list[str]:
    values = [value for name, value in os.environ.items() if _SECRET_NAME.search(name)]
    with suppress(ImportError):
        import fsspec.config  # noqa: PLC0415 - the same

        values += _secret_values(fsspec.config.conf)
    return values


def _secret_values(options: Any) -> Iterator[str]:
    if isinstance(options, dict):
        for name, value in options.items():
            if isinstance(value, str) and _SECRET_NAME.search(str(name)):
                yield value
            yield from _secret_values(value)
