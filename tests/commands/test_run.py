"""`wiro-widgets run`."""

import io
import signal
from pathlib import Path

import pytest
from PIL import Image

from tests.commands.terminal import Terminal
from tests.sandbox.raw import wait_for
from tests.sandbox_clients import account
from wiro_widgets import Client
from wiro_widgets.journal.journal import Journal
from wiro_widgets.render.run_words import DOT
from wiro_widgets.sandbox import SandboxServer

FLUX = "tencent/hunyuan-flux-srpo"
UPSCALE = "wiro/sandbox-upscale"
SMALL = ("-p", "width=64", "-p", "height=64", "-p", "steps=2")


def _size(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


def _refused(terminal: Terminal, *arguments: str, expected: int = 1, stdin: bytes = b"") -> str:
    """Run what cannot work; return the one line that stderr has."""
    status, out, err = terminal.run("run", *arguments, stdin=stdin)
    assert (status, out) == (expected, "")
    assert err.count("\n") == 1
    assert err.startswith("wiro-widgets: ")
    return err


def _listeners(sandbox: SandboxServer) -> int:
    """Return how many sockets are registered for the tasks that have not ended."""
    assert sandbox._world is not None
    return sum(len(task.listeners) for task in sandbox._world.tasks.newest_first() if not task.finished)


def test_a_picture(terminal: Terminal, sandbox: SandboxServer) -> None:
    """The path of each output comes on stdout, the progress and the task's id on stderr."""
    sandbox.faults = {"stuck": "queue"}
    command = terminal.start("run", FLUX, "-p", "prompt=x", *SMALL, "-p", "samples=2", "--out", "art")
    wait_for(lambda: _listeners(sandbox), bool)
    assert command.line("Waiting for a worker", "stderr")
    sandbox.faults = None
    status, out, err = command.end()
    assert status == 0
    paths = [terminal.folder / line for line in out.splitlines()]
    assert len(paths) == 2
    assert {path.parent for path in paths} == {terminal.folder / "art"}
    assert [_size(path) for path in paths] == [(64, 64), (64, 64)]
    assert err.splitlines()[-1].startswith(f"Done{DOT}")
    assert err.count(f"Done{DOT}") == 1


def test_a_text(terminal: Terminal) -> None:
    """What a language model answers is printed on stdout."""
    status, out, _ = terminal.run("run", "wiro/sandbox-chat", "-p", "prompt=why is the sky blue?")
    assert status == 0
    assert "sky" in out


def test_a_file_as_input(terminal: Terminal, sandbox: SandboxServer) -> None:
    """`-p name=@path` sends the file."""
    Image.new("RGB", (48, 32), "teal").save(terminal.folder / "photo.png")
    status, out, _ = terminal.run("run", UPSCALE, "-p", "inputImage=@photo.png", "-p", "scale=3")
    assert status == 0
    assert _size(terminal.folder / out.strip()) == (144, 96)
    files = [item[:3] for request in sandbox.requests for item in request.files]
    assert ("inputImage", "photo.png", "image/png") in files


def test_a_value_may_hold_an_equals_sign(terminal: Terminal, sandbox: SandboxServer) -> None:
    """Only the first one parts the name from the value."""
    terminal.run("run", "wiro/sandbox-chat", "-p", "prompt=is 2+2=4?")
    assert ("prompt", "is 2+2=4?") in [field for request in sandbox.requests for field in request.fields]


def test_a_prompt_on_stdin(terminal: Terminal, sandbox: SandboxServer) -> None:
    """`-p prompt=-` takes the text on stdin, without the end of its last line."""
    text = "two lines,\nand caf\u00e9"
    status, _, _ = terminal.run("run", FLUX, "-p", "prompt=-", *SMALL, stdin=f"{text}\n".encode())
    assert status == 0
    assert ("prompt", text) in [field for request in sandbox.requests for field in request.fields]


def test_a_file_on_stdin(terminal: Terminal) -> None:
    """`-p name=@-` sends what comes on stdin as a file."""
    picture = io.BytesIO()
    Image.new("RGB", (20, 30), "teal").save(picture, "PNG")
    status, out, err = terminal.run("run", UPSCALE, "-p", "inputImage=@-", stdin=picture.getvalue())
    assert status == 0, err
    assert _size(terminal.folder / out.strip()) == (40, 60)


@pytest.mark.parametrize(
    ("arguments", "stdin", "words"),
    [
        (("-p", "prompt=-", "-p", "seed=-"), b"x", "seed: stdin is read already"),
        (("-p", "prompt=-"), b"\xff\xfe", "prompt: the text on stdin is no UTF-8"),
        (("-p", "prompt=-"), b"", "prompt: "),
    ],
)
def test_a_wrong_stdin(terminal: Terminal, arguments: tuple[str, ...], stdin: bytes, words: str) -> None:
    """What stdin does not give is said before anything is sent."""
    assert words in _refused(terminal, FLUX, *arguments, stdin=stdin)


def test_no_wait(terminal: Terminal, sandbox: SandboxServer) -> None:
    """`--no-wait` prints the id of the task once it is accepted, and leaves the task running."""
    sandbox.faults = {"stuck": "run"}
    status, out, err = terminal.run("run", FLUX, "-p", "prompt=x", *SMALL, "--no-wait")
    assert status == 0, err
    task_id = out.strip()
    assert err == f"Task {task_id} goes on; wiro-widgets watch {task_id} follows it.\n"
    (row,) = terminal.rows("status", task_id, status=3)
    assert (row["outcome"], row["prompt"]) == ("running", "x")
    assert terminal.run("stop", task_id)[0] == 0


def test_json(terminal: Terminal) -> None:
    """`--json` prints the record with the paths of what was saved, as one line; an error is one line as well."""
    (row,) = terminal.rows("run", FLUX, "-p", "prompt=x", *SMALL)
    assert (row["outcome"], row["prompt"], row["problems"]) == ("succeeded", "x", [])
    assert _size(terminal.folder / row["paths"][0]) == (64, 64)
    (row,) = terminal.rows("run", "wiro/sandbox-fail", "-p", "prompt=x", status=1)
    assert (row["outcome"], row["error_type"], row["exit_code"]) == ("failed", "TaskFailed", 1)
    assert "RuntimeError" in row["error"]
    (row,) = terminal.rows("run", FLUX, status=1)
    assert (row["error_type"], row["parameter"]) == ("InvalidParameter", "prompt")


def test_a_lost_reply(terminal: Terminal, sandbox: SandboxServer) -> None:
    """A run that may exist has a status of its own, so that no script sends it again."""
    sandbox.faults = {"lose_run_reply": 1, "server_error": {"Task/List": 99}}
    (row,) = terminal.rows("run", FLUX, "-p", "prompt=lost", *SMALL, status=4)
    assert (row["error_type"], bool(row["journal_id"])) == ("RunOutcomeUnknown", True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((FLUX, "-p", "prompt=x", "-p", "stepps=3"), "Did you mean 'steps'?"),
        ((FLUX, "-p", "prompt=x", "-p", "steps=many"), "steps: a whole number is needed, not 'many'"),
        ((FLUX, "-p", "prompt=x", "-p", "steps=300"), "steps: must be between 1 and 50, not 300"),
        ((FLUX, "-p", "prompt=x", "-p", "inputImage=@gone.png"), "inputImage: 'gone.png' cannot be opened"),
        ((FLUX, "-p", "prompt=x", "-p", "inputImage=@a", "-p", "inputImage=@b"), "takes up to 1 file"),
        ((FLUX, "-p", "prompt"), "NAME=VALUE is needed after -p"),
        ((FLUX,), "prompt: is required"),
        (("no-slash", "-p", "prompt=x"), '"owner/name" is needed'),
        (("tencent/nothing", "-p", "prompt=x"), "Check the spelling"),
    ],
)
def test_what_cannot_be_run(arguments: tuple[str, ...], words: str, terminal: Terminal) -> None:
    """A mistake is one sentence on stderr that names the field, and status 1."""
    assert words in _refused(terminal, *arguments)


