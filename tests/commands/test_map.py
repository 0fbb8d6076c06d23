"""`wiro-widgets map`."""

import csv
from pathlib import Path

import pytest
from PIL import Image

from tests.commands.terminal import Terminal
from wiro_widgets import Sandbox

FLUX = "tencent/hunyuan-flux-srpo"
SMALL = ("-p", "width=64", "-p", "height=64", "-p", "steps=2")


def run_count(sandbox: Sandbox) -> int:
    """Return how many Runs the sandbox has received."""
    return sum(request.path.startswith("/v1/Run") for request in sandbox.requests)


def read(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_table(terminal: Terminal, sandbox: Sandbox) -> None:
    """Each row is run; the outputs and the table with its results stand in the folder; again costs nothing."""
    table = terminal.folder / "rows.csv"
    table.write_text('customer,prompt,seed\nAda,"a fox, running",1\nB\u00f6b,a hen,\n', encoding="utf-8-sig")
    before = run_count(sandbox)
    status, out, err = terminal.run("map", FLUX, "rows.csv", "--out", "art", *SMALL)
    assert (status, out) == (0, str(Path("art") / "results.csv") + "\n"), err
    assert err.startswith(f"2 rows of {FLUX}, ")
    rows = read(terminal.folder / "art" / "results.csv")
    assert [(row["customer"], row["prompt"], row["seed"], row["outcome"]) for row in rows] == [
        ("Ada", "a fox, running", "1", "succeeded"),
        ("B\u00f6b", "a hen", "", "succeeded"),
    ]
    for row in rows:
        with Image.open(terminal.folder / row["paths"]) as image:
            assert image.size == (64, 64)
        assert float(row["cost"]) > 0
    assert run_count(sandbox) == before + 2
    assert terminal.run("map", FLUX, "rows.csv", "--out", "art", *SMALL)[0] == 0
    assert run_count(sandbox) == before + 2


def test_json_lines_and_columns(terminal: Terminal) -> None:
    """JSON lines are a table too, and --column names the columns."""
    (terminal.folder / "rows.jsonl").write_text('{"text": "a fox", "note": 3}\n')
    status, _, err = terminal.run("map", FLUX, "rows.jsonl", "--column", "text=prompt", *SMALL)
    assert status == 0, err
    (row,) = read(terminal.folder / "results.csv")
    assert (row["text"], row["note"], row["outcome"]) == ("a fox", "3", "succeeded")


def test_a_row_that_fails(terminal: Terminal, sandbox: Sandbox) -> None:
    """The other rows are saved, the table says why one failed, and the status is 1."""
    sandbox.faults = {"fail_tasks": 1}
    (terminal.folder / "rows.csv").write_text("prompt\na\nb\n")
    status, _, _ = terminal.run("map", FLUX, "rows.csv", *SMALL)
    assert status == 1
    rows = read(terminal.folder / "results.csv")
    assert sorted(row["outcome"] for row in rows) == ["failed", "succeeded"]
    assert all(bool(row["error"]) == (row["outcome"] == "failed") for row in rows)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("none.csv", None, "none.csv cannot be read as a table: No such file"),
        ("rows.xlsx", "", "rows.xlsx: a table is a .csv, .tsv or .jsonl file"),
        ("rows.csv", "prompt\na,b\n", "rows.csv, line 2: there are more cells"),
        ("rows.csv", "prompt\n", "values: the table has no rows"),
        ("rows.csv", "promt\nx\n", "--column NAME names the columns to send"),
        ("rows.csv", "prompt,steps\nx,20\ny,many\n", "steps: row 2, column 'steps': "),
        ("rows.jsonl", "{}\n[1]\n", "rows.jsonl, line 2: a JSON object is needed"),
    ],
)
def test_a_wrong_table(
    terminal: Terminal, sandbox: Sandbox, name: str, text: str | None, message: str
) -> None:
    """One short error names the file, line or column, and nothing is sent."""
    if text is not None:
        (terminal.folder / name).write_text(text)
    before = run_count(sandbox)
    status, out, err = terminal.run("map", FLUX, name, *SMALL)
    assert (status, out) == (1, "")
    assert message in err
    assert err.count("\n") <= 2
    assert run_count(sandbox) == before


def test_a_budget(terminal: Terminal, sandbox: Sandbox) -> None:
    """`--budget` refuses what could cost more, before anything is sent."""
    (terminal.folder / "rows.csv").write_text("prompt\nx\ny\n")
    before = run_count(sandbox)
    for arguments in (("map", FLUX, "rows.csv"), ("run", FLUX, "-p", "prompt=x")):
        status, _, err = terminal.run(*arguments, "--budget", "0.0001", *SMALL)
        assert status == 1
        assert "Nothing was sent" in err
    assert run_count(sandbox) == before
