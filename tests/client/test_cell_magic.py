"""`%%wiro`: the line, the body, what comes out, and short errors."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from PIL import Image
from traitlets.config import Config

from tests.sandbox_clients import FLUX
from wiro_widgets import Client, ModelSchema, Panel, Sandbox, TaskResult
from wiro_widgets.cell_magic import Call, fill, prompt_name, read_line
from wiro_widgets.protocol.errors import InvalidParameter

SMALL = "-p width=64 -p height=64 -p steps=2"


@pytest.fixture
def shell(sandbox_client: Client) -> Iterator[Any]:
    """Start an IPython with a client of the sandbox and the extension."""
    config = Config()
    config.HistoryManager.enabled = False
    shell: Any = InteractiveShell.instance(config=config)
    shell.user_ns["client"] = sandbox_client
    shell.run_cell("%load_ext wiro_widgets")
    yield shell
    InteractiveShell.clear_instance()


def _result(shell: Any, cell: str) -> Any:
    outcome = shell.run_cell(cell)
    outcome.raise_error()
    return outcome.result


def test_the_body_is_the_prompt(shell: Any) -> None:
    """The cell's value is the result, also in the variable that the line names."""
    result = _result(shell, f"%%wiro {FLUX} {SMALL} -> fox\na fox,\nin the snow\n")
    assert isinstance(result, TaskResult)
    assert result.record.prompt == "a fox,\nin the snow"
    assert result.record.parameters["steps"] == 2
    assert len(result.images) == 1
    assert shell.user_ns["fox"] is result


def test_values_in_quotes_and_files(shell: Any, tmp_path: Path) -> None:
    """Quotes hold a value together, @ sends a file, and variables stand for themselves, in the line and in the body."""
    path = tmp_path / "my photo.png"
    Image.new("RGB", (64, 64), "red").save(path)
    shell.user_ns.update(animal="fox", count=3, path=path)
    line = f"%%wiro {FLUX} {SMALL} -p seed={{count}} -p inputImage=@'{path}'"
    record = _result(shell, f"{line}\n{{count}} {{animal}}s, {{unknown}} and {{path}} {{a|b}}").record
    assert record.prompt == "3 foxs, {unknown} and {path} {a|b}"
    assert record.seed == 3
    assert record.parameters["inputImage"]["file"] == "my photo.png"


def test_a_panel(shell: Any, sandbox: Sandbox) -> None:
    """`--panel` fills a panel with the values and sends nothing."""
    panel = _result(shell, f"%%wiro {FLUX} --panel -p steps=3 -> panel\na lighthouse")
    assert isinstance(panel, Panel)
    assert (panel.values["prompt"], panel.values["steps"]) == ("a lighthouse", 3)
    assert shell.user_ns["panel"] is panel
    assert not any("/Run/" in request.path for request in sandbox.requests)
    panel.close()


def test_a_model_that_answers_in_words(shell: Any) -> None:
    """A language model's answer is in the result."""
    assert "hello" in _result(shell, "%%wiro wiro/sandbox-chat\nhello").text


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (f"%%wiro {FLUX} -p steps=300\nx", "steps: must be between 1 and 50"),
        (f"%%wiro {FLUX} -p prompt=a\nx", "prompt: is given twice"),
        (f"%%wiro {FLUX} -p steps\nx", "NAME=VALUE is needed after -p"),
        (f"%%wiro {FLUX}\n\n", "prompt: is required"),
        ("%%wiro nobody/none\nx", "there is no model nobody/none"),
        ("%%wiro wiro/sandbox-fail\nx", "failed with exit code 1"),
        ("%%wiro wiro/sandbox-upscale\nx", "takes no text"),
    ],
)
def test_errors_are_one_line(shell: Any, capsys: pytest.CaptureFixture[str], cell: str, words: str) -> None:
    """What is wrong is said without a traceback, and the cell has failed, so that "Run all" stops."""
    outcome = shell.run_cell(cell)
    streams = capsys.readouterr()
    assert isinstance(outcome.error_in_exec, UsageError)
    assert words in streams.err
    assert len(streams.err.splitlines()) == 1
    assert "Traceback" not in streams.out + streams.err


def test_without_a_client_the_environment_decides(shell: Any, sandbox_client: Client) -> None:
    """A closed client, and a variable that is none, are not used; without a key the error says what to do."""
    for other in (sandbox_client, "a text"):
        sandbox_client.close()
        shell.user_ns["client"] = other
        outcome = shell.run_cell(f"%%wiro {FLUX}\nx")
        assert "WIRO_API_KEY" in str(outcome.error_in_exec)


@pytest.mark.parametrize(
    ("line", "call"),
    [
        (FLUX, Call(FLUX)),
        (f"  {FLUX} -p a=1 -p 'b=x y' --panel ->p", Call(FLUX, ["a=1", "b=x y"], True, "p")),
        (rf"-p file=@C:\new\x.png {FLUX}", Call(FLUX, [r"file=@C:\new\x.png"])),
        (f"{FLUX} -p color=#fff", Call(FLUX, ["color=#fff"])),
        (f'{FLUX} -p say="it\'s" -p empty=', Call(FLUX, ["say=it's", "empty="])),
        (f"https://wiro.ai/models/{FLUX} -> é", Call(FLUX, name="é")),
    ],
)
def test_lines(line: str, call: Call) -> None:
    """A line is a model, values, `--panel` and a name, in any order; a backslash and a # are letters."""
    assert read_line(line) == call


@pytest.mark.parametrize("words", ["-p", "'x", "->", "-> if", "-> a.b", "x", "-q", "--panel=1"])
def test_lines_that_are_not_understood(words: str) -> None:
    """Each is refused with a sentence."""
    with pytest.raises(UsageError):
        read_line(f"{FLUX} {words}")
    with pytest.raises(UsageError, match="a model is needed"):
        read_line("-p a=1")


def test_braces() -> None:
    """Only a variable that is a text or a number is filled in."""
    variables = {"a": "A", "n": 1.5, "flag": True, "f": len, "A": "never"}
    assert (
        fill("{a} {n} {flag} {f} {b} {} {{a}} {a.x} {a!r}", variables)
        == "A 1.5 {flag} {f} {b} {} {A} {a.x} {a!r}"
    )


def test_which_parameter_the_body_is_for() -> None:
    """`prompt`, else the required text, else a text area."""

    def schema(*items: dict[str, Any]) -> ModelSchema:
        return ModelSchema.from_tool(
            {"slugowner": "a", "slugproject": "b", "parameters": [{"items": list(items)}]}
        )

    title, words = {"id": "title", "type": "text"}, {"id": "words", "type": "textarea"}
    assert prompt_name(schema(title, words)) == "words"
    assert prompt_name(schema({**title, "required": True}, words)) == "title"
    assert prompt_name(schema(title, words, {"id": "prompt", "type": "text"})) == "prompt"
    with pytest.raises(InvalidParameter, match="takes no text"):
        prompt_name(schema(title))


def test_the_package_needs_no_ipython() -> None:
    """The extension is the only part that imports IPython: tests/test_import.py holds the rest."""
    import wiro_widgets  # noqa: PLC0415 - what is looked at

    assert "load_ipython_extension" not in dir(wiro_widgets)
    assert callable(wiro_widgets.load_ipython_extension)
