import signal
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.sandbox_clients import FLUX, SMALL, MakeClient
from wiro_widgets import Client, Sandbox, Sweep


@pytest.fixture
def interrupt_when() -> Iterator[Callable[[Callable[[], bool]], None]]:
    """Interrupt this thread, as Ctrl-C and a notebook's button do, as soon as a condition holds."""
    watchers: list[threading.Thread] = []
    this = threading.get_ident()

    def watch(condition: Callable[[], bool]) -> None:
        pause = threading.Event()
        for _ in range(2000):
            if condition():
                signal.pthread_kill(this, signal.SIGINT)
                return
            pause.wait(0.005)

    def begin(condition: Callable[[], bool]) -> None:
        watchers.append(threading.Thread(target=watch, args=(condition,)))
        watchers[-1].start()

    yield begin
    for watcher in watchers:
        watcher.join()


Interrupt = Callable[[Callable[[], bool]], None]


def begin_stuck_sweep(client: Client, sandbox: Sandbox) -> Sweep:
    """Begin a sweep whose tasks do not end."""
    sandbox.faults = {"stuck": "run"}
    return client.sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(4), concurrency=2)


def running(sweep: Sweep) -> Callable[[], bool]:
    """Return a condition: two cells run."""
    return lambda: sum(cell.task is not None and cell.task.status == "running" for cell in sweep.cells) == 2


@pytest.mark.parametrize("how", ["wait", "for"])
def test_an_interrupt_stops_the_sweep(
    sandbox_client: Client, sandbox: Sandbox, interrupt_when: Interrupt, how: str
) -> None:
    """An interrupted wait stops the cells that run, begins no further one, and says how to go on."""
    sweep = begin_stuck_sweep(sandbox_client, sandbox)
    interrupt_when(running(sweep))
    with pytest.raises(KeyboardInterrupt) as interrupt:
        sweep.wait() if how == "wait" else list(sweep)
    assert "sweep.resume() runs what is left" in interrupt.value.__notes__[0]
    assert sweep.wait().counts == {"cancelled": 2, "pending": 2}
    sandbox.faults = None
    assert sweep.resume().wait().counts == {"succeeded": 4}


@pytest.mark.parametrize("by", ["call", "client"])
def test_an_interrupt_can_leave_it_alone(
    make_sandbox_client: MakeClient, sandbox: Sandbox, interrupt_when: Interrupt, by: str
) -> None:
    """With `on_interrupt="detach"`, in the call or the client, the sweep goes on."""
    client = make_sandbox_client(on_interrupt="detach" if by == "client" else "stop")
    sweep = begin_stuck_sweep(client, sandbox)
    interrupt_when(running(sweep))
    with pytest.raises(KeyboardInterrupt) as interrupt:
        sweep.wait(on_interrupt="detach" if by == "call" else None)
    assert "The sweep goes on" in interrupt.value.__notes__[0]
    assert sweep.counts == {"running": 2, "pending": 2}
    sandbox.faults = None
    assert sweep.wait().counts == {"succeeded": 4}
