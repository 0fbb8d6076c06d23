"""Numbers as users give them: exact, or refused with the field's name."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.protocol.schema.parameters import Option, Parameter

HUGE = pytest.param(10**5000, id="huge")  # more digits than Python prints
STEPS = Parameter("steps", "range", default=20, minimum=1, maximum=50, step=1, integer=True)
SCALE = Parameter("scale", "range", default=3.5, minimum=0, maximum=10, step=0.1)
SEED = Parameter("seed", "number", minimum=0, step=1, integer=True)


def _reason(parameter: Parameter, value: object) -> str:
    with pytest.raises(InvalidParameter) as refusal:
        parameter.convert(value)
    assert refusal.value.parameter == parameter.id
    assert str(refusal.value).startswith(f"{parameter.id}: ")
    return refusal.value.reason


@pytest.mark.parametrize(
    "value",
    [
        7350148318,
        "7350148318",
        " 7350148318 ",
        7350148318.0,
        "7350148318.0",
        "7.350148318e9",
        Decimal(7350148318),
        np.int64(7350148318),
        np.uint64(7350148318),
        np.float64(7350148318),
        np.array(7350148318),
        Fraction(7350148318),
    ],
    ids=repr,
)
def test_a_large_seed_is_exact(value: object) -> None:
    """7350148318 is larger than 32 bits and stays a whole number in every type."""
    number = SEED.convert(value)
    assert number == 7350148318
    assert type(number) is int


@pytest.mark.parametrize(
    "value", [3.5, "3.5", "3.50", Decimal("3.5"), np.float64(3.5), np.float32(3.5), Fraction(7, 2)]
)
def test_a_scale_is_exact(value: object) -> None:
    """3.5 is 3.5."""
    number = SCALE.convert(value)
    assert number == 3.5
    assert type(number) is float


@pytest.mark.parametrize(
    ("parameter", "value", "advice"),
    [
        (SCALE, "0,5", "; write 0.5, with a point for decimals"),
        (SCALE, " -1,25 ", "; write -1.25, with a point for decimals"),
        (SCALE, "1.000,5", "; write 1000.5, with a point for decimals"),
        (SCALE, "1 000,5", "; write 1000.5, with a point for decimals"),
        (SCALE, "1,000.5", "; write 1000.5, with a point for decimals"),
        (SCALE, "1,000", "; write 1.000 or 1000, with a point for decimals"),
        (STEPS, "1,000", "; write 1000, with a point for decimals"),
        (STEPS, "0,5", ""),
        (SCALE, "1,2,3", ""),
        (SCALE, "a,b", ""),
    ],
)
def test_a_comma_is_told_from_a_point(parameter: Parameter, value: str, advice: str) -> None:
    """A number with commas is refused, with what it may mean as it is to be written."""
    kind = "a whole number" if parameter.integer else "a number"
    assert _reason(parameter, value) == f"{kind} is needed, not {value!r}{advice}"


@pytest.mark.parametrize("value", [0.88, "0.88", ".88", Decimal("0.88"), np.float64(0.88), np.float32(0.88)])
def test_a_strength_is_exact(value: object) -> None:
    """0.88 stays 0.88, also from a numpy number of 32 bits."""
    assert Parameter("strength", "range", minimum=0, maximum=1).convert(value) == 0.88


@given(st.integers(min_value=0, max_value=2**200))
def test_huge_whole_numbers_are_exact(value: int) -> None:
    """No digit goes through a float: as int, as text, as Decimal."""
    assert SEED.convert(value) == SEED.convert(str(value)) == SEED.convert(Decimal(value)) == value


@given(st.floats(min_value=0, max_value=10))
def test_every_float_survives_its_text(value: float) -> None:
    """A form carries the same number."""
    assert SCALE.convert(repr(value)) == SCALE.convert(value) == value


@pytest.mark.parametrize("parameter", [STEPS, SCALE, SEED])
@pytest.mark.parametrize("value", [True, False, np.True_])
def test_a_truth_value_is_no_number(parameter: Parameter, value: object) -> None:
    """True is not one step."""
    assert "number is needed" in _reason(parameter, value)


@pytest.mark.parametrize("parameter", [STEPS, SCALE])
@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        -float("inf"),
        "nan",
        "inf",
        "-Infinity",
        "1e999",
        Decimal("NaN"),
        Decimal("sNaN"),
        np.nan,
        np.float32("inf"),
        pytest.param(Fraction(10**5000), id="fraction"),
        HUGE,
        "9" * 5000,
    ],
    ids=lambda value: repr(value)[:12],
)
def test_what_no_float_can_hold_is_no_number(parameter: Parameter, value: object) -> None:
    """NaN, infinities and huge numbers, as numbers and as text."""
    assert "number is needed" in _reason(parameter, value)


@pytest.mark.parametrize(
    "value",
    [
        "many",
        "",
        "1_000",
        "0x10",
        "12 px",
        None,
        [],
        [5],
        {},
        b"5",
        np.array([1, 2]),
        object(),
        1j,
        np.str_("x"),
    ],
)
def test_what_is_no_number(value: object) -> None:
    """The error quotes a small value, and the type of a large one."""
    assert "a whole number is needed, not" in _reason(STEPS, value)


@pytest.mark.parametrize("value", [20.5, "20.5", Decimal("20.5"), np.float64(20.5)])
def test_a_half_step_is_refused(value: object) -> None:
    """A parameter of whole numbers takes no fraction."""
    assert "a whole number is needed" in _reason(STEPS, value)


@pytest.mark.parametrize(
    ("parameter", "value", "reason"),
    [
        (STEPS, 0, "must be between 1 and 50, not 0"),
        (STEPS, "51", "must be between 1 and 50, not 51"),
        (SCALE, 10.25, "must be between 0 and 10, not 10.25"),
        (SEED, -1, "must be at least 0, not -1"),
        (Parameter("x", "number", maximum=1.5), 2, "must be at most 1.5, not 2"),
    ],
)
def test_bounds(parameter: Parameter, value: object, reason: str) -> None:
    """The error names both bounds."""
    assert _reason(parameter, value) == reason


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        (Parameter("shift", "number", default=12.5, maximum=10), 12.5),
        (Parameter("width", "number", default=0, minimum=64), 0),
        (Parameter("style", "select", default="oil", options=(Option("ink", "Ink"),)), "oil"),
    ],
)
def test_a_default_outside_its_own_rules_is_taken(parameter: Parameter, value: object) -> None:
    """Catalogues have them, and Wiro accepts them."""
    assert parameter.convert(value) == value
