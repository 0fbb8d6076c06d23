"""Booleans, choices, texts and files as users give them."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.protocol.schema.parameters import Option, Parameter

HUGE = pytest.param(10**5000, id="huge")  # more digits than Python prints
FOG = Parameter("fog", "boolean", default=False)
TITLE = Parameter("title", "text")
RATIO = Parameter(
    "ratio",
    "select",
    default="",
    options=(Option("", "automatic"), Option("16:9", "wide"), Option("5", "five"), Option("false", "No")),
)
IMAGE = Parameter("image", "file", file_style="combine", max_files=1)


def _reason(parameter: Parameter, value: object) -> str:
    with pytest.raises(InvalidParameter) as refusal:
        parameter.convert(value)
    assert refusal.value.parameter == parameter.id
    assert str(refusal.value).startswith(f"{parameter.id}: ")
    return refusal.value.reason


@pytest.mark.parametrize("value", [True, "true", 1, "1", "YES", np.True_])
def test_truth(value: object) -> None:
    """In any of its spellings."""
    assert FOG.convert(value) is True


@pytest.mark.parametrize("value", [False, "false", 0, "0", "off", np.False_])
def test_untruth(value: object) -> None:
    """The same."""
    assert FOG.convert(value) is False


@pytest.mark.parametrize("value", ["perhaps", 2, [], HUGE])
def test_neither(value: object) -> None:
    """A guess could cost money."""
    assert "true or false is needed" in _reason(FOG, value)


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("16:9", "16:9"),
        ("WIDE", "16:9"),
        ("", ""),
        ("automatic", ""),
        (5, "5"),
        (5.0, "5"),
        (False, "false"),
        ("no", "false"),
        (np.int8(5), "5"),
        (Decimal(5), "5"),
        (np.str_("16:9"), "16:9"),
    ],
)
def test_choices(value: object, result: str) -> None:
    """By value, by label, in other letters, as the number or truth value that its text means."""
    assert RATIO.convert(value) == result


@pytest.mark.parametrize("value", ["16:10", [], None, float("nan"), HUGE, "x" * 10_000])
def test_no_choice(value: object) -> None:
    """The sentence stays short."""
    assert len(_reason(RATIO, value)) < 300


def test_a_wrong_choice_names_the_others_and_the_nearest() -> None:
    """The error lists the options."""
    assert _reason(RATIO, "16:8") == "'16:8' is not one of '', '16:9', '5', 'false'. Did you mean '16:9'?"


def test_a_choice_without_options_is_text() -> None:
    """It takes any text instead of refusing all."""
    assert Parameter("x", "select").convert("any") == "any"


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("words", "words"),
        ("", ""),
        (7350148318, "7350148318"),
        (3.5, "3.5"),
        (20.0, "20"),
        (Decimal("3.50"), "3.5"),
        (np.float32(0.88), "0.88"),
        (np.str_("words"), "words"),
    ],
)
def test_text(value: object, result: str) -> None:
    """A number in a text field is its shortest text: a seed may be one."""
    assert TITLE.convert(value) == result


@pytest.mark.parametrize("value", [True, None, b"bytes", [], ["a"], {}, float("nan"), HUGE, object()])
def test_no_text(value: object) -> None:
    """Other types have no obvious text."""
    assert "text is needed" in _reason(TITLE, value)


def test_half_a_character_is_no_text() -> None:
    """UTF-8 cannot encode it."""
    assert "half a character" in _reason(TITLE, "a\ud83d")


@pytest.mark.parametrize("value", ["photo.jpg", "https://f.example/a.png", b"\x89PNG", np.zeros((2, 2, 3))])
def test_a_file_is_handed_on(value: Any) -> None:
    """The client opens it later; a list of one file is a file."""
    assert IMAGE.convert(value) is value
    assert IMAGE.convert([value]) is value


@pytest.mark.parametrize("value", [5, True, None, {}, [None], ["a", 5.5]])
def test_no_file(value: object) -> None:
    """The error says what a file can be."""
    assert "a path, bytes, an image or a URL is needed" in _reason(IMAGE, value)


@pytest.mark.parametrize(
    ("parameter", "count"),
    [
        (IMAGE, 2),
        (Parameter("a", "file", file_style="single"), 2),
        (Parameter("b", "file", file_style="multi", max_files=3), 4),
    ],
)
def test_too_many_files(parameter: Parameter, count: int) -> None:
    """They are counted before anything is opened."""
    assert f"not {count}" in _reason(parameter, ["a.png"] * count)


def test_several_files_stay_several() -> None:
    """In their order; one of them is still a list."""
    several = Parameter("b", "file", file_style="multi")
    assert several.convert(("a.png", "b.png")) == ["a.png", "b.png"]
    assert several.convert("a.png") == ["a.png"]
    assert several.multiple
    assert not IMAGE.multiple
