"""The sandbox's models with an exact price: estimates to the last digit, and budgets that fit exactly."""

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import pytest

import wiro_widgets as wiro
from tests.sandbox_clients import MakeClient, RunCount
from wiro_widgets import BudgetExceeded, Client, Sandbox

SKETCH = "wiro/sandbox-sketch"
POSTER = "wiro/sandbox-poster"
SMALL: dict[str, Any] = {"prompt": "a pier", "width": 64, "height": 64}
PRICE = 0.002  # USD of a sketch


@pytest.mark.parametrize(
    ("model", "values", "price"),
    [
        (SKETCH, SMALL, PRICE),
        (POSTER, {}, 0.002),
        (POSTER, {"samples": 3}, 0.006),
        (POSTER, {"resolution": "480p"}, 0.001),
        (POSTER, {"resolution": "480p", "samples": 4}, 0.004),
        (POSTER, {"resolution": "1080p", "samples": 2}, 0.008),
    ],
)
def test_an_exact_estimate_is_the_bill(
    sandbox_client: Client, model: str, values: dict[str, Any], price: float
) -> None:
    """A price for each run, or for each output of a size, is known before the run and is what the run costs."""
    full_values = {"prompt": "a pier", **values}
    estimate = sandbox_client.estimate(model, full_values)
    assert (estimate.low, estimate.high, estimate.exact) == (price, price, True)
    assert sandbox_client.run(model, full_values).wait().record.total_cost == price
    assert sandbox_client.estimate(model, full_values) == estimate


def test_one_price_for_each_output_is_a_lower_bound(sandbox_client: Client, tmp_path: Any) -> None:
    """If no value says how many outputs come, a run costs at least one of them."""
    sandbox_client.generate(SKETCH, SMALL)[0].save(tmp_path / "a.png")
    estimate = sandbox_client.estimate("wiro/sandbox-upscale", inputImage=tmp_path / "a.png")
    cost = sandbox_client.run("wiro/sandbox-upscale", inputImage=tmp_path / "a.png").wait().record.total_cost
    assert (estimate.low, estimate.high, estimate.exact) == (cost, None, False)


@pytest.mark.parametrize("count", [1, 3, 7])
def test_a_budget_of_n_runs_lets_n_runs_through(
    sandbox_client: Client, run_count: RunCount, count: int
) -> None:
    """A budget of exactly n runs is spent by n runs one after another, and the next one is not sent."""
    with wiro.budget(usd=round(count * PRICE, 6)) as purse:
        for _ in range(count):
            sandbox_client.run(SKETCH, SMALL).wait()
        with pytest.raises(BudgetExceeded) as error_info:
            sandbox_client.run(SKETCH, SMALL)
    assert run_count() == count
    assert error_info.value.estimate == PRICE
    assert [purse.spent, purse.left] == pytest.approx([count * PRICE, 0], abs=1e-9)


def test_a_budget_a_little_below_lets_one_fewer_through(sandbox_client: Client, run_count: RunCount) -> None:
    """A thousandth of a cent below n runs is room for n - 1."""
    with wiro.budget(usd=3 * PRICE - 0.00001):
        for _ in range(2):
            sandbox_client.run(SKETCH, SMALL).wait()
        with pytest.raises(BudgetExceeded):
            sandbox_client.run(SKETCH, SMALL)
    assert run_count() == 2


def test_runs_in_flight_have_their_price_set_aside(
    sandbox_client: Client, sandbox: Sandbox, run_count: RunCount
) -> None:
    """Before any of them has settled, n runs fill a budget of n; one that is stopped makes room for another."""
    sandbox.faults = {"stuck": "run"}
    with wiro.budget(usd=3 * PRICE) as purse:
        tasks = [sandbox_client.run(SKETCH, SMALL) for _ in range(3)]
        assert [purse.spent, purse.in_flight] == pytest.approx([0, 3 * PRICE])
        with pytest.raises(BudgetExceeded):
            sandbox_client.run(SKETCH, SMALL)
        tasks[0].stop()
        tasks.append(sandbox_client.run(SKETCH, SMALL))
        sandbox.faults = None
        for task in tasks[1:]:
            task.wait()
    assert run_count() == 4
    assert purse.spent == pytest.approx(3 * PRICE)


def test_it_is_exact_for_threads(make_sandbox_client: MakeClient, run_count: RunCount) -> None:
    """Of twenty threads that run at once, exactly as many get through as the budget has room for."""
    client = make_sandbox_client()
    with wiro.budget(usd=12 * PRICE) as purse:

        def attempt() -> bool:
            try:
                client.run(SKETCH, SMALL).wait()
            except BudgetExceeded:
                return False
            return True

        contexts = [copy_context() for _ in range(20)]
        with ThreadPoolExecutor(20) as pool:
            results = list(pool.map(lambda context: context.run(attempt), contexts))
    assert (sum(results), run_count()) == (12, 12)
    assert purse.spent == pytest.approx(12 * PRICE)


def test_a_sweep_costs_what_it_was_to_cost(sandbox_client: Client, run_count: RunCount) -> None:
    """A sweep over sizes and samples has an exact sum, which is a budget that it runs in to the end."""
    axes: dict[str, Any] = {"resolution": ["480p", "720p", "1080p"], "samples": [1, 2]}
    plan = sandbox_client.sweep(POSTER, prompt="a pier", start=False, **axes)
    assert plan.estimate is not None
    assert (plan.estimate.high, plan.estimate.exact) == (0.021, True)
    with wiro.budget(usd=0.021):
        sweep = sandbox_client.sweep(POSTER, prompt="a pier", **axes).wait(progress=False)
    assert (sweep.counts, run_count()) == ({"succeeded": 6}, 6)
    assert sweep.spent == pytest.approx(0.021)
    assert sum(sandbox_client.history.spending().values()) == pytest.approx(0.021)


def test_a_sweep_that_costs_too_much_sends_nothing(sandbox_client: Client, run_count: RunCount) -> None:
    """Four cells of an exact price do not begin in a budget of three."""
    with wiro.budget(usd=3 * PRICE), pytest.raises(BudgetExceeded):
        sandbox_client.sweep(SKETCH, SMALL, seed=range(4))
    assert run_count() == 0
