"""A wait in a terminal shows one line on stderr, rewritten while it lasts; elsewhere nothing."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from tests.display.pseudo_terminal import run, screen
from tests.sandbox_clients import FLUX, environment
from wiro_widgets import Client, InvalidParameter, Sandbox
from wiro_widgets.display import terminal_line
from wiro_widgets.display.terminal_line import TerminalLine
from wiro_widgets.render.progress_line import ProgressLine
from wiro_widgets.render.run_words import DOT

PROGRAM = f"""
import wiro_widgets as wiro
client = wiro.Client(journal=False, output_dir=OUT)
MODEL, VALUES = {FLUX!r}, dict(prompt="x", width=64, height=64, steps=12)
"""
GENERATE = "print(client.generate(MODEL, **VALUES))"


@pytest.fixture
def slow() -> Sandbox:
    """Return a sandbox whose runs take about a second."""
    return Sandbox(speed=5, workers=4)


def _run(sandbox: Sandbox, code: str, folder: object, **settings: object) -> tuple[str, str]:
    program = PROGRAM.replace("OUT", repr(str(folder))) + code
    columns = int(str(settings.pop("columns", 80)))
    env = {name: str(value) for name, value in settings.items()}
    with sandbox:
        return run(program, columns=columns, env={**environment(sandbox), **env})


def test_generate(slow: Sandbox, tmp_path: object) -> None:
    """It shows stage, step, bar and time left in one line, and leaves a short one with time, cost and task."""
    stderr, out = _run(slow, GENERATE, tmp_path)
    assert f"Generating{DOT}step" in stderr
    assert "\N{FULL BLOCK}" in stderr
    assert " s left" in stderr
    [last] = screen(stderr)
    assert last.startswith(f"Done{DOT}")
    assert "$" in last
    assert "task " in last
    assert out.startswith("<Images: 1 picture of ")


@pytest.mark.parametrize(
    ("code", "settings"),
    [
        ("client.generate(MODEL, progress='transient', **VALUES)", {}),
        ("client.generate(MODEL, progress=False, **VALUES)", {}),
        ("client.generate(MODEL, **VALUES)", {"WIRO_PROGRESS": "0"}),
        ("client.run(MODEL, **VALUES).wait(progress='transient')", {}),
        ("client.sweep(MODEL, VALUES, seed=[1, 2]).wait(progress='transient')", {}),
        ("list(client.run(MODEL, **VALUES).events())", {}),
    ],
)
def test_what_leaves_nothing(slow: Sandbox, code: str, settings: dict[str, str], tmp_path: object) -> None:
    """A transient line disappears, and no other wait than those that say so shows one."""
    stderr, _ = _run(slow, code, tmp_path, **settings)
    assert screen(stderr) == []
    assert bool(stderr) == ("transient" in code)


def test_a_sweep(slow: Sandbox, tmp_path: object) -> None:
    """Its line counts the cells, and the last one has what was spent."""
    stderr, _ = _run(slow, "client.sweep(MODEL, VALUES, seed=[1, 2, 3]).wait()", tmp_path)
    assert "3 cells: 3 running" in stderr
    [last] = screen(stderr)
    assert last.startswith("3 cells: 3 succeeded; $")


def test_waits_at_once_share_the_line(slow: Sandbox, tmp_path: object) -> None:
    """Of several waits the first is shown, and the others are counted; each leaves its own line."""
    code = (
        "import threading\n"
        "tasks = [client.run(MODEL, **VALUES) for _ in range(3)]\n"
        "threads = [threading.Thread(target=task.wait) for task in tasks]\n"
        "[thread.start() for thread in threads]\n"
        "[thread.join() for thread in threads]\n"
    )
    stderr, _ = _run(slow, code, tmp_path)
    assert "(+2)" in stderr
    assert [line.partition(" ")[0] for line in screen(stderr)] == ["Done"] * 3


def test_an_answer_grows(tmp_path: object) -> None:
    """A language model's last words stand in the line while it writes."""
    code = "client.run('wiro/sandbox-chat', prompt='why is the sky blue?').wait()"
    stderr, _ = _run(Sandbox(speed=1), code, tmp_path, columns=120)
    assert f"Writing{DOT}" in stderr
    assert "sandbox" in stderr
    assert len(screen(stderr)) == 1


