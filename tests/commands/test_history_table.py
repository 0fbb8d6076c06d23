"""`wiro-widgets history`."""

import csv
import json

import pytest

from tests.commands.terminal import Terminal
from wiro_widgets import Sandbox
from wiro_widgets.journal.journal import Journal

CHAT = "wiro/sandbox-chat"


@pytest.fixture
def used(terminal: Terminal) -> Terminal:
    """Lend a terminal in which two runs were made, one of which failed."""
    assert terminal.run("run", CHAT, "-p", "prompt=the first\nof two")[0] == 0
    assert terminal.run("run", "wiro/sandbox-fail", "-p", "prompt=the second")[0] == 1
    return terminal


def test_the_newest_runs_come_first(used: Terminal) -> None:
    """One line a run: when, which task, how it ended, what it cost, the model, the prompt on one line."""
    status, out, err = used.run("history")
    second, first = out.splitlines()
    assert (status, err) == (0, "")
    assert "succeeded" in first
    assert "$0.0" in first
    assert first.endswith(f"{CHAT}  the first of two")
    assert "failed" in second
    assert second.endswith("wiro/sandbox-fail  the second")


def test_unfinished_runs_are_told(terminal: Terminal) -> None:
    """Runs that nobody saw the end of are counted on stderr, with the way to see it."""
    with Journal.open(terminal.env["WIRO_JOURNAL"]) as journal:
        journal.submitted(journal.begin(terminal.env["WIRO_BASE_URL"], CHAT, {"prompt": "cut off"}), "9")
    status, out, err = terminal.run("history")
    assert (status, len(out.splitlines())) == (0, 1)
    assert err == "1 run is unfinished; wiro-widgets recover picks them up.\n"


def test_a_limit(used: Terminal) -> None:
    """`--limit` lists so many."""
    assert len(used.run("history", "--limit", "1")[1].splitlines()) == 1


def test_a_csv_file(used: Terminal) -> None:
    """`--csv` writes every run and every field, exactly; stdout stays empty."""
    status, out, _ = used.run("history", "--csv", "runs.csv")
    assert (status, out) == (0, "")
    with (used.folder / "runs.csv").open(newline="", encoding="utf-8") as file:
        second, first = csv.DictReader(file)
    assert first["prompt"] == "the first\nof two"
    assert json.loads(first["parameters"])["prompt"] == "the first\nof two"
    assert float(first["total_cost"]) > 0
    assert (second["outcome"], second["exit_code"]) == ("failed", "1")


def test_a_csv_file_that_cannot_be_written(terminal: Terminal) -> None:
    """A folder that is not there is one sentence and status 1."""
    status, out, err = terminal.run("history", "--csv", "nowhere/runs.csv")
    assert (status, out) == (1, "")
    assert err == "wiro-widgets: nowhere/runs.csv cannot be written: No such file or directory\n"


def test_an_empty_history(terminal: Terminal) -> None:
    """Nothing was run, so nothing is listed."""
    assert terminal.run("history") == (0, "", "The journal has no runs at this server yet.\n")


def test_taking_in_what_wiro_lists(terminal: Terminal, sandbox: Sandbox) -> None:
    """`wiro-widgets sync` brings the runs of another machine into the journal, once."""
    with sandbox.client(journal=False) as client:
        task_id = client.run(CHAT, prompt="from elsewhere").wait(60).record.task_id
    (row,) = terminal.rows("sync", "--since", "2020-01-01")
    assert row["new"] >= 1
    assert task_id is not None
    assert task_id in terminal.run("history", "--limit", "1000")[1]
    status, out, err = terminal.run("sync")
    assert (status, out) == (0, "")
    assert err.startswith("0 new runs, ")
    status, _, err = terminal.run("sync", "--since", "soon")
    assert (status, "--since: since is a time" in err) == (1, True)
