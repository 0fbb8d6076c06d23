"""Objects and lists drift too: as JSON text, as a single item, or missing."""

from typing import Any

import pytest

from wiro_widgets.protocol import wire_values


@pytest.mark.parametrize(
    ("value", "expected"),
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
def test_mapping(value: object, expected: dict[str, Any]) -> None:
    """An object or its JSON text; anything else is an empty one."""
    assert wire_values.mapping(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [([1], [1]), ("[1, 2]", [1, 2]), ('{"a": 1}', []), ("x", []), (None, []), (5, []), ({}, [])],
)
def test_items(value: object, expected: list[Any]) -> None:
    """A list or its JSON text; anything else is an empty one."""
    assert wire_values.items(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
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
def test_entries(value: object, expected: list[Any]) -> None:
    """A list, or the single value in its place."""
    assert wire_values.items_or_single(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
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
def test_strings(value: object, expected: tuple[str, ...]) -> None:
    """The texts of a list, of its JSON text, or a single text."""
    assert wire_values.strings(value) == expected
