"""`wiro-widgets doctor`: checks the installation, the files and the way to Wiro; it runs no model."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal

from wiro_widgets.client import config
from wiro_widgets.commands import console
from wiro_widgets.journal.journal import backing_of
from wiro_widgets.journal.postgres.backing import Backing, RowStore
from wiro_widgets.journal.row import Query
from wiro_widgets.media.cloud_files import CloudFolder, look
from wiro_widgets.protocol import __version__, requests
from wiro_widgets.protocol.credentials import Credentials
from wiro_widgets.protocol.errors import AuthenticationError, ConfigurationError, WiroError
from wiro_widgets.protocol.lookup import Absent, Unknown
from wiro_widgets.protocol.redact import printable
from wiro_widgets.protocol.timing import Timing
from wiro_widgets.transport import environment, urls
from wiro_widgets.transport.http import Http
from wiro_widgets.transport.task_socket import reason_not_open
from wiro_widgets.widget import host

Level = Literal["ok", "warn", "fail"]

DISTRIBUTION: Final = "wiro-widgets"
SECONDS: Final = 10.0  # for one call
MAX_SKEW: Final = 30.0  # seconds between this machine's clock and Wiro's
LITTLE_SPACE: Final = 1 << 30  # bytes
NOTEBOOK_PACKAGES: Final = ("ipykernel", "anywidget", "ipywidgets", "jupyterlab")
BUNDLES: Final = ("widget.js", "gallery.js")
SANDBOX_MODULES: Final = ("python_multipart", "starlette", "uvicorn")


@dataclass(frozen=True, slots=True)
class Check:
    """What one check found: `advice` is what to do about it, empty if all is well."""

    name: str
    level: Level
    text: str
    advice: str = ""


def main(*, as_json: bool) -> int:
    """Print one line a check, as soon as it is done; return 1 if one fails."""
    levels: list[Level] = []
    for check in _checks():
        levels.append(check.level)
        if as_json:
            console.out_json(asdict(check))
        else:
            advice = f"\n{'':19}{check.advice}" if check.advice else ""
            console.out(printable(f"{check.level:<5} {check.name:<12} {check.text}{advice}"))
    counts = ", ".join(f"{levels.count(level)} {level}" for level in ("ok", "warn", "fail"))
    console.err(counts)
    return console.FAILED if "fail" in levels else 0


def _checks() -> Iterator[Check]:
    local = (_python, _packages, _notebook, _front_end, _sandbox, _journal, _outputs, _certificates)
    for check in local:
        yield _guard(check)
    key = _guard(_key)
    yield key
    try:
        base_url = urls.base_url(None)
        socket_url = urls.socket_url(None, base_url)
    except ConfigurationError as error:
        yield Check("address", "fail", str(error), "Correct WIRO_BASE_URL or WIRO_SOCKET_URL, or remove it.")
        return
    yield _guard(lambda: _proxy(base_url, socket_url))
    yield from asyncio.run(_network(base_url, socket_url))


def _guard(check: Callable[[], Check]) -> Check:
    """Do one check; what goes wrong in it fails it, and no other one."""
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - a doctor that falls over helps nobody
        name = getattr(check, "__name__", "check").strip("_")
        return Check(name, "fail", f"cannot be checked: {error!r}", "Report this with the lines above.")


# The installation


def _python() -> Check:
    text = f"{sys.version.split()[0]} at {sys.executable}, {DISTRIBUTION} {__version__}"
    return Check("python", "ok", text)


def _packages() -> Check:
    try:
        needs = [item for item in metadata.requires(DISTRIBUTION) or () if "extra ==" not in item]
    except metadata.PackageNotFoundError:
        return Check("packages", "warn", f"{DISTRIBUTION} is imported, but not installed", "pip install .")
    versions, faults = [], []
    for need in needs:
        name, least = (*re.split(r"\s*>=\s*", need.partition(";")[0].strip()), "")[:2]
        version = _version(name)
        versions.append(f"{name} {version}")
        if version is None or _numbers(version) < _numbers(least):
            faults.append(f"{name} is {version or 'missing'}, and {least} or newer is needed")
    if faults:
        return Check("packages", "fail", "; ".join(faults), f"pip install -U {DISTRIBUTION}")
    return Check("packages", "ok", ", ".join(versions))


def _notebook() -> Check:
    versions = {name: _version(name) for name in NOTEBOOK_PACKAGES}
    text = ", ".join(f"{name} {version or 'not installed'}" for name, version in versions.items())
    if versions["ipykernel"] is None:
        return Check("notebook", "warn", text, "For panels in notebooks: pip install ipykernel jupyterlab")
    return Check("notebook", "ok", text)


def _front_end() -> Check:
    try:
        sizes = [(name, len(host.front_end(name)) / 1024) for name in BUNDLES]
    except ConfigurationError as error:
        return Check("front end", "fail", "the front end of panels or galleries is missing", str(error))
    return Check("front end", "ok", ", ".join(f"{name} {size:.0f} KB" for name, size in sizes))


def _sandbox() -> Check:
    missing = [name for name in SANDBOX_MODULES if find_spec(name) is None]
    if missing:
        return Check(
            "sandbox", "warn", f"not installed: {', '.join(missing)}", 'pip install "wiro-widgets[sandbox]"'
        )
    return Check("sandbox", "ok", "installed")


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:3]))


# Files


def _journal() -> Check:
    try:
        place = config.journal_place()
        if isinstance(place, Path) and not place.exists():
            return _new_place("journal", place, place.parent, "WIRO_JOURNAL")
        file = backing_of(place)
    except ConfigurationError as error:
        return Check("journal", "fail", *str(error).splitlines())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the answer says the same
            answer = file.attempt(lambda store: _look_into(file, store))
    finally:
        file.close()
    advice = "Restore the file, or let WIRO_JOURNAL name another one on a local disk."
    if not isinstance(place, Path):
        advice = "Ask who runs the server, or let WIRO_JOURNAL name another one."
    if isinstance(answer, Unknown):
        return Check("journal", "fail", answer.reason, advice)
    count, absence = answer.value
    if isinstance(absence, Unknown):
        return Check("journal", "fail", absence.reason, advice)
    return Check("journal", "ok", f"{file.name}, {count:,} runs, readable and writable")


def _look_into(file: Backing, store: RowStore) -> tuple[int, Absent | Unknown]:
    """Read all of the journal, and write nothing in a way that fails where writing fails."""
    store.execute("UPDATE runs SET star = star WHERE FALSE", {})
    return store.count(Query()), file.absence(store)


def _outputs() -> Check:
    try:
        folder = config.output_folder()
    except ConfigurationError as error:
        return Check("outputs", "fail", str(error), "Let WIRO_OUTPUT_DIR name another folder.")
    if isinstance(folder, CloudFolder):
        return _outputs_elsewhere(folder)
    if not folder.is_dir():
        return _new_place("outputs", folder, folder, "WIRO_OUTPUT_DIR")
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0")
    except OSError as error:
        reason = f"{folder} cannot be written: {error.strerror}"
        return Check("outputs", "fail", reason, "Let WIRO_OUTPUT_DIR name another folder.")
    return _space("outputs", f"{folder}, writable", folder)


def _outputs_elsewhere(folder: CloudFolder) -> Check:
    """Check that the output folder can be asked; nothing is written there."""
    try:
        look(f"{folder.url}/wiro-widgets-doctor")
    except FileNotFoundError:
        pass
    except OSError as error:
        text = (
            "Outputs stay here until they can be moved. Check the address, the network and the credentials."
        )
        return Check("outputs", "warn", printable(str(error)), text)
    return Check("outputs", "ok", f"{folder.url}, which answers; outputs are moved there")


def _new_place(name: str, path: Path, folder: Path, variable: str) -> Check:
    """Check a file or folder that is made when it is first needed: the nearest folder that is there must allow it."""
    place = next(item for item in (folder, *folder.parents) if item.exists())
    if not (place.is_dir() and os.access(place, os.W_OK | os.X_OK)):
        reason = f"{path} cannot be made: {place} is not a folder that can be written"
        return Check(name, "fail", reason, f"Let {variable} name another place.")
    return _space(name, f"{path}, made when it is needed", place)


def _space(name: str, text: str, folder: Path) -> Check:
    free = shutil.disk_usage(folder).free
    text = f"{text}, {free / (1 << 30):,.1f} GB free"
    if free < LITTLE_SPACE:
        return Check(name, "warn", text, "Make room: a run that is paid for needs space for its outputs.")
    return Check(name, "ok", text)


# The way to Wiro


def _key() -> Check:
    try:
        credentials = Credentials.find()
    except ConfigurationError:
        advice = (
            "Set WIRO_API_KEY, and WIRO_API_SECRET if the project signs its calls; or try wiro-widgets demo."
        )
        return Check("key", "fail", "there is no API key", advice)
    return Check(
        "key", "ok", "there is a key, with a secret" if credentials.signs else "there is a key, no secret"
    )


def _certificates() -> Check:
    try:
        certificates = environment.find_certificates()
        environment.tls_context(certificates)
    except ConfigurationError as error:
        return Check("certificates", "fail", *str(error).split(". ", 1))
    return Check("certificates", "ok", f"those of {certificates.description}")


def _proxy(base_url: str, socket_url: str) -> Check:
    try:
        proxies = [environment.find_proxy(url) for url in (base_url, socket_url)]
    except ConfigurationError as error:
        return Check("proxy", "fail", *str(error).split(". ", 1))
    calls, sockets = (str(proxy) if proxy else "none" for proxy in proxies)
    return Check("proxy", "ok", calls if calls == sockets else f"calls: {calls}; sockets: {sockets}")


async def _network(base_url: str, socket_url: str) -> list[Check]:
    socket = asyncio.create_task(reason_not_open(socket_url, Timing(socket_open=SECONDS)))
    checks = await _calls(base_url)
    reason = await socket
    if reason is None:
        return [*checks, Check("sockets", "ok", f"{socket_url} is open")]
    advice = "Tasks are followed more slowly without it. Check WIRO_SOCKET_URL, the network and the proxy."
    return [*checks, Check("sockets", "warn", f"{socket_url}: {reason}", advice)]


async def _calls(base_url: str) -> list[Check]:
    """Return what becomes of a call without the key, of the clocks, and of a read with the key."""
    try:
        credentials = Credentials.find()
    except ConfigurationError:
        credentials = None
    http = Http(credentials or Credentials("none"), base_url, timeout=SECONDS, timing=Timing())
    try:
        error = await http.reach()
        if error is not None:
            return [Check("address", "fail", str(error), "Check WIRO_BASE_URL, the network and the proxy.")]
        checks = [Check("address", "ok", f"{base_url} answers"), _clock(http)]
        return checks if credentials is None else [*checks, await _account(http)]
    finally:
        await http.aclose()


async def _account(http: Http) -> Check:
    answer = await http.attempt(requests.tool_list(limit=1), SECONDS)
    if isinstance(answer, AuthenticationError):
        return Check("account", "fail", "Wiro refuses the key", str(answer))
    if isinstance(answer, WiroError):
        return Check("account", "fail", "the models cannot be read", str(answer))
    return Check("account", "ok", "Wiro takes the key, and lists its models")


def _clock(http: Http) -> Check:
    if http.clock_offset is None:
        return Check(
            "clock", "warn", "the server does not tell its time", "Check this machine's clock yourself."
        )
    seconds = http.clock_offset.total_seconds()
    if abs(seconds) <= MAX_SKEW:
        return Check("clock", "ok", "as Wiro's, within a few seconds" if abs(seconds) > 1 else "as Wiro's")
    way = "behind" if seconds > 0 else "ahead of"
    text = f"this machine's clock is {abs(seconds):,.0f} s {way} Wiro's"
    return Check("clock", "warn", text, "Set the clock: signatures and the search for lost runs need it.")
