"""Axes as a person types them."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wiro_widgets import InvalidParameter
from wiro_widgets.protocol.schema.parameters import Option, Parameter
from wiro_widgets.sweeps import axis_syntax

STEPS = Parameter("steps", "range", integer=True, minimum=1, maximum=50, step=1)
SCALE = Parameter("scale", "range", minimum=0, maximum=10, step=0.1)
SEED = Parameter("seed", "number", integer=True, minimum=0)
TEXT_SEED = Parameter("seed", "text", default="0")
PROMPT = Parameter("prompt", "textarea", required=True)
FLAG = Parameter("upscale", "boolean")
SIZE = Parameter(
    "size", "select", options=(Option("s", "Small"), Option("l", "Large"), Option("a, b", "Both, at once"))
)


@pytest.mark.parametrize(
    ("parameter", "text", "values"),
    [
        (STEPS, "10, 20, 30", (10, 20, 30)),
        (STEPS, "10; 20\n30,", (10, 20, 30)),
        (STEPS, "1..4", (1, 2, 3, 4)),
        (STEPS, "1 to 4", (1, 2, 3, 4)),
        (STEPS, "1\N{HORIZONTAL ELLIPSIS}3", (1, 2, 3)),
        (STEPS, "10..50 by 10", (10, 20, 30, 40, 50)),
        (STEPS, "10..50:20", (10, 30, 50)),
        (STEPS, "10..45 step 10", (10, 20, 30, 40)),
        (STEPS, "30..10 by 10", (30, 20, 10)),
        (STEPS, "4..1, 1..2, 7", (4, 3, 2, 1, 7)),
        (STEPS, "10..50 in 3", (10, 30, 50)),
        (STEPS, "7..7", (7,)),
        (STEPS, "20, 20.0, 2e1", (20,)),
        (SCALE, "0..1 by 0.25", (0, 0.25, 0.5, 0.75, 1)),
        (SCALE, "0.1..0.5 by 0.1", (0.1, 0.2, 0.3, 0.4, 0.5)),
        (SCALE, "0..1 in 4", (0, 0.333333333333, 0.666666666667, 1)),
        (SCALE, "2..4", (2, 3, 4)),
        (SCALE, ".5..1.5 by .5", (0.5, 1, 1.5)),
        (SCALE, "0,5; 1,5", (0.5, 1.5)),
        (SCALE, "0,5..1 by 0,1; 2", (0.5, 0.6, 0.7, 0.8, 0.9, 1, 2)),
        (SCALE, "0.5,1", (0.5, 1)),
        (SCALE, ".5,1", (0.5, 1)),
        (SCALE, "1,2,3", (1, 2, 3)),
        (SCALE, "0, 5", (0, 5)),
        (STEPS, "1,5", (1, 5)),
        (TEXT_SEED, "1,5", ("1", "5")),
        (SEED, "7350148318..7350148320", (7350148318, 7350148319, 7350148320)),
        (SEED, "9223372036854775806..9223372036854775807", (2**63 - 2, 2**63 - 1)),
        (TEXT_SEED, "1..3", ("1", "2", "3")),
        (TEXT_SEED, "12345678901234567890", ("12345678901234567890",)),
        (FLAG, "true, false", (True, False)),
        (FLAG, "*", (True, False)),
        (SIZE, "s, Large", ("s", "l")),
        (SIZE, "*", ("s", "l", "a, b")),
        (SIZE, "a, b\ns", ("a, b", "s")),
        (SIZE, "Both, at once", ("a, b",)),
        (PROMPT, "a cat, asleep\n\n a dog \n", ("a cat, asleep", "a dog")),
        (PROMPT, "one\ntwo\nthree", ("one", "two", "three")),
        (PROMPT, "a poem\nof two lines\n\nanother", ("a poem\nof two lines", "another")),
        (PROMPT, "1..4", ("1..4",)),
        (PROMPT, "\nfirst\nsecond\n\n", ("first", "second")),
        (PROMPT, "a {red|blue} fox\na hen", ("a red fox", "a blue fox", "a hen")),
        (PROMPT, "a {red|blue} fox\na red fox", ("a red fox", "a blue fox")),
        (PROMPT, r"a \{red|blue\} fox", ("a {red|blue} fox",)),
        (PROMPT, '{"mood": "calm"}', ('{"mood": "calm"}',)),
        (PROMPT, "{a|}", ("a",)),
    ],
)
def test_what_is_typed_and_what_it_means(parameter: Parameter, text: str, values: tuple[Any, ...]) -> None:
    """Each value once, converted as the model takes it."""
    result = axis_syntax.read(text, parameter)
    assert (result, list(map(type, result))) == (values, list(map(type, values)))


@pytest.mark.parametrize(
    ("parameter", "text", "words"),
    [
        (STEPS, "", "no values yet"),
        (STEPS, " , ;\n", "no values yet"),
        (STEPS, "10, many", "many"),
        (STEPS, "10..60 by 10", "between 1 and 50, not 60"),
        (STEPS, "..4", "no beginning"),
        (STEPS, "1..4 by 0", "steps of 0"),
        (STEPS, "1..4 in 1", "at least 2"),
        (STEPS, "1..2 in 3", "a whole number"),
        (STEPS, "1..4 by", "1..4 by"),
        (SCALE, "0.5..1", "0.5..1 by 0.1"),
        (SCALE, "0,5", "'0,5' is ambiguous: write '0.5' with a point for one number, or '0, 5' with"),
        (SCALE, "0,5..1 by 0,1", "'0,5' is ambiguous"),
        (SCALE, "1..2 by 0,25", "'0,25' is ambiguous"),
        (SCALE, "0..1,5 by 1", "'1,5' is ambiguous"),
        (SCALE, "1:1,5", "'1,5' is ambiguous"),
        (SCALE, "1, 1,5", "'1,5' is ambiguous"),
        (SCALE, "1.000,5", "write '1000.5' with a point"),
        (SEED, "0..1000000", "more than 10,000"),
        (SEED, "0..1e9 by 1e-20", "more than 10,000"),
        (SEED, "0..1e999999", "out of range"),
        (SEED, "1e-999999..1", "out of range"),
        (SEED, "0..9999999 in 99999999999", "at most 10,000"),
        (SIZE, "s, huge", "huge"),
        (FLAG, "perhaps", "perhaps"),
        (PROMPT, "\n".join(map(str, range(10_001))), "more than 10,000"),
        (PROMPT, "a cat\na {red|blue fox", "no }"),
        (PROMPT, "a {@beasts}", "no word list 'beasts'"),
        (PROMPT, "{0|1}" * 40, "more than 10,000"),
        (PROMPT, "{0|1}" * 13 + "\n" + "{2|3}" * 13, "more than 10,000"),
        (Parameter("inputImage", "file"), "a.png", "files"),
    ],
)
def test_what_cannot_be_read(parameter: Parameter, text: str, words: str) -> None:
    """The error names the field and what was typed, and nothing takes long."""
    with pytest.raises(InvalidParameter, match=words.replace(".", r"\.")) as refused:
        axis_syntax.read(text, parameter)
    assert refused.value.parameter == parameter.id


@pytest.mark.parametrize(
    ("parameter", "values", "text"),
    [
        (STEPS, (10, 20, 30), "10, 20, 30"),
        (SEED, tuple(range(100)), "0..99"),
        (STEPS, (10, 20, 30, 40, 50), "10..50 by 10"),
        (STEPS, (50, 40, 30, 20, 10), "50..10 by 10"),
        (SCALE, (0.5, 1, 1.5), "0.5, 1, 1.5"),
        (TEXT_SEED, ("1", "2", "3", "4", "5"), "1..5"),
        (PROMPT, ("a cat", "a dog"), "a cat\na dog"),
        (PROMPT, ("a\nb", "c"), "a\nb\n\nc"),
        (PROMPT, ("a {red|blue} fox", '{"a": 1}'), 'a \\{red\\|blue\\} fox\n{"a": 1}'),
        (SIZE, ("s", "a, b"), "s\na, b"),
        (FLAG, (True, False), "true, false"),
    ],
)
def test_values_as_they_would_be_typed(parameter: Parameter, values: tuple[Any, ...], text: str) -> None:
    """Values that were set from Python are written as a person would type them."""
    assert axis_syntax.write(values, parameter) == text
    assert axis_syntax.read(text, parameter) == values


@given(st.lists(st.integers(0, 2**70), min_size=1, unique=True))
def test_whole_numbers_come_back(values: list[int]) -> None:
    """Seeds that are written as text are read as the same seeds."""
    assert axis_syntax.read(axis_syntax.write(values, SEED), SEED) == tuple(values)


@given(st.lists(st.floats(0, 10), min_size=1, unique=True))
def test_other_numbers_come_back(values: list[float]) -> None:
    """Other numbers that are written as text are read as the same numbers."""
    assert axis_syntax.read(axis_syntax.write(values, SCALE), SCALE) == tuple(values)


@given(st.text(max_size=60))
def test_nothing_that_is_typed_does_harm(text: str) -> None:
    """Any text is either read, or refused with InvalidParameter."""
    for parameter in (STEPS, SCALE, SEED, TEXT_SEED, PROMPT, FLAG, SIZE):
        with suppress(InvalidParameter):
            assert axis_syntax.read(text, parameter)


@pytest.mark.parametrize(
    ("parameter", "value", "text"),
    [
        (STEPS, 20, "20"),
        (SEED, 7350148318, "7350148318..7350148321"),
        (TEXT_SEED, "41", "41..44"),
        (TEXT_SEED, "cat", "cat"),
        (SEED, None, "1..4"),
        (SCALE, None, ""),
        (PROMPT, "a cat", "a cat"),
        (PROMPT, "a {red|blue} fox", r"a \{red\|blue\} fox"),
        (FLAG, None, "true, false"),
        (SIZE, "s", "s\nl\na, b"),
    ],
)
def test_how_an_axis_begins(parameter: Parameter, value: Any, text: str) -> None:
    """A new axis begins with the value of the control and likely neighbours of it."""
    assert axis_syntax.beginning(parameter, value) == text


def test_an_empty_field_shows_how() -> None:
    """The example in an empty field can be typed as it is."""
    examples = [axis_syntax.example(item) for item in (STEPS, SCALE, SEED, PROMPT, SIZE, FLAG)]
    assert examples[0] == "1..4, or 10..50 by 10"
    assert axis_syntax.read("0..1 by 0.25", SCALE)
    assert examples[3] == "One a line, or a {red|blue} fox"
