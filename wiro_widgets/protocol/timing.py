"""Timing: how long a client waits for what; one frozen value, handed in, so that tests wait less."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds; a pair is the first and the longest of pauses that double, a longer tuple a ladder of pauses."""

    # A read or a control that got no answer, or an answer that may be another the next time.
    call_retries: tuple[float, float] = (0.25, 8.0)
    # A Run that certainly did not arrive, or that was refused because of too many calls.
    run_retries: tuple[float, float] = (0.25, 8.0)
    # Code 96: between two tries while other tasks use the balance, and until a run is given up because no task of
    # ours ended and none of our runs was accepted.
    balance_pauses: tuple[float, float] = (1.0, 30.0)
    balance_patience: float = 600.0

    # A task's socket: to open it, between pings and for their answers, between two connections, and after how long a
    # connection counts as a good one, so that the pauses begin anew.
    socket_open: float = 10.0
    socket_ping: float = 15.0
    socket_retries: tuple[float, float] = (0.25, 15.0)
    socket_steady: float = 5.0
    # Without a frame before Task/Detail is read, for the first, second, ... time in the same silence.
    silence: tuple[float, ...] = (0.3, 1.0, 2.0, 4.0, 8.0, 15.0)
    # The same once a terminal frame said that the task has ended.
    ending: tuple[float, ...] = (0.0, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
    # The terminal frame, once Task/Detail said that the task has ended while the socket is open.
    last_frame: float = 0.5
    # Before each further read of a Task/Detail that says less of the end than the socket did.
    settling: tuple[float, ...] = (0.2, 0.5, 1.0, 2.0)
    # Before each read of Task/Detail in the background for a cost that was not there at the end.
    late_cost: tuple[float, ...] = (2.0, 8.0, 30.0)
    # A read of Task/Detail that hangs is given up after so long, and after twice as long each further time.
    detail_read: float = 5.0
    # A task whose set-up failed, which Wiro may queue again, without any other sign of it.
    requeue: float = 600.0
    # A socket that answers pings but is silent for so long, while the task goes on, is replaced.
    stale_socket: float = 60.0

    # Stopping a task: all of it, one call, between rounds of calls, and until Task/Detail confirms it.
    stop: float = 20.0
    stop_call: float = 5.0
    stop_pauses: tuple[float, float] = (0.25, 2.0)
    stop_confirmation: float = 2.0
    # An interrupted wait gives the stop so long; then the stop goes on in the background.
    interrupt: float = 0.8
    # Stopping a sweep waits so long for a `then` that has begun.
    stop_then: float = 2.0
    # Closing a client waits so long for replies to Runs and for tasks that are being stopped.
    close: float = 5.0

    # Before each look at Wiro's list for a lost Run: a task may be listed a moment after it was made.
    lost_run_looks: tuple[float, ...] = (0.0, 1.0, 3.0)
    lost_run_read: float = 5.0
    # All pages of that list, and after them all files of its tasks, which are compared with those of lost Runs.
    lost_run_search: float = 20.0
    # A journal that another process has locked is tried again for so long before a sweep or a reuse gives up.
    journal_lock: float = 30.0
    # Between two looks at the journal row of a Run that somebody else is sending.
    claim_poll: float = 0.25

    # A download: between two tries, for one try, and over how long its speed is measured.
    download_retries: tuple[float, float] = (0.3, 2.4)
    download_try: float = 600.0
    download_slow: float = 30.0
    # Outputs that are missing are fetched again for so long when somebody asks for them.
    fetch_again: float = 30.0
    # Outputs whose folder is elsewhere: for one move, and before each further try while the client lives; the last
    # pause is repeated.
    move: float = 30.0
    move_again: tuple[float, ...] = (15.0, 60.0, 300.0, 900.0)
