"""How an amount of money is written."""

from __future__ import annotations

from decimal import Decimal


def dollars(amount: float | Decimal) -> str:
    """Return an amount with at least two decimals and no more than it has: $2.00, $0.13, $0.000585."""
    whole, _, rest = f"{amount:.12f}".partition(".")
    rest = rest.rstrip("0")
    if amount >= 1:
        return f"${amount:.2f}"
    zeros = len(rest) - len(rest.lstrip("0"))
    decimals = f"{amount:.{max(2, zeros + 4)}f}".partition(".")[2].rstrip("0")
    return f"${whole}.{decimals.ljust(2, '0')}"
