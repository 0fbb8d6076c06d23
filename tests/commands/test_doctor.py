"""`wiro-widgets doctor`."""

import os
import shutil
import socket
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from importlib import metadata
from pathlib import Path

import pytest

from tests.commands.terminal import Terminal
from wiro_widgets import Sandbox
from wiro_widgets.commands import doctor
from wiro_widgets.protocol.credentials import Credentials
from wiro_widgets.protocol.timing import Timing
from wiro_widgets.transport.http import Http

NAMES = [
    "python",
    "packages",
    "notebook",
    "front end",
    "sandbox",
    "journal",
    "outputs",
    "certificates",
    "key",
    "proxy",
    "address",
    "clock",
    "account",
    "sockets",
]


@pytest.fixture
def patient(terminal: Terminal) -> Terminal:
    """Lend a terminal whose files lie in its own folder."""
    terminal.env["WIRO_OUTPUT_DIR"] = str(terminal.folder / "outputs")
    terminal.env |= dict.fromkeys(("SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "HTTP_PROXY"), "")
    return terminal


def diagnosis(terminal: Terminal, status: int) -> dict[str, dict[str, str]]:
    """Return the checks by their names."""
    return {row["name"]: row for row in terminal.rows("doctor", status=status)}


def test_all_is_well(patient: Terminal, sandbox: Sandbox) -> None:
    """Each check is a line; nothing that is paid is sent, nothing is left behind, and no secret is shown."""
    before = len(sandbox.requests)
    status, out, err = patient.run("doctor")
    assert status == 0, out
    assert [line[6:18].strip() for line in out.splitlines()] == NAMES
    assert {line[:6].strip() for line in out.splitlines()} == {"ok"}
    assert err == f"{len(NAMES)} ok, 0 warn, 0 fail\n"
    assert sandbox.api_key not in out
    assert sandbox.api_secret not in out
    paths = {request.path for request in sandbox.requests[before:]}
    assert paths == {"/v1", "/v1/Tool/List"}
    assert list(patient.folder.iterdir()) == []


def test_json(patient: Terminal) -> None:
    """A line is an object with the level, the text and the advice."""
    checks = diagnosis(patient, 0)
    assert list(checks) == NAMES
    assert all(
        check["level"] == "ok" and check["text"] and check["advice"] == "" for check in checks.values()
    )


def _no_key(terminal: Terminal) -> None:
    del terminal.env["WIRO_API_KEY"]


def _wrong_key(terminal: Terminal) -> None:
    terminal.env["WIRO_API_KEY"] = "somebody-elses-key"


def _nobody(terminal: Terminal) -> None:
    terminal.env["WIRO_BASE_URL"] = "http://127.0.0.1:1/v1"


def _bad_address(terminal: Terminal) -> None:
    terminal.env["WIRO_BASE_URL"] = "wiro.ai"


def _bad_certificates(terminal: Terminal) -> None:
    terminal.env["SSL_CERT_FILE"] = str(terminal.folder / "none.pem")


def _bad_proxy(terminal: Terminal) -> None:
    terminal.env |= {"HTTPS_PROXY": "gopher://me:p4ss@proxy:1", "WIRO_BASE_URL": "https://nowhere.invalid/v1"}


def _garbage_for_a_journal(terminal: Terminal) -> None:
    terminal.env["WIRO_JOURNAL"] = str(terminal.folder / "notes.txt")
    (terminal.folder / "notes.txt").write_text("not a journal")


def _journal_under_a_file(terminal: Terminal) -> None:
    (terminal.folder / "file").touch()
    terminal.env["WIRO_JOURNAL"] = str(terminal.folder / "file" / "journal.sqlite3")


def _outputs_that_are_a_file(terminal: Terminal) -> None:
    (terminal.folder / "outputs").touch()


@pytest.mark.parametrize(
    ("spoil", "name", "words"),
    [
        (_no_key, "key", "there is no API key"),
        (_wrong_key, "account", "Wiro refuses the key"),
        (_nobody, "address", "127.0.0.1:1 cannot be reached (Connection refused)"),
        (_bad_address, "address", "base_url must be an address"),
        (_bad_certificates, "certificates", "SSL_CERT_FILE names"),
        (_bad_proxy, "proxy", "HTTPS_PROXY names a proxy of the unknown kind"),
        (_garbage_for_a_journal, "journal", "it is no journal but another file"),
        (_journal_under_a_file, "journal", "cannot be made"),
        (_outputs_that_are_a_file, "outputs", "it is a file, not a folder"),
    ],
)
def test_what_fails(patient: Terminal, spoil: Callable[[Terminal], None], name: str, words: str) -> None:
    """The check says what is wrong and what to do, the others go on, and the status is 1."""
    spoil(patient)
    checks = diagnosis(patient, 1)
    assert checks[name]["level"] == "fail"
    assert words in checks[name]["text"]
    assert checks[name]["advice"]
    assert checks["python"]["level"] == "ok"
    text = str(checks)
    assert "p4ss" not in text
    assert "somebody-elses-key" not in text


def test_sockets_that_do_not_open(patient: Terminal) -> None:
    """A socket that is shut is a warning: tasks are followed without it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        patient.env["WIRO_SOCKET_URL"] = f"ws://127.0.0.1:{listener.getsockname()[1]}/v1"
        check = diagnosis(patient, 0)["sockets"]
    assert check["level"] == "warn"
    assert "cannot be reached (Connection refused)" in check["text"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_places_that_cannot_be_written(patient: Terminal) -> None:
    """A journal and a folder that are read-only fail."""
    patient.run("run", "wiro/sandbox-chat", "-p", "prompt=x")
    outputs = patient.folder / "outputs"
    outputs.mkdir(exist_ok=True)
    outputs.chmod(0o500)
    Path(patient.env["WIRO_JOURNAL"]).chmod(0o400)
    checks = diagnosis(patient, 1)
    outputs.chmod(0o700)
    assert (checks["journal"]["level"], checks["outputs"]["level"]) == ("fail", "fail")


def test_a_journal_that_is_locked(patient: Terminal) -> None:
    """A journal that another process holds is not writable now."""
    patient.run("run", "wiro/sandbox-chat", "-p", "prompt=x")
    connection = sqlite3.connect(patient.env["WIRO_JOURNAL"], isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    check = diagnosis(patient, 1)["journal"]
    connection.close()
    assert "another process has locked it" in check["text"]


def test_a_journal_with_runs(patient: Terminal) -> None:
    """It counts the runs, and changes none of them."""
    patient.run("run", "wiro/sandbox-chat", "-p", "prompt=x")
    before = patient.rows("history")
    assert ", 1 runs, readable and writable" in diagnosis(patient, 0)["journal"]["text"]
    assert patient.rows("history") == before


@pytest.mark.parametrize(
    ("seconds", "level", "words"),
    [(0.4, "ok", "as Wiro's"), (90, "warn", "90 s behind"), (-90, "warn", "90 s ahead of")],
)
def test_the_clock(seconds: float, level: str, words: str) -> None:
    """A clock that differs from Wiro's by half a minute is a warning."""
    http = Http(Credentials("key"), "http://127.0.0.1:1/v1", timeout=1, timing=Timing())
    http.clock_offset = timedelta(seconds=seconds)
    check = doctor._clock(http)
    assert (check.level, words in check.text) == (level, True)


def test_little_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Less than a gigabyte is a warning."""
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1 << 20))
    check = doctor._space("outputs", "here", tmp_path)
    assert (check.level, check.advice[:10]) == ("warn", "Make room:")


def test_packages_that_are_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """An old package is named with the version that is needed."""
    monkeypatch.setattr(doctor, "_version", lambda name: "9.5" if name == "pillow" else "99")
    check = doctor._packages()
    assert check.level == "fail"
    requirements = metadata.requires("wiro-widgets") or []
    (floor,) = [item.removeprefix("pillow>=") for item in requirements if item.startswith("pillow>=")]
    assert check.text == f"pillow is 9.5, and {floor} or newer is needed"


@pytest.mark.parametrize(
    ("address", "status", "level", "words"),
    [
        ("memory://team/pictures", 0, "ok", "which answers"),
        ("ftp://127.0.0.1:9/pictures", 0, "warn", "cannot be asked"),
    ],
)
def test_outputs_elsewhere(patient: Terminal, address: str, status: int, level: str, words: str) -> None:
    """An output folder at an address is asked for; nothing is written there."""
    pytest.importorskip("fsspec")
    patient.env["WIRO_OUTPUT_DIR"] = address
    check = diagnosis(patient, status)["outputs"]
    assert (check["level"], words in str(check)) == (level, True)
