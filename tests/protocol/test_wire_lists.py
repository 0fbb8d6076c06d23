"""Objects and lists drift too: they come as JSON text, alone, or not at all."""

from typing import Any

import pytest

from wiro_widgets.protocol import wire_values


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"a": 1}, {"a": 1}),
        ('{"a": 1}', {"a": 1}),
        ("[1]", {}),
        ("x", {}),
        ("", {}),
        (None, {}),
        (5, {}),
        ([], {}),
    ],
)
def test_mapping(value: object, found: dict[str, Any]) -> None:
    """An object or its JSON text; anything else is an empty one."""
    assert wire_values.mapping(value) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [([1], [1]), ("[1, 2]", [1, 2]), ('{"a": 1}', []), ("x", []), (None, []), (5, []), ({}, [])],
)
def test_items(value: object, found: list[Any]) -> None:
    """A list or its JSON text; anything else is an empty one."""
    assert wire_values.items(value) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ([1], [1]),
        ("[1]", [1]),
        ({"code": 1}, [{"code": 1}]),
        ('{"code": 1}', [{"code": 1}]),
        ("no", ["no"]),
        ("", []),
        (" ", []),
        ("[]", []),
        ("{}", []),
        (None, []),
        (0, []),
        (False, []),
        ({}, []),
    ],
)
def test_entries(value: object, found: list[Any]) -> None:
    """A list, or the one thing that stands where a list belongs."""
    assert wire_values.items_or_single(value) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (["a", "b"], ("a", "b")),
        ('["a","b"]', ("a", "b")),
        ("a", ("a",)),
        ("[broken", ()),
        ("", ()),
        (None, ()),
        (["a", 5, None], ("a",)),
        ({}, ()),
    ],
)
def test_strings(value: object, found: tuple[str, ...]) -> None:
    """The texts of a list, of its JSON text, or of one word."""
    assert wire_values.strings(value) == found
