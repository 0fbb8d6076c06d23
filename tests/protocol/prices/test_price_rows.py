from typing import Any

import pytest

from tests.protocol.prices.price_rows import one, priced, row
from wiro_widgets.protocol.prices.methods import Media

VIDEO = [
    {"inputs": {"resolution": "720p", "duration": "5"}, "price": 0.13, "priceMethod": "cpr"},
    {"inputs": {"resolution": "1080p", "duration": "5"}, "price": 0.29, "priceMethod": "cpr"},
    {"inputs": {"resolution": "720p", "duration": "10"}, "price": 0.26, "priceMethod": "cpr"},
]


def test_the_row_whose_inputs_all_match_applies() -> None:
    """Rows are chosen by values as text or number, whatever their case."""
    assert priced(VIDEO, {"resolution": "1080P", "duration": 5}).low == 0.29
    assert priced(VIDEO, {"resolution": "720p", "duration": "10.0"}).low == 0.26


def test_the_most_particular_row_goes_first() -> None:
    """A row is taken before those that ask for less of the same."""
    rows = [*one("cpr", 0.5), row("cpr", 0.1, mode="fast"), row("cpr", 0.2, mode="fast", sound="on")]
    assert [
        priced(rows, {"mode": mode, "sound": sound}).high
        for mode, sound in (("fast", "on"), ("fast", "off"), ("slow", "on"))
    ] == [0.2, 0.1, 0.5]
    assert priced(rows, {"mode": "fast", "sound": "on"}).exact


@pytest.mark.parametrize(
    "rows",
    [
        [row("cpr", 0.1, resolution="720p"), row("cpr", 0.5, duration="5")],
        [row("cpr", 0.1), row("cpr", 0.5)],
        [row("cpr", 0.1, resolution="720p"), row("cpr", 0.5, duration="5", mode="std")],
        [row("cpr", 0.1, resolution="720p"), row("cpr", 0.5, sound="on")],
    ],
    ids=["two values", "twice everything", "two values and one", "one that may apply"],
)
def test_rows_that_contradict_each_other_are_a_range(rows: Any) -> None:
    """Where several rows apply and none asks for more than the others, any of them may be the price."""
    found = priced(rows, {"resolution": "720p", "duration": 5, "mode": "std"})
    assert (found.low, found.high, found.exact) == (0.1, 0.5, False)
    assert found.reason == "$0.10 for each run; or $0.50 for each run"


def test_rows_that_agree_are_exact() -> None:
    """Two rows that apply with the same price leave nothing open."""
    rows = [row("cpr", 0.1, resolution="720p"), row("cpr", "0.10", duration="5")]
    assert priced(rows, {"resolution": "720p", "duration": "5"}).exact


def test_a_row_that_may_not_apply_is_not_exact() -> None:
    """A single price of values that nobody gave is told with a reserve."""
    found = priced([row("cpr", 0.1, resolution="720p")], {})
    assert (found.low, found.high, found.exact) == (0.1, 0.1, False)
    assert str(found) == "about $0.10 ($0.10 for each run, if that price applies)"


@pytest.mark.parametrize(
    "damaged",
    [
        row("cpr", "n/a", resolution="720p"),
        row("cpr", None, resolution="720p"),
        row("cpr", -1, resolution="720p"),
        row("cp-pixel", 0.1, resolution="720p") | {"priceExtra": "n/a"},
        row("cp-pixel", 0.1, resolution="720p") | {"priceInput": -1},
        row("cpr", "n/a"),
        {"inputs": "nonsense", "price": "n/a"},
        {},
        "nonsense",
        None,
    ],
    ids=str,
)
def test_a_damaged_price_makes_the_cost_unknown(damaged: Any) -> None:
    """A row that cannot be read may be the one that applies, so that no other one is taken for it."""
    found = priced([damaged, row("cpr", 0.2)], {"resolution": "720p"})
    assert (found.low, found.high, found.exact) == (None, None, False)
    assert "cannot be read" in found.reason


def test_a_damaged_price_of_other_values_does_not_matter() -> None:
    """Where its values are not those of the run, a damaged row changes nothing."""
    damaged = row("cpr", "n/a", resolution="720p")
    assert priced([damaged, row("cpr", 0.2)], {"resolution": "1080p"}).exact
    assert priced([row("cpr", "n/a"), row("cpr", 0.2, resolution="720p")], {"resolution": "720p"}).exact


@pytest.mark.parametrize("inputs", ["nonsense", 7, ["720p"], {"resolution": {}}, {"resolution": None}])
def test_a_price_of_unknown_values_is_not_exact(inputs: Any) -> None:
    """Nobody knows whether a row applies whose `inputs` cannot be read: it makes a range with those that do."""
    rows = [{"inputs": inputs, "price": 0.1, "priceMethod": "cpr"}, row("cpr", 0.2)]
    found = priced(rows, {"resolution": "720p"})
    assert (found.low, found.high, found.exact) == (0.1, 0.2, False)


@pytest.mark.parametrize("inputs", [None, "", {}, [], " {} ", "[]"])
def test_a_price_without_inputs_is_for_every_run(inputs: Any) -> None:
    """A row that asks for nothing applies to everything, however the nothing is written."""
    assert priced([{"inputs": inputs, "price": 0.1, "priceMethod": "cpr"}], {}).exact


def test_a_value_that_is_not_given_leaves_a_range() -> None:
    """Where a value that decides is neither given nor has a default, all rows that may apply make a range."""
    found = priced(VIDEO, {"duration": "5"})
    assert (found.low, found.high, found.exact) == (0.13, 0.29, False)
    assert priced([*one("cpr", 0.5), VIDEO[0]], {"duration": 5}).high == 0.5


def test_no_row_that_fits_is_unknown() -> None:
    """Values that no row has are unknown, not the nearest row's."""
    found = priced(VIDEO, {"resolution": "480p", "duration": "5"})
    assert (found.low, found.high) == (None, None)
    assert "no price row" in found.reason


def test_rows_count_files() -> None:
    """QUANTITY:n in a row's inputs is the number of files under that parameter."""
    rows = [{"inputs": {"images": f"QUANTITY:{n}"}, "price": n / 10, "priceMethod": "cpr"} for n in (1, 2, 3)]
    assert priced(rows, {}, (Media("images"), Media("images"))).low == 0.2
