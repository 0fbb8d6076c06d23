"""A PostgreSQL server on a loopback port of its own, to be killed, frozen, stopped and started again by tests."""

import atexit
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import psycopg
import pytest

PATIENCE = 60.0  # seconds, for a loaded machine
PASSWORD = "p%@ss/w:rd?#"  # every character that an address writes as a code
ENCODED_PASSWORD = "p%25%40ss%2Fw%3Ard%3F%23"
_FOLDER = "/tmp" if os.geteuid() == 0 else None  # noqa: S108 - where another account than root may look
_FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")


def folder_of_programs() -> Path | None:
    """Return the folder of `initdb` and `postgres`; None if there is none on this machine."""
    on_path = shutil.which("initdb")
    places = [Path(on_path).resolve().parent] if on_path else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next(
        (place for place in places if (place / "initdb").exists() and (place / "postgres").exists()), None
    )


def _account() -> str | None:
    """Return the user under whom the server runs: it refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@cache
def _template(programs: Path) -> Path:
    """Make the files of a new server, once for all tests of this process: it takes seconds."""
    folder = Path(tempfile.mkdtemp(prefix="wiro-postgres-template-", dir=_FOLDER))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    password = folder / "password"
    password.write_text(PASSWORD)
    if (account := _account()) is not None:
        shutil.chown(folder, account)
    password.chmod(0o644)
    command = [
        str(programs / "initdb"), "-D", str(folder / "data"), "--username=team", "--auth=scram-sha-256",
        f"--pwfile={password}", "--encoding=UTF8", "--locale=C", "--no-sync",
    ]  # fmt: skip
    subprocess.run(command, user=account, cwd=folder, check=True, capture_output=True)
    return folder / "data"


class PostgresServer:
    """A server in a folder of its own; `address` has a user with a password, `start` begins it again on its port."""

    def __init__(self, folder: Path, programs: Path, *, is_fast: bool) -> None:
        self.folder = folder
        self._programs = programs
        self._account = _account()
        self._settings = _FAST if is_fast else ()
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.data = folder / "data"
        subprocess.run(["/bin/cp", "-a", str(_template(programs)), str(self.data)], check=True)
        if self._account is not None:
            shutil.chown(folder, self._account)
        self.start()

    def address(self, database: str = "postgres") -> str:
        """Return the address of a database with user and password."""
        return f"postgresql://team:{ENCODED_PASSWORD}@127.0.0.1:{self.port}/{database}"

    def new_database(self, name: str, encoding: str = "UTF8") -> str:
        """Make a database and return its address."""
        with self.connect() as connection:
            connection.execute(f'CREATE DATABASE "{name}" ENCODING {encoding!r} TEMPLATE template0')
        return self.address(name)

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """Return a connection of the test's own."""
        return psycopg.connect(self.address(database), autocommit=True)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        deadline = time.monotonic() + PATIENCE
        while True:
            # Also one whose place is not free yet.
            if self._process is None or self._process.poll() is not None:
                self._process = self._begin()
            try:
                self.connect().close()
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, (self.folder / "log").read_text(errors="replace")[-2000:]
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """Stop the server as an administrator does: clients are cut off."""
        self._end(signal.SIGINT)

    def quit(self) -> None:
        """End the server at once, without bringing anything to the disk."""
        self._end(signal.SIGQUIT)

    def kill(self) -> None:
        """End the server's first process as a machine that loses power does; its children follow."""
        self._end(signal.SIGKILL)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Freeze all processes of the server, for two minutes at most: it takes bytes and answers nothing."""
        assert self._process is not None
        pids = [*self._children(), self._process.pid]

        def go_on() -> None:
            for pid in reversed(pids):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

        timer = threading.Timer(120.0, go_on)  # whoever waits for ever is not waited for
        timer.daemon = True
        timer.start()
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            timer.cancel()
            go_on()

    def _children(self) -> list[int]:
        assert self._process is not None
        with self.connect() as connection:
            rows = connection.execute("SELECT pid FROM pg_stat_activity").fetchall()
            own = connection.info.backend_pid
        return [int(str(pid)) for (pid,) in rows if pid != own]

    def _end(self, signal_number: int) -> None:
        if self._process is not None:
            self._process.send_signal(signal_number)
            self._process.wait(PATIENCE)

    def _begin(self) -> subprocess.Popen[bytes]:
        settings = [
            f"port={self.port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=120",
            *self._settings,
        ]  # fmt: skip
        options = [item for setting in settings for item in ("-c", setting)]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [str(self._programs / "postgres"), "-D", str(self.data), *options],
                user=self._account,
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


@contextmanager
def postgres_server(*, is_fast: bool = True) -> Iterator[PostgresServer]:
    """Start a server for some tests; skips them, and says why, on a machine without one."""
    programs = folder_of_programs()
    if programs is None:
        pytest.skip(
            "NO POSTGRESQL ON THIS MACHINE: apt-get install postgresql. The team's journal is not tested here."
        )
    with tempfile.TemporaryDirectory(
        prefix="wiro-postgres-", dir=_FOLDER, ignore_cleanup_errors=True
    ) as name:
        server = PostgresServer(Path(name), programs, is_fast=is_fast)
        try:
            yield server
        finally:
            server.quit()


def new_place(request: pytest.FixtureRequest, kind: str) -> Path | str:
    """Return where a new journal may be: a path in a folder that does not exist yet, or a database without tables."""
    if kind == "file":
        return Path(request.getfixturevalue("tmp_path")) / "data" / "journal.sqlite3"
    server: PostgresServer = request.getfixturevalue("shared_postgres")
    return server.new_database(uuid.uuid4().hex)
