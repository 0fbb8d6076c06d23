"""No key, secret or socket token in anything that a user could save or print."""

from collections.abc import Iterator

import comm
import pytest

from tests.evidence import Day, Evidence
from tests.widget.wire.page import Wire
from wiro_widgets.protocol.credentials import Credentials

PLACES = {
    "reprs": 50,
    "reprs of all our objects": 100,
    "reprs of a run under way": 10,
    "reprs of tasks": 1,
    "pickles": 20,
    "errors": 20,
    "tracebacks": 10,
    "logs": 1,
    "warnings": 0,
    "traits": 1,
    "messages": 10,
    "tables": 2,
    "code": 1,
    "requests": 10,
    "recipes": 1,
    "files": 4,
}


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evidence]:
    """Do a day's work with planted secrets, once."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(comm, "create_comm", Wire)
        yield Day(tmp_path_factory.mktemp("day")).work()


@pytest.mark.parametrize("place", PLACES)
def test_no_secret_in(place: str, evidence: Evidence) -> None:
    """Neither the key, nor the secret, nor the token of any task is found there, plain or in base64."""
    assert len(evidence.traces.get(place, [])) >= PLACES[place]
    assert evidence.leaks(place) == []


def test_no_place_is_forgotten(evidence: Evidence) -> None:
    """Every place where something was found is searched."""
    assert evidence.traces.keys() == PLACES.keys()


def test_there_was_something_to_find(evidence: Evidence) -> None:
    """The day had tokens, the search finds what is planted, and the logs are those of DEBUG."""
    assert len(evidence.secrets) >= 7
    planted_day = Evidence(
        {"here": [*(f"x {secret} y" for secret in evidence.secrets), "nothing"]}, evidence.secrets
    )
    assert len(planted_day.leaks("here")) == len(evidence.secrets)
    assert "receive_response_body.started request=<Request [b'GET']>" in str(evidence.traces["logs"])


def test_credentials_show_nothing() -> None:
    """Not even when they are asked for everything they have."""
    credentials = Credentials("a-key-of-mine", "a-secret-of-mine")
    assert repr(credentials) == "<Credentials with signature>"
    assert not hasattr(credentials, "__dict__")
