"""Schemas to fill in."""

from wiro_widgets import ModelSchema
from wiro_widgets.protocol.schema.schema import ModelSchema as Schema


def flux() -> Schema:
    """Return the seed's model."""
    schema = ModelSchema.built_in("tencent/hunyuan-flux-srpo")
    assert schema is not None
    return schema


def many() -> Schema:
    """Return a model with up to three pictures and one parameter of each other kind."""
    items = [
        {"id": "photos", "type": "combinefileinput", "label": "Photos", "max": 3},
        {
            "id": "size",
            "type": "select",
            "options": [{"value": "s", "label": "Small"}, {"value": "l", "label": "Large"}],
        },
        {"id": "upright", "type": "checkbox", "default": "true"},
        {"id": "title", "type": "text"},
        {"id": "seed", "type": "text"},
        {"id": "from", "type": "text"},
        {"id": "timeout", "type": "number"},
        {"id": "top-p", "type": "float", "min": 0, "max": 1},
    ]
    return ModelSchema.from_tool(
        {"slugowner": "wiro", "slugproject": "many", "parameters": [{"title": "Input", "items": items}]}
    )
