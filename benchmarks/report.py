"""The measurements as a table: printed while they are made, and written into docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.measure import Result

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
PACKAGES = ("websockets", "httpx", "anywidget", "ipywidgets", "ipykernel", "jupyterlab", "pillow", "pandas")
HEAD = """# Benchmarks

Every promise of speed, measured on one machine by `make bench`, which writes this page.
Each figure stands beside its floor: what the same job costs by hand, measured in turn with ours in the same run.
The ratio is the median of the pairs, the spread half the distance between their quartiles.
`make bench CHECK=1` fails when a ratio is missed by more than its spread; the test suite has no clock.

"""
PEERS = """
## Beside what one would do otherwise

Measured in the same run against the same server; the last column says how many times better ours is.

"""
CLIENTS = """
## Beside the clients of others

Each client makes its one documented call for a picture, in a process of its own, against a stand-in of its own
provider's API on loopback; ours does the same against one of Wiro's, in turn with them. All stand-ins are one server
whose runs take equally long. In brackets: so many times ours.
Loopback has no latency: on a real network each request costs its own time on top.
Meanwhile ours writes a journal before it sends and syncs the file to the disk;
`replicate`, `fal-client` and `huggingface_hub` keep nothing.
Of runs at once, calls that block have a thread each, and pictures are decoded one at a time and let go.
A run is lost if it is paid for and its picture does not come to the caller, who may still find it at the provider by
hand; it is paid twice if the client sends it again, since none sends a key by which the provider could tell.
Ours looks up what failed with `client.recover()`, once.

"""
NO_CLIENTS = "Left out: the clients of others are not installed; `make bench-peers` does so.\n"


def line(result: Result) -> str:
    """Return a result as a line for a terminal."""
    promise, keeps_promise = result.promise, result.keeps_promise
    word = {True: "kept", False: "MISSED", None: ""}[keeps_promise]
    target = "" if promise.target is None else f"{_sign(result)} {promise.target:g}"
    name = ": ".join(filter(None, (promise.name, promise.client)))
    return f"{name:<66} {_verdict(result):>18}  {target:<9} {word}"


def write(results: Sequence[Result], seconds: float, page: Path = PAGE) -> None:
    """Write the page."""
    clients = [result for result in results if result.promise.client]
    peers = [result for result in results if result.promise.peer]
    promises = [result for result in results if not result.promise.client and not result.promise.peer]
    parts = [HEAD, _machine(seconds), "\n", _table(promises), PEERS, _peers(peers)]
    parts += [CLIENTS, _clients(clients) if clients else NO_CLIENTS, _notes(results)]
    page.parent.mkdir(exist_ok=True)
    page.write_text("".join(parts), encoding="utf-8")


def _machine(seconds: float) -> str:
    packages = ", ".join(f"{name} {version}" for name in PACKAGES if (version := _version(name)))
    when = datetime.now(UTC).date().isoformat()
    return (
        f"Measured on {when} in {seconds / 60:.1f} minutes: {os.cpu_count()} cores ({platform.machine()}), "
        f"{platform.system()}, Python {platform.python_version()}, {packages}.\n"
    )


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _table(results: Sequence[Result]) -> str:
    rows = ["| what | ours | floor | ratio | promised | |", "| --- | --- | --- | --- | --- | --- |"]
    for result in results:
        promise = result.promise
        floor = "" if promise.floor is None else f"{_figure(result.floor)} ({promise.floor})"
        target = "" if promise.target is None else f"{_sign(result)} {promise.target:g}"
        word = {True: "kept", False: "**missed**", None: ""}[result.keeps_promise]
        ratio = _verdict(result) if promise.floor else ""
        ours = f"{_figure(result.ours)} {promise.unit}"
        rows.append(f"| {promise.name} | {ours} | {floor} | {ratio} | {target} | {word} |")
    return "\n".join(rows) + "\n"


def _peers(results: Sequence[Result]) -> str:
    rows = ["| peer | peer | ours | times better |", "| --- | --- | --- | --- |"]
    for result in results:
        figures = (
            f"{_figure(result.ours)} {result.promise.unit} | {_figure(result.floor)} {result.promise.unit}"
        )
        rows.append(f"| {result.promise.name} | {figures} | {result.middle:.3g} |")
    return "\n".join(rows) + "\n"


def _clients(results: Sequence[Result]) -> str:
    """Return a row for each figure, a column for each client."""
    names = list(dict.fromkeys(result.promise.client for result in results))
    figures: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        figures.setdefault((result.promise.name, result.promise.unit), []).append(result)
    rows = [f"| what | ours | {' | '.join(names)} |", "| --- " * (len(names) + 2) + "|"]
    for (name, unit), row in figures.items():
        cells = {result.promise.client: _client_cell(result) for result in row}
        others = " | ".join(cells.get(client, "does not apply") for client in names)
        rows.append(f"| {name} | {_figure(row[0].floor)} {unit} | {others} |")
    return "\n".join(rows) + "\n"


def _client_cell(result: Result) -> str:
    figure = _figure(result.ours)
    is_count = 0 in result.floor or result.promise.better == "higher"
    return figure if is_count else f"{figure} ({result.middle:.3g})"


def _notes(results: Sequence[Result]) -> str:
    notes = [
        f"- {result.promise.client or result.promise.name}: {result.note}.\n"
        for result in results
        if result.note
    ]
    return "\n## Notes\n\n" + "".join(notes) if notes else ""


def _sign(result: Result) -> str:
    return "≥" if result.promise.better == "higher" else "≤"


def _verdict(result: Result) -> str:
    spread = f" ± {result.spread:.2g}" if len(result.judged_values) > 1 else ""
    return f"{result.middle:.3g}{spread}"


def _figure(values: Sequence[float]) -> str:
    middle = statistics.median(values)
    return f"{middle:,.0f}" if abs(middle) >= 100 else f"{middle:.3g}"  # noqa: PLR2004 - three digits are enough
