"""`python -m benchmarks [--check] [PART ...]`: every promise of speed beside its floor, in under ten minutes."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

from benchmarks import (
    browser,
    calls,
    feeding,
    following,
    lab,
    live_tasks,
    long_history,
    opening,
    pictures,
    records,
    report,
    runs,
    startup,
    streaming,
    sweeping,
)
from benchmarks.loading import Server, load_server
from benchmarks.measure import Result
from benchmarks.peers import comparison
from tests.browser import chromium_path

Part = Callable[[Server], Result | list[Result]]
PARTS: dict[str, Part] = {
    "events": streaming.events,
    "progress": streaming.progress,
    "live": live_tasks.live_tasks,
    "sent": feeding.bytes_sent,
    "lab": lab.rows_accounted,
    "log": lambda _: browser.log(),
    "gaps": lambda _: browser.gaps(),
    "imports": lambda _: startup.imports(),
    "first": startup.first_panels,
    "calls": calls.details,
    "run": runs.one,
    "fetch": runs.fetch,
    "thousand": runs.thousand,
    "sweep": sweeping.sweeping,
    "following": following.following,
    "pictures": lambda _: pictures.pictures(),
    "upload": calls.upload,
    "memory": streaming.memory,
    "history": lambda _: records.records(),
    "million": lambda _: long_history.long_history(),
    "opening": lambda _: opening.opening(),
    "panel": lambda _: startup.panels(),
    "bundle": lambda _: startup.bundle(),
    "peers": feeding.peers,
    "polling": runs.peers,
    "clients": lambda _: comparison.clients(),
}
IN_A_BROWSER = ("lab", "log", "gaps", "opening")


def main(arguments: list[str]) -> int:
    """Measure all parts, or those that are named; with --check say by the exit code whether all was kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="fail when a ratio is missed by more than its spread"
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    options = parser.parse_args(arguments)
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}; the parts are {', '.join(PARTS)}")
    start = time.monotonic()
    results = measure(options.parts or list(PARTS))
    if not options.parts:
        report.write(results, time.monotonic() - start)
    misses = [result for result in results if result.keeps_promise is False]
    sys.stdout.write(
        f"{len(misses)} of {sum(result.keeps_promise is not None for result in results)} promises missed\n"
    )
    return 1 if options.check and misses else 0


def measure(names: list[str]) -> list[Result]:
    """Measure these parts one after the other, and print each as soon as it is known."""
    results: list[Result] = []
    with load_server() as server:
        for name in names:
            if name in IN_A_BROWSER and chromium_path() is None:
                sys.stdout.write(f"{name}: left out, there is no Chromium\n")
                continue
            if name == "clients" and not comparison.PYTHON.exists():
                sys.stdout.write(f"{name}: left out, `make bench-peers` installs the clients of others\n")
                continue
            part_results = PARTS[name](server)
            results += part_results if isinstance(part_results, list) else [part_results]
            for result in part_results if isinstance(part_results, list) else [part_results]:
                sys.stdout.write(f"{report.line(result)}\n")
                sys.stdout.flush()
    return results


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
