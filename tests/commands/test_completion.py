"""`wiro-widgets completion`."""

import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.commands.terminal import Terminal
from wiro_widgets.commands.parser import SHELLS

needs_shtab = pytest.mark.skipif(find_spec("shtab") is None, reason="needs shtab")


@pytest.mark.skipif(find_spec("shtab") is not None, reason="shtab is installed")
def test_without_shtab(bare_terminal: Terminal) -> None:
    """The sentence says what to install."""
    status, out, err = bare_terminal.run("completion", "bash")
    assert (status, out) == (1, "")
    assert 'pip install "wiro-widgets[completion]"' in err


@needs_shtab
@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell(bare_terminal: Terminal, shell: str) -> None:
    """The script names the commands and their options."""
    status, out, err = bare_terminal.run("completion", shell)
    assert (status, err) == (0, "")
    assert all(word in out for word in ("wiro-widgets", "doctor", "recover", "no-wait"))


@needs_shtab
@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    ("words", "completions"),
    [
        (("wiro-widgets", "re"), {"recover"}),
        (("wiro-widgets", "run", "--no"), {"--no-wait"}),
        (("wiro-widgets", "completion", "z"), {"zsh"}),
        (("wiro-widgets", "run", "owner/model", "--out", "pic"), {"pictures"}),
    ],
)
def test_bash_completes(bare_terminal: Terminal, words: tuple[str, ...], completions: set[str]) -> None:
    """Bash itself offers the words that the script knows."""
    script: Path = bare_terminal.folder / "completion.bash"
    script.write_text(bare_terminal.run("completion", "bash")[1])
    (bare_terminal.folder / "pictures").mkdir()
    (bare_terminal.folder / "picture.png").touch()
    ask = (
        'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
        '_shtab_wiro_widgets wiro-widgets "${COMP_WORDS[COMP_CWORD]}"; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    command = ["bash", "-c", ask, "bash", str(script), *words]
    result = subprocess.run(
        command, cwd=bare_terminal.folder, capture_output=True, text=True, check=True, timeout=30
    )
    assert {line.strip().rstrip("/") for line in result.stdout.split()} == completions
