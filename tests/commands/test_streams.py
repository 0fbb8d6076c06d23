"""Nothing that is printed can stop what is saved: encodings, closed streams, readers that leave or never read."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.commands.terminal import ROOT, SECONDS, Terminal
from tests.sandbox.raw import wait_for
from wiro_widgets.journal.journal import Journal
from wiro_widgets.sandbox import SandboxServer

FLUX = "tencent/hunyuan-flux-srpo"
THREE = ("-p", "width=64", "-p", "height=64", "-p", "steps=2", "-p", "samples=3")
TEXT = "a caf\N{LATIN SMALL LETTER E WITH ACUTE} \N{SNOWMAN} \N{FOX FACE}"
OUT = "art \N{SNOWMAN}"
ENCODINGS = {
    "cp1252": {"PYTHONIOENCODING": "cp1252"},
    "strict ascii": {"PYTHONIOENCODING": "ascii:strict"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "the C locale": {"LC_ALL": "C", "PYTHONIOENCODING": ""},
    "a POSIX locale": {"LC_ALL": "POSIX", "PYTHONIOENCODING": ""},
    "UTF-16": {"PYTHONIOENCODING": "utf-16"},
}
CLOSED = ("1>&-", "2>&-", "1>&- 2>&-", "1>/dev/full 2>/dev/full", "2>/dev/full")


@pytest.fixture(params=ENCODINGS)
def poor_terminal(request: pytest.FixtureRequest, terminal: Terminal) -> Terminal:
    """Lend a terminal whose encoding lacks what models answer."""
    terminal.env |= ENCODINGS[request.param]
    return terminal


@pytest.fixture
def full_pipe() -> Iterator[int]:
    """Lend the writing end of a pipe that is full and that nobody reads."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"x" * 512)
    except BlockingIOError:
        os.set_blocking(writer, True)
    yield writer
    os.close(writer)
    os.close(reader)


def _bytes(terminal: Terminal, *arguments: str) -> tuple[int, bytes, bytes]:
    result = subprocess.run(
        [sys.executable, "-m", "wiro_widgets.cli", *arguments],
        cwd=terminal.folder,
        env=_environment(terminal),
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    return result.returncode, result.stdout, result.stderr


def _environment(terminal: Terminal) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **terminal.env}


def _popen(terminal: Terminal, arguments: tuple[str, ...], **streams: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "wiro_widgets.cli", *arguments],
        cwd=terminal.folder,
        env=_environment(terminal),
        stdin=subprocess.DEVNULL,
        **streams,
    )


def _shell(terminal: Terminal, command: str) -> subprocess.CompletedProcess[bytes]:
    """Run the words after `wiro-widgets` as a shell reads them; the status is that of the command."""
    script = f"{sys.executable} -m wiro_widgets.cli {command}"
    return subprocess.run(
        ["/bin/bash", "-o", "pipefail", "-c", script],
        cwd=terminal.folder,
        env=_environment(terminal),
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )


def _pictures(folder: Path) -> int:
    return len(list(folder.glob("*.png")))


def test_pictures_in_a_poor_encoding(poor_terminal: Terminal) -> None:
    """All three pictures are saved and listed, whatever the encoding can write, and the status is 0."""
    status, out, err = _bytes(poor_terminal, "run", FLUX, "-p", f"prompt={TEXT}", *THREE, "--out", OUT)
    assert (status, _pictures(poor_terminal.folder / OUT)) == (0, 3)
    assert b"Traceback" not in err
    assert len(out.split()) >= 3


def test_a_text_in_a_poor_encoding(poor_terminal: Terminal) -> None:
    """An answer is printed, with escapes for the characters that the encoding lacks."""
    status, out, err = _bytes(poor_terminal, "run", "wiro/sandbox-chat", "-p", f"prompt={TEXT}")
    assert status == 0
    assert b"Traceback" not in err
    encoding = poor_terminal.env["PYTHONIOENCODING"].partition(":")[0] or "utf-8"
    text = out.decode(encoding)
    assert "\N{SNOWMAN}" in text or "\\u2603" in text


