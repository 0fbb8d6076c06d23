import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import wiro_widgets as wiro
from tests.sandbox_clients import FLUX, SMALL, MakeClient, RunCount
from wiro_widgets import AsyncClient, Budget, BudgetExceeded, Client, ConfigurationError, Estimate, Sandbox
from wiro_widgets.money.budget import Charge, active


def estimate_of(amount: float | None) -> Estimate:
    """Return an estimate of that amount."""
    return Estimate(amount, amount, exact=True, reason="a test")


def test_a_run_that_would_pass_the_limit_is_not_sent(sandbox_client: Client, run_count: RunCount) -> None:
    """A budget below the first run refuses it with its numbers, and nothing is sent."""
    with wiro.budget(usd=0.0001), pytest.raises(BudgetExceeded, match="Nothing was sent") as error_info:
        sandbox_client.run(FLUX, prompt="x", **SMALL)
    assert run_count() == 0
    assert (error_info.value.limit, error_info.value.spent, error_info.value.estimate) == (
        0.0001,
        0.0,
        0.00234,
    )


def test_the_budget_of_a_client(make_sandbox_client: MakeClient) -> None:
    """`client.budget` is the client's own budget with what is spent and left of it; None if it has none."""
    budget = Budget(1.00)
    client = make_sandbox_client(budget=budget)
    client.run(FLUX, prompt="x", **SMALL).wait()
    assert client.budget is budget
    assert budget.left == 1.00 - budget.spent < 1.00
    own_budget = make_sandbox_client(budget=2).budget
    assert own_budget is not None
    assert (own_budget.limit, make_sandbox_client().budget) == (2.0, None)


def test_true_costs_take_the_place_of_what_was_set_aside(sandbox_client: Client) -> None:
    """While a run is in flight its estimate counts; once it has settled, its true cost."""
    with wiro.budget(usd=1.0) as purse:
        result = sandbox_client.run(FLUX, prompt="x", **SMALL).wait()
        assert (purse.spent, purse.in_flight) == (result.record.total_cost, 0.0)
    sandbox_client.run(FLUX, prompt="x", **SMALL).wait()
    assert purse.spent == result.record.total_cost


def test_what_is_in_flight_counts(sandbox_client: Client, sandbox: Sandbox, run_count: RunCount) -> None:
    """What a run in flight may cost is set aside, so that the next one is refused."""
    sandbox.faults = {"stuck": "run"}
    with wiro.budget(usd=0.003) as purse:
        task = sandbox_client.run(FLUX, prompt="x", **SMALL)
        assert (purse.spent, purse.in_flight) == (0.0, 0.00234)
        with pytest.raises(BudgetExceeded):
            sandbox_client.run(FLUX, prompt="y", **SMALL)
        task.stop()
        assert (purse.spent, purse.in_flight, run_count()) == (0.0, 0.0, 1)


def test_a_failed_run_costs_nothing(sandbox_client: Client) -> None:
    """What was set aside for a run that fails is released."""
    with wiro.budget(usd=0.01) as purse:
        with pytest.raises(wiro.TaskFailed):
            sandbox_client.run("wiro/sandbox-fail").wait()
        assert (purse.spent, purse.in_flight, purse.left) == (0.0, 0.0, 0.01)


def test_a_refused_run_costs_nothing(sandbox_client: Client, sandbox: Sandbox) -> None:
    """What was set aside for a run that Wiro refuses is released."""
    sandbox.faults = {"no_balance": "Run:1"}
    with wiro.budget(usd=0.01) as purse:
        with pytest.raises(wiro.InsufficientBalance):
            sandbox_client.run(FLUX, prompt="x", **SMALL)
        assert purse.left == 0.01


def test_a_run_of_unknown_outcome_stays_in_flight(sandbox_client: Client, sandbox: Sandbox) -> None:
    """A run whose reply was lost may be billed, so its amount stays set aside."""
    sandbox.faults = {"lose_run_reply": 1}
    with wiro.budget(usd=0.01) as purse:
        with pytest.raises(wiro.RunOutcomeUnknown):
            sandbox_client.run(FLUX, prompt="x", **SMALL)
        assert purse.in_flight == 0.00234


def test_a_client_has_a_budget_of_its_own(make_sandbox_client: MakeClient, run_count: RunCount) -> None:
    """`Client(budget=...)` applies to all of its runs; of several budgets each must have room."""
    client = make_sandbox_client(budget=0.004)
    with wiro.budget(usd=5):
        client.run(FLUX, prompt="x", **SMALL).wait()
        client.run(FLUX, prompt="y", **SMALL).wait()
    with wiro.budget(usd=0.0001), pytest.raises(BudgetExceeded):
        client.run(FLUX, prompt="z", **SMALL)
    for _ in range(10):
        try:
            client.run(FLUX, prompt="z", **SMALL).wait()
        except BudgetExceeded:
            break
    assert sum(client.history.spending().values()) <= 0.004
    assert run_count() >= 3


def test_clients_can_share_a_budget(make_sandbox_client: MakeClient) -> None:
    """One Budget given to several clients is one limit for all of them."""
    purse = Budget(0.003)
    one, other = make_sandbox_client(budget=purse), make_sandbox_client(budget=purse)
    one.run(FLUX, prompt="x", **SMALL).wait()
    other.run(FLUX, prompt="x", **SMALL).wait()
    assert purse.spent == sum(one.history.spending().values())


