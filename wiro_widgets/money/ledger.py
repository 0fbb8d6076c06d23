"""Money: every run of a client charged to the budgets that hold for it, from before it is sent until it settles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wiro_widgets.money import budget as budgets
from wiro_widgets.money.budget import Budget, Charge
from wiro_widgets.money.estimator import Estimator
from wiro_widgets.protocol.errors import RunOutcomeUnknown, WiroError
from wiro_widgets.protocol.prices.pricing import Estimate
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.schema.schema import ModelSchema


class Money:
    """The charges of one client; lives on its loop. `own` is the budget of the client itself."""

    def __init__(self, estimator: Estimator, own: Budget | None) -> None:
        self.estimator = estimator
        self.own = own
        self._charges: dict[str, Charge] = {}

    def __repr__(self) -> str:
        return f"<Money, {len(self._charges)} runs in flight>"

    @property
    def budgets(self) -> tuple[Budget, ...]:
        """The budgets that hold for what is begun now."""
        return (*((self.own,) if self.own else ()), *budgets.active())

    async def charge(self, model: str, values: Mapping[str, Any], schema: ModelSchema | None) -> Charge:
        """Set aside what a run may cost; raises BudgetExceeded, or what asking for the price raises."""
        held = self.budgets
        if not held:
            return Charge((), _NOTHING)
        return Charge(held, await self.estimator.estimate(model, values, schema))

    def begun(self, journal_id: str, charge: Charge) -> None:
        """Take note which row of the journal a charge belongs to."""
        self._charges[journal_id] = charge

    def refused(self, journal_id: str, error: WiroError) -> None:
        """Release what was set aside, unless nobody knows whether the run is billed."""
        if not isinstance(error, RunOutcomeUnknown) and journal_id in self._charges:
            self._charges.pop(journal_id).settle(0.0)

    def settled(self, journal_id: str, record: TaskRecord) -> None:
        """Count what a run has truly cost."""
        self.estimator.learn(record)
        charge = self._charges.pop(journal_id, None)
        if charge is not None:
            billed = record.outcome == "succeeded"  # protocol: only successful tasks are
            charge.settle(record.total_cost if billed else record.total_cost or 0.0)


_NOTHING = Estimate(0.0, 0.0, exact=True, reason="no budget holds")
