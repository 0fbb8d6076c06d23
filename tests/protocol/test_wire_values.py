"""Values whose types drift: each reader returns one type, or None (docs/protocol.md, Task detail)."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wiro_widgets.protocol import wire_values

NOON = datetime(2025, 12, 4, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "x"),
        ("", ""),
        (5, "5"),
        (20.0, "20"),
        (3.5, "3.5"),
        (0.88, "0.88"),
        (7350148318, "7350148318"),
        (True, "true"),
        (False, "false"),
        (None, None),
        ([], None),
        ({}, None),
    ],
)
def test_text(value: object, text: str | None) -> None:
    """Numbers and booleans have a text; null, lists and objects have none."""
    assert wire_values.text(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_number_text_reads_back_as_the_same_number(value: float) -> None:
    """No digit is lost and none is added: 3.5 stays 3.5."""
    assert float(wire_values.number_text(value)) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("534574", "534574"),
        (534574, "534574"),
        (534574.0, "534574"),
        (" 5 ", "5"),
        ("", None),
        (" ", None),
        (None, None),
        (True, None),
        ([5], None),
        ({}, None),
    ],
)
def test_identifier(value: object, expected: str | None) -> None:
    """An id is text or a number, not a boolean."""
    assert wire_values.identifier(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0.0035", 0.0035),
        ("6.0000", 6.0),
        (6, 6.0),
        (" 5 ", 5.0),
        ("", None),
        ("five", None),
        (None, None),
        (True, None),
        ([1], None),
        ("nan", None),
        ("1e999", None),
        (float("inf"), None),
        (10**400, None),
    ],
)
def test_number(value: object, expected: float | None) -> None:
    """A finite number, or its text."""
    assert wire_values.number(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", 0),
        (0, 0),
        ("-9", -9),
        (1.0, 1),
        ("1.0", 1),
        ("202472", 202472),
        ("9007199254740993", 2**53 + 1),
        ("", None),
        ("garbage", None),
        (None, None),
        (True, None),
        (1.5, None),
        ("1.5", None),
        ({}, None),
        ("9" * 5000, None),
    ],
)
def test_integer(value: object, expected: int | None) -> None:
    """A whole number exactly, however large, or its text."""
    assert wire_values.integer(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, True),
        (1, True),
        ("1", True),
        ("true", True),
        (" TRUE ", True),
        (1.0, True),
        ("yes", True),
        (False, False),
        (0, False),
        ("0", False),
        ("false", False),
        ("no", False),
        (None, None),
        ("", None),
        (2, None),
        ("perhaps", None),
        ([], None),
        ({}, None),
    ],
)
def test_flag(value: object, expected: bool | None) -> None:
    """A boolean in any of its spellings; None for anything else."""
    assert wire_values.flag(value) is expected


@pytest.mark.parametrize(
    "value",
    [
        1764849600,
        "1764849600",
        1764849600.0,
        1764849600000,
        "1764849600000",
        "2025-12-04T12:00:00Z",
        "2025-12-04T14:00:00+02:00",
        "2025-12-04 12:00:00",
        "2025-12-04T12:00:00.000Z",
    ],
)
def test_moment(value: object) -> None:
    """Seconds, milliseconds and ISO 8601 are the same time; without a zone it is UTC."""
    assert wire_values.utc_time(value) == NOON


def test_parts_of_a_second_stay() -> None:
    """Milliseconds are not cut off."""
    time = wire_values.utc_time("1764849600250")
    assert time is not None
    assert time.microsecond == 250_000


@pytest.mark.parametrize(
    "value",
    [
        "0",
        0,
        "",
        None,
        "soon",
        -5,
        True,
        [],
        {},
        float("nan"),
        10**300,
        "0000-00-00 00:00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_no_moment(value: object) -> None:
    """Zero and blank mean never; unreadable times and those outside the calendar too."""
    assert wire_values.utc_time(value) is None
