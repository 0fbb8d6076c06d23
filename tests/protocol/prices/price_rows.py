"""Price rows for the tests, and the estimate of a run with them."""

import json
from typing import Any

from wiro_widgets.protocol.prices import pricing
from wiro_widgets.protocol.prices.methods import Media, estimate
from wiro_widgets.protocol.prices.pricing import Estimate


def estimate_of(rows: Any, values: dict[str, Any], media: tuple[Media, ...] = (), **tool: Any) -> Estimate:
    """Estimate a run of a model with these price rows."""
    prices = pricing.read({"dynamicprice": json.dumps(rows) if rows is not None else None, **tool})
    return estimate(prices, values, media=media)


def price_row(method: str, price: Any, **inputs: Any) -> dict[str, Any]:
    """Return a row for runs with these values."""
    return {"inputs": inputs, "price": price, "priceMethod": method}


def one_price(method: str, price: Any = 0.1, **more: Any) -> list[dict[str, Any]]:
    """Return the rows of a model with one price."""
    return [{"inputs": {}, "price": price, "priceMethod": method, **more}]
