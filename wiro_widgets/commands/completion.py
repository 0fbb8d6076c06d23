"""`wiro-widgets completion`: a script that completes commands, options and files in a shell."""

from __future__ import annotations

import argparse
from typing import Any

from wiro_widgets.commands import console
from wiro_widgets.commands.parser import command_parser
from wiro_widgets.protocol.errors import ConfigurationError

_FILES = ("table", "csv")
_FILES_TO_WRITE = "-o"
_FOLDERS = "--out"


def main(shell: str, *, as_json: bool) -> int:  # noqa: ARG001 - every command has `as_json`
    """Print the script for the shell."""
    try:
        import shtab  # noqa: PLC0415 - an extra
    except ImportError:
        raise ConfigurationError(
            'Completion needs one more package: pip install "wiro-widgets[completion]"'
        ) from None
    parser = command_parser()
    _name_files(parser, shtab.FILE, shtab.DIRECTORY)
    return 0 if console.out(shtab.complete(parser, shell).rstrip("\n")) else console.FAILED


def _name_files(parser: argparse.ArgumentParser, file: Any, folder: Any) -> None:
    """Say which options and arguments are files and folders, as shtab reads it."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no public way, and shtab reads the same
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - the same
            for command in action.choices.values():
                _name_files(command, file, folder)
        elif _FOLDERS in action.option_strings:
            action.complete = folder  # type: ignore[attr-defined]  # shtab's
        elif action.dest in _FILES or _FILES_TO_WRITE in action.option_strings:
            action.complete = file  # type: ignore[attr-defined]  # the same
