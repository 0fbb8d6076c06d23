"""Ledger: charges every run to the budgets that apply to it, from before it is sent until it settles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wiro_widgets.money import budget
from wiro_widgets.money.budget import Budget, Charge
from wiro_widgets.money.estimator import Estimator
from wiro_widgets.protocol.errors import RunOutcomeUnknown, WiroError
from wiro_widgets.protocol.prices.pricing import Estimate
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.schema.schema import ModelSchema

_NOTHING = Estimate(0.0, 0.0, exact=True, reason="no budget applies")


class Ledger:
    """The charges of one client; lives on its loop."""

    def __init__(self, estimator: Estimator, client_budget: Budget | None) -> None:
        self.estimator = estimator
        self.client_budget = client_budget
        self._charges: dict[str, Charge] = {}  # by the ids of journal rows

    def __repr__(self) -> str:
        return f"<Ledger, {len(self._charges)} runs in flight>"

    @property
    def budgets(self) -> tuple[Budget, ...]:
        """The budgets that apply to a run that starts here and now."""
        return (*((self.client_budget,) if self.client_budget else ()), *budget.active())

    async def charge(self, model: str, values: Mapping[str, Any], schema: ModelSchema | None) -> Charge:
        """Set aside what a run may cost; raises BudgetExceeded, or what a read of its price raises."""
        budgets = self.budgets
        if not budgets:
            return Charge((), _NOTHING)
        return Charge(budgets, await self.estimator.estimate(model, values, schema))

    def enter(self, journal_id: str, charge: Charge) -> None:
        """Enter the charge of a run that is about to be sent."""
        self._charges[journal_id] = charge

    def refuse(self, journal_id: str, error: WiroError) -> None:
        """Release the charge of a run that was not accepted, unless its outcome is unknown and it may be billed."""
        if not isinstance(error, RunOutcomeUnknown) and journal_id in self._charges:
            self._charges.pop(journal_id).settle(0.0)

    def settle(self, journal_id: str, record: TaskRecord, *, cost_may_come: bool = False) -> None:
        """Replace the charge of a run by its cost; only tasks that succeed are billed (docs/protocol.md, Task life).

        With `cost_may_come` a charge whose cost Wiro has not said yet stays as it is.
        """
        if cost_may_come and record.total_cost is None:
            return
        self.estimator.learn(record)
        charge = self._charges.pop(journal_id, None)
        if charge is not None:
            charge.settle(record.total_cost if record.outcome == "succeeded" else record.total_cost or 0.0)
