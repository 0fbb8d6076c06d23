"""`wiro-widgets` in a process of its own, as a terminal would start it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60.0  # after which a command that hangs is ended, so that its test fails


class Command:
    """A running command; ends at the latest after `SECONDS`."""

    def __init__(
        self, arguments: tuple[str, ...], folder: Path, env: Mapping[str, str], stdin: bytes = b""
    ) -> None:
        with tempfile.TemporaryFile() as source:
            source.write(stdin)
            source.seek(0)
            self.process = subprocess.Popen(
                [sys.executable, "-m", "wiro_widgets.cli", *arguments],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(ROOT), **env},
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        self._guard = threading.Timer(SECONDS, self.process.kill)
        self._guard.start()

    def line(self, words: str, stream: str = "stdout") -> str:
        """Read lines until one has these words, and return it."""
        source: IO[str] = getattr(self.process, stream)
        read = []
        for line in source:
            read.append(line)
            if words in line:
                return line.rstrip("\n")
        raise AssertionError(f"{words!r} never came on {stream}, only {read}")

    def interrupt(self, number: int = signal.SIGINT) -> None:
        """Send a signal: SIGINT to all of its process group, as a terminal does at Ctrl-C."""
        if number == signal.SIGINT:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)

    def end(self) -> tuple[int, str, str]:
        """Wait for the end; return the exit status, and what was not read of stdout and stderr."""
        out, err = self.process.communicate()
        return self.process.returncode, out, err

    def close(self) -> None:
        """End what is still running."""
        self._guard.cancel()
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.communicate(timeout=60)
        self._guard.join()
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


class Terminal:
    """A folder and an environment in which commands are started."""

    def __init__(self, folder: Path, **env: str) -> None:
        self.folder = folder
        self.env = {"WIRO_JOURNAL": str(folder / "journal.sqlite3"), **env}
        self._commands: list[Command] = []

    def start(self, *arguments: str, stdin: bytes = b"") -> Command:
        """Start a command and return at once."""
        command = Command(arguments, self.folder, self.env, stdin)
        self._commands.append(command)
        return command

    def run(self, *arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
        """Run a command to its end; return its exit status, stdout and stderr."""
        return self.start(*arguments, stdin=stdin).end()

    def rows(self, *arguments: str, status: int = 0) -> list[dict[str, Any]]:
        """Run a command that prints JSON, and return the objects; it must end with this status."""
        actual, out, err = self.run(*arguments, "--json")
        assert actual == status, err
        return [json.loads(line) for line in out.splitlines()]

    def close(self) -> None:
        """End every command that is still running."""
        for command in self._commands:
            command.close()


def descendants(pid: int) -> Iterator[int]:
    """Yield the processes below one (read from /proc)."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    for child, parent in parents.items():
        if parent == pid:
            yield child
            yield from descendants(child)
