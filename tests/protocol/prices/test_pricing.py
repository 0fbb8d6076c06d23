from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.prices.price_rows import one, priced
from wiro_widgets.protocol.prices import pricing
from wiro_widgets.protocol.prices.dollars import dollars
from wiro_widgets.protocol.prices.methods import Media, estimate
from wiro_widgets.protocol.prices.pricing import Estimate
from wiro_widgets.protocol.schema.schema import ModelSchema

FLUX = ModelSchema.built_in("tencent/hunyuan-flux-srpo")


@pytest.mark.parametrize(
    ("rows", "values", "amount"),
    [
        (one("cpr", 0.03), {}, 0.03),
        (one("cpr", "0.03"), {}, 0.03),
        (one("cpr", 0), {}, 0.0),
        (one("cpo", 0.1), {"samples": 3}, 0.3),
        (one("cpo", 0.1), {"numOutputs": "2"}, 0.2),
        (one("cpo", 0.1), {"num_images": 0}, 0.1),
        (one("cp-promptlength", 0.001), {"prompt": "a cat"}, 0.005),
        (one("cp-pixel", 0.04), {"width": 1024, "height": 1024}, 0.04),
        (one("cp-pixel", 0.04, priceExtra=0.02), {"width": 1025, "height": 1024}, 0.06),
        (one("cp-pixel", 0.04, priceExtra=0.02), {"size": "2048x2048"}, 0.1),
        (one("cp-pixel", 0.04), {"size": "2048*1024"}, 0.08),
    ],
)
def test_what_the_values_decide_is_exact(rows: Any, values: dict[str, Any], amount: float) -> None:
    """A price per request, output, character or tier is exact where the values say how many there are."""
    found = priced(rows, values)
    assert (found.low, found.high, found.exact) == (amount, amount, True)


def test_one_output_is_told_as_one() -> None:
    """The reason counts as a person does."""
    assert priced(one("cpo"), {"samples": 1}).reason == "$0.10 for one output"
    assert priced(one("cpo"), {"samples": 2}).reason == "$0.10 for each of 2 outputs"


@pytest.mark.parametrize("method", ["cps", "cpt", "cp-realtimeturn", "cp-readoutput", "cp-outputVideoLength"])
def test_what_nobody_can_know_is_unknown(method: str) -> None:
    """Seconds of work, tokens, turns and costs that the model tells are unknown, with the reason."""
    found = priced(one(method), {"prompt": "a cat"})
    assert (found.low, found.high, found.exact, found.reserve) == (None, None, False, None)
    assert len(found.reason) > 20


@pytest.mark.parametrize(
    ("rows", "values"),
    [(one("cpo"), {}), (one("cp-pixel"), {"aspectRatio": "16:9"})],
    ids=["outputs", "pixels"],
)
def test_an_open_end_has_a_low_one(rows: Any, values: dict[str, Any]) -> None:
    """Where one output or tier is certain and more are possible, the low end is known and the high one is not."""
    found = priced(rows, values)
    assert (found.low, found.high, found.exact) == (0.1, None, False)


def test_seconds_of_a_film_are_as_asked_for_but_measured() -> None:
    """A film costs what its length asks for, which is not exact, since Wiro measures the film itself."""
    found = priced(one("cp-outputVideoLength", 0.05), {"duration": "5"})
    assert (found.low, found.high, found.exact) == (0.25, 0.25, False)


def test_seconds_of_sound_come_from_the_file() -> None:
    """Input sound costs its length, up to the next whole second; a file of unknown length leaves it open."""
    known = priced(one("cp-audiosecondslength"), {}, (Media("voice", seconds=2.5),))
    assert (known.low, known.high, known.exact) == (0.25, 0.3, False)
    assert priced(one("cp-audiosecondslength"), {}, (Media("voice"),)).low is None


def test_input_images_cost_by_image_and_tier() -> None:
    """`priceInput` is added for each input image; where the tiers of in- and output differ it is a range."""
    rows = one("cp-pixel", 0.03, priceExtra=0.02, priceInput=0.01)
    size = {"width": 1024, "height": 1024}
    small, large = Media("inputImage", pixels=512 * 512), Media("inputImage", pixels=2048 * 1024)
    assert priced(rows, size, (small, small)).low == 0.05
    assert (priced(rows, size, (large,)).low, priced(rows, size, (large,)).high) == (0.04, 0.05)
    assert priced(rows, size, (Media("inputImage"),)).high is None


def test_several_pictures_of_a_size_are_a_range() -> None:
    """Whether each of several pictures is billed by its pixels is not documented, so it is a range."""
    found = priced(one("cp-pixel"), {"width": 64, "height": 64, "samples": 4})
    assert (found.low, found.high, found.exact) == (0.1, 0.4, False)


