"""What goes from the kernel to the browser while events come, and what the peers send for the same lines."""

from __future__ import annotations

import json
from typing import cast

import ipywidgets
import traitlets

from benchmarks.kernel import Counting, bench_client
from benchmarks.loading import Server
from benchmarks.measure import Promise, Result, alone
from wiro_widgets import Panel

BYTES = Promise("bytes to the browser for 10,000 events", "bytes", "lower", 0.5, "JSON of the events, once")
MESSAGES = Promise("messages to the browser in any second", "messages", "lower", 20)
OUTPUT = Promise("bytes for 2,000 lines: Output.append_stdout", "bytes", "lower", None, "ours", peer=True)
TRAIT = Promise("bytes for 2,000 lines: a list trait that grows", "bytes", "lower", None, "ours", peer=True)
LINE = "line 0000123 generating tile of the picture, attention slice 7, residual 0.0012345, scheduler euler\n"


def bytes_sent(server: Server, lines: int = 10_000, rates: tuple[int, ...] = (1_000, 5_000)) -> list[Result]:
    """Measure bytes and messages at some rates; the largest number of messages within a second counts."""
    results = []
    most = []
    for rate in rates:
        comm, once = _feed_panel(server, lines, rate)
        most.append(comm.most_in_a_second())
        note = f"at {rate:,} events a second"
        results.append(Result(BYTES, (float(comm.bytes),), (once,), note))
    flat_out, _ = _feed_panel(server, 10 * lines, 0)
    most.append(flat_out.most_in_a_second())
    rates_told = ", ".join(f"{rate:,}" for rate in rates)
    return [
        *results,
        alone(MESSAGES, [max(most)], f"the most of runs at {rates_told} events a second and flat out"),
    ]


def peers(server: Server, lines: int = 2_000) -> list[Result]:
    """Count the bytes that the peers send for the same lines."""
    ours = float(_feed_panel(server, lines, 0)[0].bytes)
    with bench_client(server):
        return [
            Result(
                OUTPUT, (_output_widget_bytes(lines),), (ours,), "the whole text is sent again with each line"
            ),
            Result(TRAIT, (_trait_bytes(lines),), (ours,), "the whole list is sent again with each line"),
        ]


def _feed_panel(server: Server, lines: int, rate: int) -> tuple[Counting, float]:
    """Return the comm of a panel whose task sent so many lines, and the size of its events as JSON."""
    with bench_client(server, journal=False) as client:
        panel = Panel(f"bench/n{lines}-r{rate}", client=client)
        comm = cast("Counting", panel.comm)
        comm.bytes = 0
        panel.run()
        panel.wait()
        events = [{"type": event.type, "message": getattr(event, "text", None)} for event in panel.events]
        panel.close()
    return comm, float(len(json.dumps(events)))


def _output_widget_bytes(lines: int) -> float:
    output = ipywidgets.Output()
    for _ in range(lines):
        output.append_stdout(LINE)
    return float(cast("Counting", output.comm).bytes)


class _Growing(ipywidgets.DOMWidget):  # type: ignore[misc] # ipywidgets has no types
    lines: traitlets.List[str] = traitlets.List().tag(sync=True)


def _trait_bytes(lines: int) -> float:
    widget = _Growing()
    for _ in range(lines):
        widget.lines = [*widget.lines, LINE]
    return float(cast("Counting", widget.comm).bytes)
