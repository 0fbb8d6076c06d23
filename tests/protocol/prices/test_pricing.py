from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.prices.price_rows import estimate_of, one_price
from wiro_widgets.protocol.prices import pricing
from wiro_widgets.protocol.prices.dollars import dollars
from wiro_widgets.protocol.prices.methods import Media, estimate
from wiro_widgets.protocol.prices.pricing import Estimate
from wiro_widgets.protocol.schema.schema import ModelSchema

FLUX = ModelSchema.built_in("tencent/hunyuan-flux-srpo")


@pytest.mark.parametrize(
    ("rows", "values", "amount"),
    [
        (one_price("cpr", 0.03), {}, 0.03),
        (one_price("cpr", "0.03"), {}, 0.03),
        (one_price("cpr", 0), {}, 0.0),
        (one_price("cpo", 0.1), {"samples": 3}, 0.3),
        (one_price("cpo", 0.1), {"numOutputs": "2"}, 0.2),
        (one_price("cpo", 0.1), {"num_images": 0}, 0.1),
        (one_price("cp-promptlength", 0.001), {"prompt": "a cat"}, 0.005),
        (one_price("cp-pixel", 0.04), {"width": 1024, "height": 1024}, 0.04),
        (one_price("cp-pixel", 0.04, priceExtra=0.02), {"width": 1025, "height": 1024}, 0.06),
        (one_price("cp-pixel", 0.04, priceExtra=0.02), {"size": "2048x2048"}, 0.1),
        (one_price("cp-pixel", 0.04), {"size": "2048*1024"}, 0.08),
    ],
)
def test_a_cost_that_the_values_decide_is_exact(rows: Any, values: dict[str, Any], amount: float) -> None:
    """A price per request, output, character or tier is exact if the values give the number."""
    cost = estimate_of(rows, values)
    assert (cost.low, cost.high, cost.exact) == (amount, amount, True)


def test_one_output_is_singular() -> None:
    """The reason distinguishes singular and plural."""
    assert estimate_of(one_price("cpo"), {"samples": 1}).reason == "$0.10 for one output"
    assert estimate_of(one_price("cpo"), {"samples": 2}).reason == "$0.10 for each of 2 outputs"


@pytest.mark.parametrize("method", ["cps", "cpt", "cp-realtimeturn", "cp-readoutput", "cp-outputVideoLength"])
def test_an_unpredictable_cost_is_unknown(method: str) -> None:
    """Seconds of work, tokens, turns and costs that the model reports are unknown, with the reason."""
    cost = estimate_of(one_price(method), {"prompt": "a cat"})
    assert (cost.low, cost.high, cost.exact, cost.reserve) == (None, None, False, None)
    assert len(cost.reason) > 20


@pytest.mark.parametrize(
    ("rows", "values"),
    [(one_price("cpo"), {}), (one_price("cp-pixel"), {"aspectRatio": "16:9"})],
    ids=["outputs", "pixels"],
)
def test_a_cost_without_upper_bound_has_a_lower_one(rows: Any, values: dict[str, Any]) -> None:
    """If one output or tier is certain and more are possible, only the lower bound is known."""
    cost = estimate_of(rows, values)
    assert (cost.low, cost.high, cost.exact) == (0.1, None, False)


def test_video_seconds_are_as_requested_but_measured() -> None:
    """A video costs by its requested length; that is not exact, because Wiro measures the video."""
    cost = estimate_of(one_price("cp-outputVideoLength", 0.05), {"duration": "5"})
    assert (cost.low, cost.high, cost.exact) == (0.25, 0.25, False)


def test_audio_seconds_come_from_the_file() -> None:
    """Input audio costs its length, at most rounded up to a second; an unknown length leaves it open."""
    cost = estimate_of(one_price("cp-audiosecondslength"), {}, (Media("voice", seconds=2.5),))
    assert (cost.low, cost.high, cost.exact) == (0.25, 0.3, False)
    assert estimate_of(one_price("cp-audiosecondslength"), {}, (Media("voice"),)).low is None


