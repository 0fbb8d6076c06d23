"""`wiro-widgets sandbox`."""

import shlex
import signal
import socket

import pytest

from tests.commands.terminal import Command, Terminal
from wiro_widgets import AuthenticationError, Client, InsufficientBalance
from wiro_widgets.sandbox import fault_catalogue

CHAT = "wiro/sandbox-chat"


def _exports(command: Command) -> dict[str, str]:
    """Read the four lines as a shell would."""
    result = {}
    for _ in range(4):
        word, assignment = shlex.split(command.line("export "))
        assert word == "export"
        name, _, value = assignment.partition("=")
        result[name] = value
    return result


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_four_lines_then_a_clean_end(number: signal.Signals, bare_terminal: Terminal) -> None:
    """Exactly four export lines come on stdout; SIGINT and SIGTERM end it with status 0."""
    command = bare_terminal.start("sandbox")
    result = _exports(command)
    assert list(result) == ["WIRO_BASE_URL", "WIRO_SOCKET_URL", "WIRO_API_KEY", "WIRO_API_SECRET"]
    command.line("Ctrl-C", "stderr")
    command.interrupt(number)
    status, rest, err = command.end()
    assert (status, rest, err) == (0, "", "")


def test_a_client_started_from_that_shell(bare_terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the four lines in the environment a client needs no argument."""
    result = _exports(bare_terminal.start("sandbox", "--speed", "1000"))
    for name, value in result.items():
        monkeypatch.setenv(name, value)
    with Client(journal=False) as client:
        assert client.run(CHAT, prompt="hello").wait(60).text
    with (
        Client("somebody-else", "with-a-secret", journal=False) as stranger,
        pytest.raises(AuthenticationError),
    ):
        stranger.run(CHAT, prompt="hello")


def test_a_port_of_ones_own(bare_terminal: Terminal) -> None:
    """`--port` says where it listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    result = _exports(bare_terminal.start("sandbox", "--port", str(port)))
    assert result["WIRO_BASE_URL"] == f"http://127.0.0.1:{port}/v1"


def test_a_taken_port(bare_terminal: Terminal) -> None:
    """A port that somebody else has is one sentence on stderr and status 1."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        status, out, err = bare_terminal.run("sandbox", "--port", str(listener.getsockname()[1]))
    assert (status, out) == (1, "")
    assert err.startswith("wiro-widgets: The sandbox cannot start: ")
    assert err.count("\n") == 1


def test_a_bad_day(bare_terminal: Terminal) -> None:
    """`--fault` makes it misbehave."""
    result = _exports(bare_terminal.start("sandbox", "--fault", "no_balance=Run:1"))
    client = Client(
        result["WIRO_API_KEY"], result["WIRO_API_SECRET"], base_url=result["WIRO_BASE_URL"], journal=False
    )
    with client, pytest.raises(InsufficientBalance):
        client.run(CHAT, prompt="hello")


def test_an_unknown_fault(bare_terminal: Terminal) -> None:
    """A fault that does not exist is refused with the near name, before anything listens."""
    status, out, err = bare_terminal.run("sandbox", "--fault", "concurency_limit=1")
    assert (status, out) == (1, "")
    assert "Did you mean 'concurrency_limit'?" in err
    assert "Traceback" not in err


def test_the_list_of_faults(bare_terminal: Terminal) -> None:
    """`--faults` lists what it can do wrong, a line each, and serves nothing."""
    status, out, err = bare_terminal.run("sandbox", "--faults")
    assert (status, err) == (0, "")
    assert out.count("\n") == len(fault_catalogue())
    assert "drop_socket_after" in out


def test_the_catalogue_of_bad_days(bare_terminal: Terminal) -> None:
    """`--faults` lists every fault with what it does, and serves nothing."""
    status, out, err = bare_terminal.run("sandbox", "--faults")
    assert (status, err) == (0, "")
    for name, words in fault_catalogue().items():
        assert any(line.split()[0] == name and words in line for line in out.splitlines())