def test_defaults_count_as_given() -> None:
    """What the user leaves to the model's default is priced by the default."""
    assert FLUX is not None
    prices = pricing.read({"dynamicprice": one("cpo", 0.01)})
    assert estimate(prices, {"prompt": "x"}, FLUX).high == 0.01
    assert estimate(prices, {"prompt": "x", "samples": 4}, FLUX).high == 0.04


def test_without_rows_wiro_bills_by_the_second() -> None:
    """A model without price rows costs `cps` a second; Wiro's average is told, and bounds nothing."""
    found = priced(None, {}, cps="0.000585", approximatelycost="0.00234")
    assert (found.low, found.high, found.typical, found.reserve) == (None, None, 0.00234, 0.00234)
    assert str(found).startswith("about $0.00234 ($0.000585 for each second")


@pytest.mark.parametrize("rows", [None, "", "nonsense", [], [{}], [{"price": "free"}], [{"price": -1}], 7])
def test_nothing_told_is_nothing_known(rows: Any) -> None:
    """A catalogue entry without a readable price gives an unknown cost and never a made-up one."""
    found = priced(rows, {"prompt": "x"})
    assert (found.low, found.high, found.typical) == (None, None, None)


def test_a_method_of_tomorrow_is_unknown() -> None:
    """A price method that this version does not know is named in the reason."""
    assert "cp-moonphase" in priced(one("cp-moonphase"), {}).reason


def test_a_total_knows_what_its_parts_know() -> None:
    """The sum of exact costs is exact to the last digit; one unknown part leaves the sum open."""
    exact, unknown = priced(one("cpr"), {}), priced(one("cps"), {})
    assert pricing.total([exact] * 3).high == 0.3
    assert pricing.total([exact, unknown]).high is None
    assert pricing.total([]).high == 0.0


def test_equal_runs_say_what_is_typical_of_an_open_cost() -> None:
    """What equal runs have cost before takes the place of Wiro's average and promises nothing; an exact cost stays."""
    found = pricing.with_past_costs(priced(one("cps"), {}, approximatelycost="0.001"), [0.003, 0.002])
    assert (found.low, found.high, found.exact) == (None, None, False)
    assert (found.typical, found.reserve, found.amount) == (0.003, 0.003, "about $0.003")
    assert "2 such runs of yours cost $0.002 to $0.003" in found.reason
    exact = priced(one("cpr"), {})
    assert pricing.with_past_costs(exact, [5.0]) is exact
    assert pricing.with_past_costs(priced(one("cpo"), {}), [0.04]).low == 0.1


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (2, "$2.00"),
        (0.13, "$0.13"),
        (0.1, "$0.10"),
        (0.000585, "$0.000585"),
        (0, "$0.00"),
        (12.345, "$12.35"),
    ],
)
def test_amounts_are_shown_as_short_as_they_are_true(amount: float, text: str) -> None:
    """An amount has at least two decimals, and small ones keep their digits."""
    assert dollars(amount) == text


@given(
    st.dictionaries(
        st.sampled_from(["dynamicprice", "cps", "approximatelycost"]),
        st.recursive(
            st.none()
            | st.booleans()
            | st.floats()
            | st.text(max_size=8)
            | st.sampled_from(["cpo", "cp-pixel"]),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["price", "priceMethod", "inputs", "priceExtra"]), inner, max_size=4
                )
            ),
            max_leaves=8,
        ),
    )
)
def test_any_catalogue_entry_can_be_read(tool: dict[str, Any]) -> None:
    """Whatever the catalogue holds, an estimate comes out whose low end is not above its high one."""
    found = estimate(pricing.read(tool), {"prompt": "x", "width": 64, "height": 64})
    assert found.low is None or found.high is None or found.low <= found.high
    assert str(found)


@pytest.mark.parametrize(
    ("estimate", "words"),
    [
        (Estimate(0.04, 0.04, exact=True, reason=""), "$0.04"),
        (Estimate(0.0024, 0.0024, exact=False, reason=""), "about $0.0024"),
        (Estimate(0.02, 0.05, exact=False, reason=""), "$0.02 to $0.05"),
        (Estimate(0.02, None, exact=False, reason=""), "at least $0.02"),
        (Estimate(None, 0.05, exact=False, reason=""), "at most $0.05"),
        (Estimate(None, None, exact=False, reason="", typical=0.003), "about $0.003"),
        (Estimate(None, None, exact=False, reason=""), "unknown"),
    ],
)
def test_what_is_known_of_a_cost_in_words(estimate: Estimate, words: str) -> None:
    """Only what is exact is said without a reserve."""
    assert estimate.amount == words
