"""A hundred live tasks in one notebook: how many messages they send while all of them talk."""

from __future__ import annotations

import queue
import subprocess
import time

from jupyter_client.manager import start_new_kernel

from benchmarks.loading import Server
from benchmarks.measure import Promise, Result, alone

LIVE = Promise("100 live tasks in a notebook: messages in any second", "messages", "lower", 20.0)
SECONDS = 60.0  # after which the kernel has failed
EVENTS = 10  # a second of each task

START = """
import wiro_widgets
client = wiro_widgets.Client("key-of-the-benchmarks", "secret-of-the-benchmarks", journal=False,
                             base_url={base!r}, socket_url={sockets!r})
tasks = [client.run("bench/n{lines}-r{rate}") for _ in range({count})]
for task in tasks:
    display(task)
"""


def live_tasks(server: Server, tasks: int = 100, seconds: float = 10.0) -> Result:
    """Count the updates that a kernel sends while its tasks run; each task was displayed once before."""
    manager, client = start_new_kernel(SECONDS, "python3", stderr=subprocess.DEVNULL)
    times: list[float] = []
    try:
        code = START.format(
            base=server.base_url,
            sockets=server.socket_url,
            lines=int(EVENTS * (seconds + SECONDS)),
            rate=EVENTS,
            count=tasks,
        )
        reply = client.execute_interactive(code, timeout=SECONDS, output_hook=lambda _message: None)
        if reply["content"]["status"] != "ok":
            raise RuntimeError("\n".join(reply["content"]["traceback"]))
        end = time.monotonic() + seconds
        while (remaining := end - time.monotonic()) > 0:
            try:
                message = client.get_iopub_msg(timeout=remaining)
            except queue.Empty:
                break
            if message["msg_type"] == "update_display_data":
                times.append(time.monotonic())
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    note = f"{tasks} tasks with {EVENTS} events a second each; {len(times)} updates in {seconds:g} s"
    return alone(LIVE, [_most_in_a_second(times)], note)


def _most_in_a_second(times: list[float]) -> int:
    return max((sum(at <= later < at + 1 for later in times) for at in times), default=0)
