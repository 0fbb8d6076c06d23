"""Redaction, and values whose secret fields stay in this process."""

import dataclasses
import json
import pickle
from typing import Any

import pytest

from wiro_widgets.protocol import redact
from wiro_widgets.protocol.detail import read_task
from wiro_widgets.protocol.replies import OutputInfo, Receipt
from wiro_widgets.protocol.state import TaskState, advance

TOKEN = "PlantedTokenPlantedTokenPlant"

HOLDERS = [
    Receipt("5", TOKEN),
    OutputInfo("0.png", access_key=TOKEN),
    read_task(
        {"id": 5, "status": "task_start", "socketaccesstoken": TOKEN, "outputs": [{"accesskey": TOKEN}]}
    ),
    advance(TaskState(), read_task({"id": 5, "status": "task_start", "socketaccesstoken": TOKEN})),
]


@pytest.mark.parametrize("holder", HOLDERS, ids=lambda holder: type(holder).__name__)
def test_a_repr_shows_no_token(holder: object) -> None:
    """Neither repr nor text has it."""
    assert TOKEN not in f"{holder!r} {holder}"


@pytest.mark.parametrize("holder", HOLDERS, ids=lambda holder: type(holder).__name__)
def test_a_pickle_carries_no_token(holder: object) -> None:
    """A pickle has everything but the token."""
    assert TOKEN.encode() not in pickle.dumps(holder)


@pytest.mark.parametrize("holder", HOLDERS, ids=lambda holder: type(holder).__name__)
def test_a_dict_of_it_has_no_token(holder: Any) -> None:
    """`asdict` replaces the token by "[hidden]"."""
    text = json.dumps(dataclasses.asdict(holder), default=str)
    assert TOKEN not in text
    assert "[hidden]" in text


def test_everything_else_is_pickled() -> None:
    """Only the secret fields are lost in a pickle."""
    receipt = pickle.loads(pickle.dumps(Receipt("5", TOKEN)))  # noqa: S301 - our own bytes
    assert receipt == Receipt("5", None)


def test_a_hidden_field_can_be_read_in_its_own_process() -> None:
    """The client needs the token to follow the task."""
    assert Receipt("5", TOKEN).token == TOKEN
    assert isinstance(Receipt("5"), redact.SecretHolder)


def _redact(text: str) -> str:
    return text.replace("secret", "[hidden]")


def test_texts_within_a_value_are_redacted() -> None:
    """Values, keys and the content of JSON texts, also if they are escaped."""
    inner = '{"a": "\\u0073ecret", "\\u0073ecret": ["\\"\\\\u0073ecret\\""]}'
    clean = redact.redact_json({"secret": ["secret", 5, None], "text": inner}, _redact)
    assert clean["[hidden]"] == ["[hidden]", 5, None]
    assert json.loads(clean["text"]) == {"a": "[hidden]", "[hidden]": ['"[hidden]"']}


@pytest.mark.parametrize("text", ["C:\\new", '{"a": "b\\n"}', '["\\u00', '{"a" : "\\/"}'])
def test_a_text_without_a_secret_stays_as_it_is(text: str) -> None:
    """JSON text without a secret is not rewritten."""
    assert redact.redact_json(text, _redact) == text


def test_a_redactor_replaces_every_secret() -> None:
    """Each secret is gone from the text, wherever it stands; None is no secret."""
    redact_text = redact.redactor("keykeykey", "secretsecret", "tokentoken", None)
    assert redact_text("keykeykey secretsecret tokentoken keykeykey") == " ".join([redact.HIDDEN] * 4)


def test_the_longest_secret_goes_first() -> None:
    """A key that begins the secret does not leave the rest of the secret."""
    assert redact.redactor("abcdefgh", "abcdefgh12345678")("abcdefgh12345678") == redact.HIDDEN


def test_a_percent_encoded_secret_is_replaced() -> None:
    """A percent-encoded secret is a secret."""
    assert redact.redactor("key+with/signs")("?k=key%2Bwith%2Fsigns") == f"?k={redact.HIDDEN}"


def test_a_short_secret_stays() -> None:
    """A secret of three letters would hide half a sentence."""
    assert redact.redactor("abc")("abc of it") == "abc of it"
