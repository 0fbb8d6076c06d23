"""A model as Tool/Detail and Tool/List describe it."""

import json
from typing import Any

from wiro_widgets.sandbox.models.model import Field, Model
from wiro_widgets.sandbox.models.prices import Price


def tool_entry(model: Model, *, summary: bool = False) -> dict[str, Any]:
    """Describe a model as Tool/Detail does; a summary, as in Tool/List, has no parameters."""
    entry: dict[str, Any] = {
        "id": model.id,
        "title": model.title,
        "slugowner": model.owner,
        "slugproject": model.project,
        "cleanslugowner": model.owner,
        "cleanslugproject": model.project,
        "description": model.description,
        "image": "",
        "categories": list(model.categories),
        "cps": f"{model.cps:.12f}",
        "approximatelycost": f"{model.typical_cost:.12f}",
        "dynamicprice": json.dumps([_price_row(price) for price in model.prices]),
        "averageexecutiontime": f"{model.typical_seconds:.1f}",
        "taskstat": {"runcount": "0", "successcount": "0", "errorcount": "0"},
    }
    if not summary:
        entry["parameters"] = [
            {"title": title, "items": [_item(field, title == "Advanced") for field in fields]}
            for title, fields in model.groups
        ]
        entry["samples"] = []
        entry["inspire"] = [{"prompt": model.sample_prompt}] if model.sample_prompt else []
    return entry


def _price_row(price: Price) -> dict[str, Any]:
    return {"inputs": dict(price.inputs), "price": float(price.usd), "priceMethod": price.method}


def _item(field: Field, advanced: bool) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": field.id,
        "type": field.type,
        "label": field.label,
        "required": field.required,
        "placeholder": field.placeholder,
        "note": field.note,
        "description": "",
        "default": field.default or "",
        "options": [{"value": value, "label": label} for value, label in field.options],
        "advanced": advanced,
    }
    limits = {"min": field.minimum, "max": field.maximum, "step": field.step, "maxfiles": field.max_files}
    item.update({name: value for name, value in limits.items() if value is not None})
    return item
