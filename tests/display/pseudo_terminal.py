"""A Python program in a terminal of its own: its stderr is a pty, its stdout a pipe."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60.0


def run(program: str, *, columns: int = 80, env: Mapping[str, str]) -> tuple[str, str]:
    """Run it to its end; return what it wrote to the terminal, and to stdout."""
    main, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", **env}
    for name in ("COLUMNS", "LINES"):
        variables.pop(name, None)
    command = [sys.executable, "-c", program]
    with subprocess.Popen(
        command, stdin=end, stdout=subprocess.PIPE, stderr=end, env=variables, text=True
    ) as process:
        os.close(end)
        guard = threading.Timer(SECONDS, process.kill)
        guard.start()
        pieces = []
        while True:
            try:
                piece = os.read(main, 65536)
            except OSError:  # Linux, once the program has ended
                break
            if not piece:
                break
            pieces.append(piece)
        assert process.stdout is not None
        out = process.stdout.read()
        guard.cancel()
    os.close(main)
    return b"".join(pieces).decode("utf-8", "replace"), out


def screen(output: str) -> list[str]:
    """Return the lines that the terminal shows in the end, without those that were rewritten."""
    lines = []
    for line in output.replace("\r\n", "\n").split("\n"):
        text = ""
        for part in line.split("\r"):
            head, erase, tail = part.partition("\x1b[K")
            text = head + ("" if erase else text[len(head) :]) + tail
        lines.append(text)
    while lines and not lines[-1]:
        lines.pop()
    return lines
