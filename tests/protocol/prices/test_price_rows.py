from typing import Any

import pytest

from tests.protocol.prices.price_rows import estimate_of, one_price, price_row
from wiro_widgets.protocol.prices.methods import Media

VIDEO = [
    {"inputs": {"resolution": "720p", "duration": "5"}, "price": 0.13, "priceMethod": "cpr"},
    {"inputs": {"resolution": "1080p", "duration": "5"}, "price": 0.29, "priceMethod": "cpr"},
    {"inputs": {"resolution": "720p", "duration": "10"}, "price": 0.26, "priceMethod": "cpr"},
]


def test_the_row_whose_inputs_all_match_applies() -> None:
    """Rows are chosen by values as text or number, whatever their case."""
    assert estimate_of(VIDEO, {"resolution": "1080P", "duration": 5}).low == 0.29
    assert estimate_of(VIDEO, {"resolution": "720p", "duration": "10.0"}).low == 0.26


def test_the_most_particular_row_goes_first() -> None:
    """A row goes before those with only a part of its conditions."""
    rows = [
        *one_price("cpr", 0.5),
        price_row("cpr", 0.1, mode="fast"),
        price_row("cpr", 0.2, mode="fast", sound="on"),
    ]
    assert [
        estimate_of(rows, {"mode": mode, "sound": sound}).high
        for mode, sound in (("fast", "on"), ("fast", "off"), ("slow", "on"))
    ] == [0.2, 0.1, 0.5]
    assert estimate_of(rows, {"mode": "fast", "sound": "on"}).exact


@pytest.mark.parametrize(
    "rows",
    [
        [price_row("cpr", 0.1, resolution="720p"), price_row("cpr", 0.5, duration="5")],
        [price_row("cpr", 0.1), price_row("cpr", 0.5)],
        [price_row("cpr", 0.1, resolution="720p"), price_row("cpr", 0.5, duration="5", mode="std")],
        [price_row("cpr", 0.1, resolution="720p"), price_row("cpr", 0.5, sound="on")],
    ],
    ids=["two values", "twice everything", "two values and one", "one that may apply"],
)
def test_rows_that_contradict_each_other_are_a_range(rows: Any) -> None:
    """If several rows apply and none has more conditions than the others, any of them may be the price."""
    cost = estimate_of(rows, {"resolution": "720p", "duration": 5, "mode": "std"})
    assert (cost.low, cost.high, cost.exact) == (0.1, 0.5, False)
    assert cost.reason == "$0.10 for each run; or $0.50 for each run"


def test_rows_that_agree_are_exact() -> None:
    """Two rows that apply with the same price are exact."""
    rows = [price_row("cpr", 0.1, resolution="720p"), price_row("cpr", "0.10", duration="5")]
    assert estimate_of(rows, {"resolution": "720p", "duration": "5"}).exact


def test_a_row_that_may_not_apply_is_not_exact() -> None:
    """A single price whose conditions are unknown is "about" that price."""
    cost = estimate_of([price_row("cpr", 0.1, resolution="720p")], {})
    assert (cost.low, cost.high, cost.exact) == (0.1, 0.1, False)
    assert str(cost) == "about $0.10 ($0.10 for each run, if that price applies)"


@pytest.mark.parametrize(
    "bad_row",
    [
        price_row("cpr", "n/a", resolution="720p"),
        price_row("cpr", None, resolution="720p"),
        price_row("cpr", -1, resolution="720p"),
        price_row("cp-pixel", 0.1, resolution="720p") | {"priceExtra": "n/a"},
        price_row("cp-pixel", 0.1, resolution="720p") | {"priceInput": -1},
        price_row("cpr", "n/a"),
        {"inputs": "nonsense", "price": "n/a"},
        {},
        "nonsense",
        None,
    ],
    ids=str,
)
def test_a_damaged_price_makes_the_cost_unknown(bad_row: Any) -> None:
    """An unreadable row may be the one that applies, so the cost is unknown."""
    cost = estimate_of([bad_row, price_row("cpr", 0.2)], {"resolution": "720p"})
    assert (cost.low, cost.high, cost.exact) == (None, None, False)
    assert "cannot be read" in cost.reason


def test_a_damaged_price_of_other_values_does_not_matter() -> None:
    """An unreadable row for other values changes nothing."""
    bad_row = price_row("cpr", "n/a", resolution="720p")
    assert estimate_of([bad_row, price_row("cpr", 0.2)], {"resolution": "1080p"}).exact
    assert estimate_of(
        [price_row("cpr", "n/a"), price_row("cpr", 0.2, resolution="720p")], {"resolution": "720p"}
    ).exact


@pytest.mark.parametrize("inputs", ["nonsense", 7, ["720p"], {"resolution": {}}, {"resolution": None}])
def test_a_price_of_unknown_values_is_not_exact(inputs: Any) -> None:
    """A row with unreadable `inputs` may apply, so it makes a range with those that do."""
    rows = [{"inputs": inputs, "price": 0.1, "priceMethod": "cpr"}, price_row("cpr", 0.2)]
    cost = estimate_of(rows, {"resolution": "720p"})
    assert (cost.low, cost.high, cost.exact) == (0.1, 0.2, False)


@pytest.mark.parametrize("inputs", [None, "", {}, [], " {} ", "[]"])
def test_a_price_without_inputs_is_for_every_run(inputs: Any) -> None:
    """A row without conditions applies to every run, in any form of being empty."""
    assert estimate_of([{"inputs": inputs, "price": 0.1, "priceMethod": "cpr"}], {}).exact


def test_a_value_that_is_not_given_leaves_a_range() -> None:
    """If a deciding value is missing and has no default, all rows that may apply make a range."""
    cost = estimate_of(VIDEO, {"duration": "5"})
    assert (cost.low, cost.high, cost.exact) == (0.13, 0.29, False)
    assert estimate_of([*one_price("cpr", 0.5), VIDEO[0]], {"duration": 5}).high == 0.5


def test_no_row_that_fits_is_unknown() -> None:
    """Values that no row has give an unknown cost, not the nearest row's."""
    cost = estimate_of(VIDEO, {"resolution": "480p", "duration": "5"})
    assert (cost.low, cost.high) == (None, None)
    assert "no price row" in cost.reason


def test_rows_count_files() -> None:
    """QUANTITY:n in a row's inputs is the number of files under that parameter."""
    rows = [{"inputs": {"images": f"QUANTITY:{n}"}, "price": n / 10, "priceMethod": "cpr"} for n in (1, 2, 3)]
    assert estimate_of(rows, {}, (Media("images"), Media("images"))).low == 0.2
