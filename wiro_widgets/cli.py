"""The command line: `wiro-widgets demo | sandbox | run | map | history | stubs`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from wiro_widgets.commands import console
from wiro_widgets.protocol import __version__
from wiro_widgets.protocol.errors import WiroError
from wiro_widgets.protocol.redact import printable

INTERRUPTED = 130
WRONG_CALL = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status: 0, 1 after an error, 2 for a wrong call, 130 when interrupted."""
    console.prepare()
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except WiroError as error:
        console.err(printable(f"wiro-widgets: {error}"))
        return 1
    except KeyboardInterrupt as interrupt:
        if (
            console.is_stuck()
        ):  # a thread waits for the reader of stderr, and Python would wait for the thread
            os._exit(INTERRUPTED)
        for note in getattr(interrupt, "__notes__", []):
            console.err(note)
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wiro-widgets", description="Run Wiro's models, or a sandbox of Wiro on this machine."
    )
    parser.add_argument("--version", action="version", version=f"wiro-widgets {__version__}")
    parser.set_defaults(command=lambda _options: _help(parser))
    commands = parser.add_subparsers(metavar="command")
    _add_demo(commands)
    _add_sandbox(commands)
    _add_run(commands)
    _add_map(commands)
    _add_history(commands)
    _add_stubs(commands)
    return parser


def _help(parser: argparse.ArgumentParser) -> int:
    console.err(parser.format_help(), end="")
    return WRONG_CALL


def _add_demo(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("demo", help="start a sandbox and JupyterLab on the quickstart notebook")
    parser.add_argument("--no-browser", action="store_true", help="print the address and open nothing")
    parser.add_argument(
        "--port", type=int, default=8888, help="where JupyterLab listens, if it is free (8888)"
    )
    parser.set_defaults(command=_demo)


def _add_sandbox(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("sandbox", help="serve a Wiro on this machine until interrupted")
    parser.add_argument("--port", type=int, default=0, help="where to listen (any free port)")
    parser.add_argument("--workers", type=int, default=2, help="how many tasks run at once (2)")
    parser.add_argument("--speed", type=float, default=1.0, help="10 makes tasks ten times as fast (1)")
    parser.add_argument(
        "--fault", action="append", default=[], metavar="NAME=VALUE", help="a fault to simulate"
    )
    parser.add_argument(
        "--faults", action="store_true", help="list the faults that it can simulate, and exit"
    )
    parser.set_defaults(command=_sandbox)


def _add_run(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("run", help="run one task and save its outputs")
    parser.add_argument("model", help="owner/model")
    _add_parameters(parser, "a value; @PATH for a file")
    parser.add_argument("--out", default=".", help="the folder for the outputs (this one)")
    parser.add_argument("--timeout", type=float, default=None, help="seconds to wait for the result")
    parser.set_defaults(command=_run)


def _add_map(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "map", help="run a task for each row of a table and save outputs and results"
    )
    parser.add_argument("model", help="owner/model")
    parser.add_argument("table", help="a .csv, .tsv or .jsonl file; - for CSV on stdin")
    _add_parameters(parser, "a value of every row that has none of its own; @PATH for a file")
    parser.add_argument(
        "--column",
        dest="columns",
        action="append",
        default=[],
        metavar="NAME[=PARAMETER]",
        help="a column to use, and the parameter that it is (all columns that are parameters)",
    )
    parser.add_argument("--out", default=".", help="the folder for the outputs and results.csv (this one)")
    parser.add_argument("--confirm", type=int, metavar="ROWS", help="allow more than 10,000 rows")
    parser.set_defaults(command=_map)


def _add_parameters(parser: argparse.ArgumentParser, words: str) -> None:
    parser.add_argument(
        "-p", dest="parameters", action="append", default=[], metavar="NAME=VALUE", help=words
    )


def _add_history(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("history", help="list the runs in the journal")
    parser.add_argument("--csv", metavar="FILE", help="write them all to a CSV file instead")
    parser.add_argument("--limit", type=int, default=20, help="how many to list (20)")
    parser.set_defaults(command=_history)


def _add_stubs(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("stubs", help="write the types of models for editors and type checkers")
    parser.add_argument("models", nargs="+", metavar="model", help="owner/model")
    parser.add_argument("-o", dest="out", metavar="FILE", help="the Python module to write (stdout)")
    parser.set_defaults(command=_stubs)


def _demo(options: argparse.Namespace) -> int:
    from wiro_widgets.commands import demo  # noqa: PLC0415 - each command loads what it needs

    return demo.main(port=options.port, browser=not options.no_browser)


def _sandbox(options: argparse.Namespace) -> int:
    from wiro_widgets.commands import serve  # noqa: PLC0415 - the same

    if options.faults:
        return serve.list_faults()
    return serve.main(options.port, options.workers, options.speed, options.fault)


def _run(options: argparse.Namespace) -> int:
    from wiro_widgets.commands import run  # noqa: PLC0415 - the same

    return run.main(options.model, options.parameters, out=options.out, timeout=options.timeout)


def _map(options: argparse.Namespace) -> int:
    from wiro_widgets.commands import map_rows  # noqa: PLC0415 - the same

    return map_rows.main(
        options.model,
        options.table,
        parameters=options.parameters,
        columns=options.columns,
        out=options.out,
        confirm=options.confirm,
    )


def _history(options: argparse.Namespace) -> int:
    from wiro_widgets.commands import history_table  # noqa: PLC0415 - the same

    return history_table.main(csv=options.csv, limit=options.limit)


def _stubs(options: argparse.Namespace) -> int:
    from wiro_widgets.commands import stubs  # noqa: PLC0415 - the same

    return stubs.main(options.models, out=options.out)


if __name__ == "__main__":
    sys.exit(main())