def test_without_a_key(bare_terminal: Terminal) -> None:
    """The sentence says which variables to set."""
    assert "WIRO_API_KEY" in _refused(bare_terminal, FLUX, "-p", "prompt=x")


def test_a_wrong_key(terminal: Terminal) -> None:
    """Wiro's refusal comes with what to check, and without the key."""
    terminal.env["WIRO_API_KEY"] = "somebody-elses-key"
    message = _refused(terminal, FLUX, "-p", "prompt=x")
    assert "Check WIRO_API_KEY" in message
    assert "somebody-elses-key" not in message


def test_nobody_answers(terminal: Terminal) -> None:
    """A Wiro that cannot be reached is one sentence, after the tries that are safe."""
    terminal.env["WIRO_BASE_URL"] = "http://127.0.0.1:1/v1"
    message = _refused(terminal, FLUX, "-p", "prompt=x", expected=5)
    assert "127.0.0.1:1 cannot be reached (Connection refused)" in message
    assert len(message) < 140


def test_a_folder_that_is_a_file(terminal: Terminal, sandbox: SandboxServer) -> None:
    """`--out` is tried before anything is sent."""
    (terminal.folder / "art").write_text("")
    before = len(sandbox.requests)
    assert "--out 'art'" in _refused(terminal, FLUX, "-p", "prompt=x", "--out", "art")
    assert len(sandbox.requests) == before


