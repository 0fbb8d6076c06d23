"""`wiro-widgets` itself."""

import inspect
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from tests.commands.terminal import ROOT, Terminal
from wiro_widgets import __version__
from wiro_widgets.cli import INTERRUPTED, WRONG_CALL, main
from wiro_widgets.commands import console
from wiro_widgets.commands.parser import command_parser


def test_the_version(bare_terminal: Terminal) -> None:
    """`--version` prints the name and the version."""
    assert bare_terminal.run("--version") == (0, f"wiro-widgets {__version__}\n", "")


@pytest.mark.parametrize("arguments", [(), ("paint",), ("run",), ("sandbox", "--port", "many")])
def test_a_wrong_call(arguments: tuple[str, ...], bare_terminal: Terminal) -> None:
    """A command that does not exist, or lacks what it needs, exits with 2 and shows the usage on stderr."""
    status, out, err = bare_terminal.run(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith("usage: wiro-widgets")


def test_the_installed_script() -> None:
    """Installing the package puts `wiro-widgets` beside Python."""
    script = Path(sys.executable).with_name("wiro-widgets")
    result = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert result.stdout == f"wiro-widgets {__version__}\n"


def test_the_module() -> None:
    """`python -m wiro_widgets` is the same command line."""
    command = [sys.executable, "-m", "wiro_widgets", "--version"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout == f"wiro-widgets {__version__}\n"


def _commands() -> list[str]:
    (choices,) = [action.choices for action in command_parser()._actions if isinstance(action.choices, dict)]
    return list(choices)


def test_every_command_has_a_function() -> None:
    """What the parser names exists, and takes each option of the command."""
    (choices,) = [action.choices for action in command_parser()._actions if isinstance(action.choices, dict)]
    for parser in choices.values():
        module, function = parser.get_default("command")
        call = getattr(import_module(f"wiro_widgets.commands.{module}"), function)
        options = {action.dest for action in parser._actions} - {"help"}
        assert inspect.signature(call).parameters.keys() == options | {"as_json"}


def test_every_exit_code_stands_in_the_documents() -> None:
    """The table of exit codes has those that the commands return."""
    text = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    codes = re.findall(r"^\| (\d+) \|", text, re.MULTILINE)
    own = {0, console.FAILED, WRONG_CALL, console.GOES_ON, console.UNKNOWN, console.TRY_AGAIN, INTERRUPTED}
    assert list(map(int, codes)) == sorted(own)


def test_every_command_stands_in_the_documents() -> None:
    """The table of commands has each of them."""
    text = (ROOT / "docs/how-to/scripts.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)[^`]*` \|", text.partition("| Command |")[2], re.MULTILINE)
    assert set(_commands()) <= set(rows)


@pytest.mark.parametrize("command", _commands())
def test_each_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` names the command's own options."""
    with pytest.raises(SystemExit, match="0"):
        main([command, "--help"])
    assert f"usage: wiro-widgets {command}" in capsys.readouterr().out


def test_control_characters(terminal: Terminal) -> None:
    """Text from elsewhere cannot move the terminal's cursor: control characters are blanked, lines stay."""
    status, out, _ = terminal.run("run", "wiro/sandbox-chat", "-p", "prompt=a\x1b]0;owned\x07b\nc")
    assert status == 0
    assert "\x1b" not in out
    assert "a ]0;owned b c\n\nThis answer" in out
