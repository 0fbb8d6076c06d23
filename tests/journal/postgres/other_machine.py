"""A process on another machine of the team, which does with its journal what a test says; and a line to be cut."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

PROGRAM = """
import json, platform, sys
platform.node = lambda: "another-machine"
from wiro_widgets.journal.journal import Journal
from wiro_widgets.journal.process import is_abandoned, is_attended
from wiro_widgets.protocol.record import TaskRecord
journal = Journal.open(sys.argv[1])
for line in sys.stdin:
    try:
        answer = eval(line)
    except Exception as error:
        answer = f"{type(error).__name__}: {error}"
    print(json.dumps(answer, default=repr), flush=True)
"""
SERVER = "https://api.wiro.ai/v1"


class OtherMachine:
    """Its `journal` is the name of the journal in the expressions that it evaluates."""

    def __init__(self, place: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", PROGRAM, place],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def say(self, expression: str) -> Any:
        """Return what an expression gives there, or the error as text."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{expression}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def claim(self, run_id: str, content: str = "k") -> Any:
        """Claim a run there."""
        return self.say(
            f"journal.claim({run_id!r}, {SERVER!r}, 'a/b', {{}}, content={content!r}, cell=0, "
            "conflicts=lambda row: not is_abandoned(row))"
        )

    def kill(self) -> None:
        """End it as a machine that loses power does."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End it."""
        self.kill()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, condition
        time.sleep(0.05)


class Line:
    """A line to the server through a port of its own; once it is set to cut, it swallows the reply to a commit."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.cuts = 0  # commits whose reply is still to be swallowed
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self._target))
                except OSError:
                    client.close()
                    continue
                is_cut = threading.Event()
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(
                        target=self._pass_on, args=(source, sink, is_cut, source is client), daemon=True
                    ).start()

    def _pass_on(
        self, source: socket.socket, sink: socket.socket, is_cut: threading.Event, to_server: bool
    ) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if to_server and self.cuts > 0 and b"COMMIT" in data:
                    self.cuts -= 1
                    is_cut.set()
                elif not to_server and is_cut.is_set():
                    break
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextmanager
def other_machine(place: str) -> Iterator[OtherMachine]:
    """Lend a process on another machine."""
    machine = OtherMachine(place)
    try:
        yield machine
    finally:
        machine.close()
