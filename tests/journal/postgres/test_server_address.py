"""The address of a team's journal: its password is shown nowhere, and what cannot be taken apart is refused."""

import pickle
import sys
import traceback
from pathlib import Path

import pytest

from wiro_widgets import Client
from wiro_widgets.client.config import journal_place, parse_journal
from wiro_widgets.journal.journal import Journal
from wiro_widgets.journal.postgres import server_store
from wiro_widgets.journal.postgres.server_address import ServerAddress, as_server_address
from wiro_widgets.protocol.errors import ConfigurationError, WiroWarning


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("postgresql://ann:planted@db.example:5433/wiro", "postgresql://ann@db.example:5433/wiro"),
        ("postgres://ann:planted@db.example", "postgresql://ann@db.example"),
        ("POSTGRESQL://db.example/wiro", "postgresql://db.example/wiro"),
        ("postgresql:///wiro?host=/run/postgresql&user=ann", "postgresql:///wiro?host=/run/postgresql&user=ann"),
        ("postgresql://ann:pl%40nted%25@[::1]:5432/wiro", "postgresql://ann@[::1]:5432/wiro"),
        ("postgresql://a:planted@one:1,two:2/wiro?sslmode=require", "postgresql://a@one:1,two:2/wiro?sslmode=require"),
        ("postgresql://h/wiro?password=planted&pass%77ord=planted&user=b", "postgresql://h/wiro?user=b"),
        ("postgresql://h?sslpassword=planted", "postgresql://h"),
        ("postgresql://ann:a?planted@h/wiro", None),
        ("postgresql://ann:a#planted@h/wiro", "postgresql://ann@h/wiro"),
    ],
)  # fmt: skip
def test_no_password_is_shown(address: str, text: str | None) -> None:
    """As text, in a repr and in a pickle an address has no password; the driver gets all of it."""
    if text is None:
        with pytest.raises(ConfigurationError):
            ServerAddress(address)
        return
    place = ServerAddress(address)
    assert (str(place), place.reveal()) == (text, address)
    assert b"nted" not in repr(place).encode() + pickle.dumps(place)
    assert str(pickle.loads(pickle.dumps(place))) == text  # noqa: S301 - our own
    assert "nted" not in place.redact(f"it said {address}")


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ann:plan/ted@h/wiro",
        "postgresql://ann:plan@ted@h/wiro",
        "postgresql://ann:planted%@h/wiro",
        "postgresql://ann:planted%zz@h/wiro",
        "postgresql://ann:planted/wiro",
        "postgresql://ann:planted@h:port/wiro",
        "postgresql://h/wiro?password=plan@ted",
    ],
)
def test_an_address_that_may_hide_its_password_is_refused(address: str) -> None:
    """No part of an address that cannot be taken apart is shown, not even by a traceback with the locals of frames."""
    with pytest.raises(ConfigurationError, match="The address of the journal has") as refusal:
        Client("key", "secret", journal=address)
    error = refusal.value
    lines = traceback.TracebackException.from_exception(error, capture_locals=True).format()
    inside = [line for line in lines if "test_server_address" not in line]
    assert "planted" not in str(error)
    assert not [line for line in inside if "planted" in line or "plan@" in line]


def test_another_scheme_is_no_path() -> None:
    """An address of something else makes no file of that name."""
    with pytest.raises(ConfigurationError, match="mysql:// is neither"):
        as_server_address("mysql://ann:planted@h/wiro")
    assert as_server_address("C:/journal.sqlite3") == "C:/journal.sqlite3"


def test_the_environment_may_name_a_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`WIRO_JOURNAL` is a path or an address; what a client is given goes before it."""
    monkeypatch.setenv("WIRO_JOURNAL", "postgresql://ann:planted@h/wiro")
    assert str(journal_place()) == "postgresql://ann@h/wiro"
    assert journal_place(tmp_path) == tmp_path
    assert journal_place(parse_journal(False)) is None


def test_a_client_carries_no_password() -> None:
    """A client says where its journal is, and neither its repr, its pickle nor its warnings have the password."""
    with pytest.warns(WiroWarning, match="cannot be used: .*refused") as messages:
        client = Client("key", "secret", journal="postgresql://ann:planted@127.0.0.1:1/wiro")
    text = f"{client!r} {client._client._engine!r} {client._client.settings} {[*map(str, messages)]}"
    assert "postgresql://ann@127.0.0.1:1/wiro" in text
    assert b"planted" not in text.encode() + pickle.dumps(client)
    client.close()


def test_an_interrupted_connection_shows_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the user interrupts a connection that takes long, no frame of the traceback has the password."""

    def connect(address: str, **_options: object) -> None:
        assert "planted" in address
        raise KeyboardInterrupt

    monkeypatch.setattr(server_store._Connection, "connect", connect)
    with pytest.raises(KeyboardInterrupt) as interrupt:
        Client("key", "secret", journal="postgresql://ann:planted@h/wiro")
    lines = traceback.TracebackException.from_exception(interrupt.value, capture_locals=True).format()
    inside = [line for line in lines if "test_server_address" not in line]
    assert any("journal_server.py" in line for line in inside)
    assert not [line for line in inside if "planted" in line]


def test_a_driver_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without psycopg the error says how to get it."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    for name in ("journal_server", "server_store"):
        monkeypatch.delitem(sys.modules, f"wiro_widgets.journal.postgres.{name}", raising=False)
    with pytest.raises(ConfigurationError, match=r"pip install 'wiro-widgets\[postgres\]'"):
        Journal.open("postgresql://ann@h/wiro")