def test_a_narrow_terminal(slow: Sandbox, tmp_path: object) -> None:
    """No line is as wide as the terminal, which would go on in the next one."""
    stderr, _ = _run(slow, GENERATE, tmp_path, columns=24)
    pieces = stderr.replace("\x1b[K", "").replace("\n", "\r").split("\r")
    assert 0 < max(map(len, pieces)) < 24


def test_an_interrupt(slow: Sandbox, tmp_path: object) -> None:
    """The last line says what becomes of the task, and how to find it again."""
    code = (
        "import os, signal, threading\n"
        "task = client.run(MODEL, VALUES | dict(steps=50))\n"
        "threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "try:\n"
        "    task.wait(on_interrupt='detach')\n"
        "except KeyboardInterrupt:\n"
        "    print(task.id)\n"
        "try:\n"
        "    task.wait(0.01)\n"
        "except TimeoutError: pass\n"
        "task.stop()\n"
    )
    stderr, out = _run(slow, code, tmp_path, columns=120)
    task_id = out.strip()
    interrupted, late = screen(stderr)
    assert interrupted == f"Task {task_id} goes on; client.attach('{task_id}') finds it again."
    assert late == interrupted


def test_no_terminal_shows_nothing(sandbox: Sandbox, tmp_path: object) -> None:
    """A program whose output goes into a file writes no line, unless it is asked to: then plain ones."""
    outputs = []
    for call in ("generate(MODEL, **VALUES)", "generate(MODEL, progress=True, **VALUES)"):
        program = PROGRAM.replace("OUT", repr(str(tmp_path))) + f"client.{call}"
        command = [sys.executable, "-c", program]
        done = subprocess.run(
            command, env=environment(sandbox), capture_output=True, text=True, timeout=60, check=True
        )
        outputs.append(done.stderr)
    assert outputs[0] == ""
    lines = outputs[1].splitlines()
    assert lines[0].startswith("Submitting")
    assert lines[-1].startswith("Done")
    assert "\r" not in outputs[1]
    assert "\x1b" not in outputs[1]


def test_another_word_is_refused(sandbox_client: Client) -> None:
    """A progress that means nothing is an error before anything is sent."""
    with pytest.raises(InvalidParameter, match='"transient"'):
        sandbox_client.generate(FLUX, prompt="x", progress="loud")  # type: ignore[arg-type]
    assert len(sandbox_client.history) == 0


def test_lines_above_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said meanwhile stands above, without characters that control the terminal."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    line, content = TerminalLine(), lambda: ProgressLine("Generating")
    line.begin(content)
    line.say("loading\x1b[2J", "weights")
    line.end(content, ProgressLine("Done"))
    assert screen(stream.getvalue()) == ["loading [2J", "weights", "Done"]


@pytest.mark.parametrize("stream", [None, "closed"])
def test_without_a_stderr(stream: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program without a console, or with a closed one, goes on."""
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", None if stream is None else closed)
    assert not terminal_line.is_terminal()
    line, content = TerminalLine(), lambda: ProgressLine("Generating")
    line.begin(content)
    line.end(content, ProgressLine("Done"))


def test_a_command_in_a_terminal(slow: Sandbox, tmp_path: Path) -> None:
    """`wiro-widgets run` shows the same line, with what the model says above it; an interrupt is said once."""
    code = (
        "from wiro_widgets.cli import main\n"
        "import os, signal, threading\n"
        f"run = ['run', MODEL, '-p', 'prompt=x', '-p', 'width=64', '-p', 'height=64', '--out', {str(tmp_path)!r}]\n"
        "print(main([*run, '-p', 'steps=12']))\n"
        "threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "print(main([*run, '-p', 'steps=50']))\n"
    )
    stderr, out = _run(slow, code, tmp_path, columns=100, WIRO_JOURNAL=tmp_path / "journal.sqlite3")
    assert f"Generating{DOT}step" in stderr
    lines = screen(stderr)
    ends = [number for number, line in enumerate(lines) if line.startswith(("Done", "Task "))]
    assert len(ends) == 2
    assert any(line.startswith("Loading") for line in lines[: ends[0]])
    assert lines[ends[0]].startswith(f"Done{DOT}")
    assert ends[1] == len(lines) - 1
    assert "task " in lines[-1].lower()
    assert [line for line in out.splitlines() if line.isdigit()] == ["0", "130"]