def test_a_model_that_fails(terminal: Terminal) -> None:
    """Its stderr is shown as it comes, its exit code at the end, and the status is 1."""
    status, out, err = terminal.run("run", "wiro/sandbox-fail", "-p", "prompt=x")
    assert (status, out) == (1, "")
    assert "RuntimeError: this model always fails" in err
    assert err.splitlines()[-1].startswith("wiro-widgets: Task ")
    assert "with exit code 1" in err.splitlines()[-1]


def test_an_output_that_is_gone(terminal: Terminal, sandbox: SandboxServer) -> None:
    """An output that cannot be downloaded is said, and the status is 1."""
    sandbox.faults = {"expire_urls": True}
    status, out, err = terminal.run("run", FLUX, "-p", "prompt=x", *SMALL)
    assert (status, out) == (1, "")
    assert "Output 0.png of task" in err


def test_a_time_limit(terminal: Terminal, sandbox: SandboxServer) -> None:
    """`--timeout` ends the wait, not the task, and says how to find it again."""
    sandbox.faults = {"stuck": "run"}
    status, _, err = terminal.run("run", FLUX, "-p", "prompt=x", "--timeout", "0.3")
    last = err.splitlines()[-1]
    assert status == 3
    assert "goes on" in last
    with Client(sandbox.api_key, sandbox.api_secret, base_url=sandbox.base_url, journal=False) as client:
        client.attach(last.partition("`wiro-widgets watch ")[2].partition("`")[0]).stop()


def test_an_interrupt(tmp_path: Path) -> None:
    """Ctrl-C stops the remote task, says how to attach, and exits with 130."""
    with SandboxServer(speed=1) as slow:
        terminal = Terminal(tmp_path, **account(slow))
        command = terminal.start("run", FLUX, "-p", "prompt=x", "-p", "steps=50")
        command.line("Generating", "stderr")
        command.interrupt(signal.SIGINT)
        status, out, err = command.end()
        terminal.close()
        assert (status, out) == (130, "")
        assert "Traceback" not in err
        task_id = err.partition("client.attach('")[2].partition("'")[0]
        with Client(slow.api_key, slow.api_secret, base_url=slow.base_url, journal=False) as client:
            assert client.detail(task_id).status == "task_cancel"


def test_the_journal_has_it(terminal: Terminal) -> None:
    """A run of the terminal's stands in the journal."""
    terminal.run("run", FLUX, "-p", "prompt=for the record", *SMALL)
    journal = Journal.open(terminal.env["WIRO_JOURNAL"])
    [record] = journal.records(terminal.env["WIRO_BASE_URL"])
    journal.close()
    assert (record.prompt, record.outcome, record.output_count) == ("for the record", "succeeded", 1)