def test_input_images_cost_by_image_and_tier() -> None:
    """`priceInput` is added for each input image; if the tiers of input and output differ, it is a range."""
    rows = one_price("cp-pixel", 0.03, priceExtra=0.02, priceInput=0.01)
    size = {"width": 1024, "height": 1024}
    small, large = Media("inputImage", pixels=512 * 512), Media("inputImage", pixels=2048 * 1024)
    assert estimate_of(rows, size, (small, small)).low == 0.05
    assert (estimate_of(rows, size, (large,)).low, estimate_of(rows, size, (large,)).high) == (0.04, 0.05)
    assert estimate_of(rows, size, (Media("inputImage"),)).high is None


def test_several_images_of_a_size_are_a_range() -> None:
    """Whether each of several images is billed by its pixels is not documented, so it is a range."""
    cost = estimate_of(one_price("cp-pixel"), {"width": 64, "height": 64, "samples": 4})
    assert (cost.low, cost.high, cost.exact) == (0.1, 0.4, False)


def test_defaults_count_as_given() -> None:
    """A value that is left out is priced by the model's default."""
    assert FLUX is not None
    prices = pricing.read({"dynamicprice": one_price("cpo", 0.01)})
    assert estimate(prices, {"prompt": "x"}, FLUX).high == 0.01
    assert estimate(prices, {"prompt": "x", "samples": 4}, FLUX).high == 0.04


def test_without_rows_wiro_bills_by_the_second() -> None:
    """A model without price rows costs `cps` a second; Wiro's average is typical and no bound."""
    cost = estimate_of(None, {}, cps="0.000585", approximatelycost="0.00234")
    assert (cost.low, cost.high, cost.typical, cost.reserve) == (None, None, 0.00234, 0.00234)
    assert str(cost).startswith("about $0.00234 ($0.000585 for each second")


@pytest.mark.parametrize("rows", [None, "", "nonsense", [], [{}], [{"price": "free"}], [{"price": -1}], 7])
def test_no_readable_price_is_unknown(rows: Any) -> None:
    """A catalogue entry without a readable price gives an unknown cost."""
    cost = estimate_of(rows, {"prompt": "x"})
    assert (cost.low, cost.high, cost.typical) == (None, None, None)


def test_an_unknown_method_is_unknown() -> None:
    """A price method that this version does not know is named in the reason."""
    assert "cp-moonphase" in estimate_of(one_price("cp-moonphase"), {}).reason


def test_a_total_is_as_certain_as_its_parts() -> None:
    """The sum of exact costs is exact to the last digit; one unknown part makes it unknown."""
    exact, unknown = estimate_of(one_price("cpr"), {}), estimate_of(one_price("cps"), {})
    assert pricing.total([exact] * 3).high == 0.3
    assert pricing.total([exact, unknown]).high is None
    assert pricing.total([]).high == 0.0


def test_equal_past_runs_give_a_typical_cost() -> None:
    """The cost of equal past runs replaces Wiro's average and is no bound; an exact cost stays."""
    cost = pricing.with_past_costs(
        estimate_of(one_price("cps"), {}, approximatelycost="0.001"), [0.003, 0.002]
    )
    assert (cost.low, cost.high, cost.exact) == (None, None, False)
    assert (cost.typical, cost.reserve, cost.amount) == (0.003, 0.003, "about $0.003")
    assert "2 such runs of yours cost $0.002 to $0.003" in cost.reason
    exact = estimate_of(one_price("cpr"), {})
    assert pricing.with_past_costs(exact, [5.0]) is exact
    assert pricing.with_past_costs(estimate_of(one_price("cpo"), {}), [0.04]).low == 0.1


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
def test_amounts_are_short_and_exact(amount: float, text: str) -> None:
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
    """Any catalogue entry gives an estimate whose lower bound is not above the upper one."""
    cost = estimate(pricing.read(tool), {"prompt": "x", "width": 64, "height": 64})
    assert cost.low is None or cost.high is None or cost.low <= cost.high
    assert str(cost)


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
def test_a_cost_in_words(estimate: Estimate, words: str) -> None:
    """Only an exact cost is shown without "about" or a bound."""
    assert estimate.amount == words