def test_the_history_in_a_poor_encoding(poor_terminal: Terminal) -> None:
    """`history` lists every run, and errors come as one sentence."""
    for _ in range(2):
        assert _bytes(poor_terminal, "run", "wiro/sandbox-chat", "-p", f"prompt={TEXT}")[0] == 0
    status, out, err = _bytes(poor_terminal, "history")
    assert (status, err) == (0, b"")
    assert out.count(b"succeeded") == 2 or out.decode("utf-16").count("succeeded") == 2
    status, _, err = _bytes(poor_terminal, "run", FLUX, "-p", f"{TEXT}=x", "-p", "prompt=x")
    assert (status, b"Traceback" in err) == (1, False)


@pytest.mark.skipif(os.name == "nt", reason="names of files are bytes on POSIX only")
def test_a_folder_whose_name_is_no_text(terminal: Terminal) -> None:
    """The path that is printed is the one on the disk, byte for byte."""
    folder = os.fsencode(terminal.folder) + b"/art-\xff"
    arguments = ("run", FLUX, "-p", "prompt=x", *THREE, "--out", os.fsdecode(b"art-\xff"))
    status, out, _ = _bytes(terminal, *arguments)
    assert status == 0
    assert [os.path.dirname(path) for path in out.splitlines()] == [b"art-\xff"] * 3  # noqa: PTH120 - bytes
    assert len(os.listdir(folder)) == 3  # noqa: PTH208 - the same


@pytest.mark.parametrize("redirection", CLOSED)
def test_streams_that_cannot_be_written(terminal: Terminal, redirection: str) -> None:
    """Closed streams and a full disk behind them stop nothing; only a result that is lost on stdout is an error."""
    result = _shell(terminal, f"run {FLUX} -p prompt=x {' '.join(THREE)} --out art {redirection}")
    assert _pictures(terminal.folder / "art") == 3
    assert result.returncode == ("1>/dev/full" in redirection)
    assert b"Traceback" not in result.stderr
    assert b"Exception ignored" not in result.stderr
    if "2>" in redirection and "1>" not in redirection:
        assert len(result.stdout.splitlines()) == 3  # the progress does not come on stdout instead
    with Journal.open(terminal.env["WIRO_JOURNAL"]) as journal:
        [record] = journal.records(terminal.env["WIRO_BASE_URL"])
    assert record.outcome == "succeeded"


def test_a_result_that_is_lost_is_an_error(terminal: Terminal) -> None:
    """A full disk behind stdout is said on stderr, after everything is saved."""
    result = _shell(terminal, f"run {FLUX} -p prompt=x {' '.join(THREE)} --out art > /dev/full")
    assert (result.returncode, _pictures(terminal.folder / "art")) == (1, 3)
    assert b"stdout cannot be written: No space left on device" in result.stderr
    assert b"Done" in result.stderr


@pytest.mark.parametrize("command", ["history", "sandbox --faults", "--help", "run --help", "--version"])
@pytest.mark.parametrize("redirection", ["| true", "2>&1 | true", "1>&- 2>&-"])
def test_a_reader_that_leaves(terminal: Terminal, command: str, redirection: str) -> None:
    """Every command ends well if nobody reads it."""
    result = _shell(terminal, f"{command} {redirection}")
    assert result.returncode == 0
    assert b"Traceback" not in result.stderr
    assert b"Exception ignored" not in result.stderr


def test_a_reader_that_left_hides_no_failure(terminal: Terminal, sandbox: SandboxServer) -> None:
    """The status says what could not be saved, also if stdout has no reader."""
    sandbox.faults = {"expire_urls": True}
    result = _shell(terminal, f"run {FLUX} -p prompt=x {' '.join(THREE)} --out art | true")
    assert result.returncode == 1


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_full_pipe(terminal: Terminal, full_pipe: int, stream: str) -> None:
    """A stream that nobody reads keeps no picture from being saved; Ctrl-C then ends the command."""
    arguments = ("run", FLUX, "-p", "prompt=x", *THREE, "--out", "art")
    other = {"stdout": "stderr", "stderr": "stdout"}[stream]
    process = _popen(terminal, arguments, **{stream: full_pipe, other: subprocess.DEVNULL})
    try:
        wait_for(lambda: _pictures(terminal.folder / "art") == 3, bool)
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) in (130, 0)
    finally:
        process.kill()
        process.wait()


def test_a_pipe_that_does_not_block(terminal: Terminal) -> None:
    """A pipe that the parent made non-blocking gets every line."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    process = _popen(terminal, ("sandbox", "--faults"), stdout=writer, stderr=subprocess.DEVNULL)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        assert len(pipe.read().splitlines()) > 10
    assert process.wait(SECONDS) == 0
