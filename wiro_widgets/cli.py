"""The command line, `wiro-widgets` or `python -m wiro_widgets`: reads a command, runs it, and says how it ended."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from wiro_widgets.commands import console
from wiro_widgets.commands.parser import command_parser
from wiro_widgets.protocol.errors import WiroError

INTERRUPTED = 130
WRONG_CALL = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status, as docs/reference/settings.md lists them."""
    console.prepare()
    parser = command_parser()
    options = vars(parser.parse_args(arguments))
    command = options.pop("command")
    if command is None:
        console.err(parser.format_help(), end="")
        return WRONG_CALL
    module, function = command  # each command loads what it needs
    try:
        return int(getattr(import_module(f"wiro_widgets.commands.{module}"), function)(**options))
    except WiroError as error:
        return console.fail(error, as_json=options["as_json"])
    except KeyboardInterrupt as interrupt:
        # A thread waits for the reader of stderr, and Python would wait for the thread.
        if console.is_stuck():
            os._exit(INTERRUPTED)
        for note in getattr(interrupt, "__notes__", []):
            console.err(note)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
