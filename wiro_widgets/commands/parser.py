"""The commands of `wiro-widgets` and their options; each names the function that runs it with them."""

from __future__ import annotations

import argparse
from typing import Any

from wiro_widgets.protocol import __version__

Commands = Any  # argparse has no public type for what `add_subparsers` returns
SHELLS = ("bash", "zsh", "tcsh")


def command_parser() -> argparse.ArgumentParser:
    """Return the parser; `command` is a module of this folder and its function, None if no command was given."""
    parser = argparse.ArgumentParser(
        prog="wiro-widgets", description="Run Wiro's models, or a sandbox of Wiro on this machine."
    )
    parser.add_argument("--version", action="version", version=f"wiro-widgets {__version__}")
    parser.set_defaults(command=None, as_json=False)
    commands = parser.add_subparsers(metavar="command")
    _add_run(commands)
    _add_map(commands)
    _add_tasks(commands)
    _add_catalogue(commands)
    _add_history(commands)
    _add_demo(commands)
    _add_sandbox(commands)
    _add_doctor(commands)
    _add_completion(commands)
    return parser


def _add(
    commands: Commands, name: str, module: str, words: str, *, function: str = "main", has_json: bool = True
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=words, description=words)
    parser.set_defaults(command=(module, function))
    if has_json:
        parser.add_argument(
            "--json", dest="as_json", action="store_true", help="print JSON objects, one a line"
        )
    return parser


# Runs


def _add_run(commands: Commands) -> None:
    parser = _add(commands, "run", "run", "run one task and save its outputs")
    _add_model(parser)
    _add_parameters(parser, "a value; @PATH for a file, - for text on stdin, @- for a file on stdin")
    _add_out(parser, "the folder for the outputs (this one)")
    _add_budget(parser)
    waits = parser.add_mutually_exclusive_group()
    waits.add_argument("--timeout", type=float, metavar="SECONDS", help="how long to wait for the result")
    waits.add_argument(
        "--no-wait", action="store_true", help="print the id of the task once it is accepted, and leave it"
    )


def _add_map(commands: Commands) -> None:
    parser = _add(
        commands, "map", "map_rows", "run a task for each row of a table and save outputs and results"
    )
    _add_model(parser)
    parser.add_argument("table", help="a .csv, .tsv or .jsonl file; - for CSV on stdin")
    _add_parameters(parser, "a value of every row that has none of its own; @PATH for a file, - for stdin")
    parser.add_argument(
        "--column",
        dest="columns",
        action="append",
        default=[],
        metavar="NAME[=PARAMETER]",
        help="a column to use, and the parameter that it is (all columns that are parameters)",
    )
    _add_out(parser, "the folder for the outputs and results.csv (this one)")
    _add_budget(parser)
    parser.add_argument("--confirm", type=int, metavar="ROWS", help="allow more than 10,000 rows")


def _add_tasks(commands: Commands) -> None:
    status = _add(commands, "status", "tasks", "print how tasks stand", function="status")
    status.add_argument(
        "task_ids", nargs="*", metavar="task", help="its id (those that the journal has open)"
    )
    watch = _add(
        commands, "watch", "tasks", "follow a task to its end and save its outputs", function="watch"
    )
    watch.add_argument("task_id", metavar="task", help="its id")
    _add_out(watch, "the folder for the outputs (this one)")
    _add_timeout(watch)
    stop = _add(commands, "stop", "tasks", "stop tasks that wait or run", function="stop")
    stop.add_argument("task_ids", nargs="+", metavar="task", help="its id")
    recover = _add(
        commands,
        "recover",
        "tasks",
        "pick up every run that was cut off, and its outputs",
        function="recover",
    )
    recover.add_argument("--out", metavar="FOLDER", help="copy the outputs there as well")
    _add_timeout(recover)


def _add_timeout(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="how long to wait for a result")


def _add_budget(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--budget", type=float, metavar="USD", help="send no run that could cost more than is left"
    )


def _add_out(parser: argparse.ArgumentParser, words: str) -> None:
    parser.add_argument("--out", default=".", metavar="FOLDER", help=words)


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="owner/model")


def _add_parameters(parser: argparse.ArgumentParser, words: str) -> None:
    parser.add_argument(
        "-p", dest="parameters", action="append", default=[], metavar="NAME=VALUE", help=words
    )


# Models and history


def _add_catalogue(commands: Commands) -> None:
    models = _add(commands, "models", "models_list", "search the models")
    models.add_argument("search", nargs="?", default="", help="words to look for (all models)")
    models.add_argument(
        "--category", dest="categories", action="append", default=[], metavar="NAME", help="one of theirs"
    )
    models.add_argument("--limit", type=int, default=20, help="how many to list (20)")
    info = _add(commands, "info", "models_list", "print what a model takes and costs", function="info")
    _add_model(info)
    stubs = _add(commands, "stubs", "stubs", "write the types of models for editors and type checkers")
    stubs.add_argument("models", nargs="+", metavar="model", help="owner/model")
    stubs.add_argument("-o", dest="out", metavar="FILE", help="the Python module to write (stdout)")


def _add_history(commands: Commands) -> None:
    parser = _add(commands, "history", "history_table", "list the runs in the journal")
    parser.add_argument("--csv", metavar="FILE", help="write them all to a CSV file instead")
    parser.add_argument("--limit", type=int, default=20, help="how many to list (20)")
    sync = _add(
        commands,
        "sync",
        "history_table",
        "take the runs that Wiro lists into the journal, with their costs",
        function="sync",
    )
    sync.add_argument("--since", metavar="TIME", help="a day or a time, as 2026-11-01 (all runs)")


# This machine


def _add_demo(commands: Commands) -> None:
    demo = _add(commands, "demo", "demo", "start a sandbox and JupyterLab on the quickstart notebook")
    gallery = _add(
        commands, "gallery", "demo", "start JupyterLab on the gallery of your runs", function="gallery"
    )
    for parser in (demo, gallery):
        parser.add_argument(
            "--no-browser", dest="browser", action="store_false", help="print the address and open nothing"
        )
        parser.add_argument(
            "--port", type=int, default=8888, help="where JupyterLab listens, if it is free (8888)"
        )


def _add_sandbox(commands: Commands) -> None:
    parser = _add(commands, "sandbox", "serve", "serve a Wiro on this machine until interrupted")
    parser.add_argument("--port", type=int, default=0, help="where to listen (any free port)")
    parser.add_argument("--workers", type=int, default=2, help="how many tasks run at once (2)")
    parser.add_argument("--speed", type=float, default=1.0, help="10 makes tasks ten times as fast (1)")
    parser.add_argument(
        "--fault",
        dest="faults",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a fault to simulate",
    )
    parser.add_argument(
        "--faults",
        dest="lists_faults",
        action="store_true",
        help="list the faults that it can simulate, and exit",
    )


def _add_doctor(commands: Commands) -> None:
    _add(commands, "doctor", "doctor", "check this installation and the way to Wiro; runs no model")


def _add_completion(commands: Commands) -> None:
    parser = _add(
        commands,
        "completion",
        "completion",
        "print a script that completes commands in a shell",
        has_json=False,
    )
    parser.add_argument("shell", choices=SHELLS, help="the shell that runs the script")