def test_it_is_safe_with_threads(sandbox_client: Client, run_count: RunCount) -> None:
    """Thirty threads at once never pass the limit, in any order."""
    with wiro.budget(usd=0.01) as purse:

        def attempt() -> bool:
            try:
                sandbox_client.run(FLUX, prompt="x", seed=1, **SMALL).wait()
            except BudgetExceeded:
                return False
            return True

        contexts = [copy_context() for _ in range(30)]
        with ThreadPoolExecutor(30) as pool:
            results = list(pool.map(lambda context: context.run(attempt), contexts))
    assert 0 < sum(results) < 30
    assert purse.spent <= 0.01
    assert purse.spent == pytest.approx(sum(sandbox_client.history.spending().values()))
    assert purse.in_flight == pytest.approx(0)
    assert run_count() == sum(results)


def test_a_block_applies_in_its_own_thread(sandbox_client: Client) -> None:
    """A block does not affect runs of another thread, and no run after it."""
    errors: list[BaseException] = []

    def elsewhere() -> None:
        try:
            sandbox_client.run(FLUX, prompt="x", **SMALL).wait()
        except BaseException as error:  # noqa: BLE001 - the test says what it was
            errors.append(error)

    with wiro.budget(usd=0.0001):
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert errors == []
    sandbox_client.run(FLUX, prompt="x", **SMALL).wait()


def test_blocks_nest() -> None:
    """Blocks may be nested, and the same budget may be entered twice."""
    outer, inner = wiro.budget(1), wiro.budget(2)
    with outer:
        with inner, outer:
            assert active() == (outer, inner, outer)
        assert active() == (outer,)
    assert active() == ()


def test_async_tasks_inside_a_block_are_counted(sandbox: Sandbox, run_count: RunCount) -> None:
    """In asyncio a block applies to tasks that are created inside it, and to no others."""

    async def main() -> tuple[int, float]:
        client = AsyncClient(
            sandbox.api_key,
            sandbox.api_secret,
            base_url=sandbox.base_url,
            socket_url=sandbox.socket_url,
            journal=False,
        )

        async def attempt() -> bool:
            try:
                await (await client.run(FLUX, prompt="x", **SMALL)).wait()
            except BudgetExceeded:
                return False
            return True

        async with client:
            beside = asyncio.create_task(attempt())
            with wiro.budget(usd=0.005) as purse:
                results = await asyncio.gather(*(attempt() for _ in range(8)))
            assert await beside
            return sum(results), purse.spent

    count, spent = asyncio.run(main())
    assert (count, spent <= 0.005, run_count()) == (2, True, 3)


@pytest.mark.parametrize(
    "usd", [0, -1, float("nan"), float("inf"), 10**400, Decimal("sNaN"), True, "two", None]
)
def test_a_budget_is_an_amount_of_money(usd: object) -> None:
    """Anything but a number above 0 raises ConfigurationError."""
    with pytest.raises(ConfigurationError, match="number of US dollars above 0"):
        wiro.budget(usd)  # type: ignore[arg-type]


@pytest.mark.parametrize("usd", [2, 2.0, Decimal(2), np.float32(2), np.int64(2), Fraction(2)])
def test_any_kind_of_number_is_an_amount(usd: Any) -> None:
    """Numbers of numpy, decimal and fractions are accepted."""
    assert wiro.budget(usd).limit == 2.0


def test_an_unknown_cost_is_refused() -> None:
    """A run of unknown cost fits in no budget."""
    with pytest.raises(BudgetExceeded, match="an unknown amount"):
        Charge([Budget(1000)], estimate_of(None))


def test_a_charge_is_all_or_nothing() -> None:
    """If one of several budgets refuses, the others set nothing aside."""
    wide, narrow = Budget(10), Budget(1)
    with pytest.raises(BudgetExceeded):
        Charge([wide, narrow], estimate_of(2))
    assert (wide.in_flight, narrow.in_flight) == (0.0, 0.0)


def test_a_charge_settles_once() -> None:
    """A second settlement changes nothing."""
    purse = Budget(10)
    charge = Charge([purse], estimate_of(2))
    charge.settle(1.5)
    charge.settle(1.5)
    assert (purse.spent, purse.in_flight) == (1.5, 0.0)


def test_its_repr() -> None:
    """The repr has the limit and what is spent, in flight and left."""
    purse = Budget(2)
    Charge([purse], estimate_of(0.5)).settle(0.4)
    Charge([purse], estimate_of(0.25))
    assert repr(purse) == "<Budget $2.00: $0.40 spent, $0.25 in flight, $1.35 left>"


@given(st.lists(st.tuples(st.floats(0.001, 1), st.floats(0, 1)), max_size=40))
def test_exact_prices_never_pass_the_limit(steps: list[tuple[float, float]]) -> None:
    """If prices bound the costs, what is spent never passes the limit, in any order of starts and ends."""
    purse = Budget(1)
    charges: list[tuple[Charge, float]] = []
    for amount, part in steps:
        try:
            charges.append((Charge([purse], estimate_of(amount)), amount * part))
        except BudgetExceeded:
            if charges:
                charge, cost = charges.pop(0)
                charge.settle(cost)
        assert purse.spent + purse.in_flight <= purse.limit + 1e-6
