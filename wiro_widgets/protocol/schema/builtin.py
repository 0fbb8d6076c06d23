"""The one model that works without the catalogue: its entry in the form of Tool/Detail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# ruff: noqa: E501 - one parameter a line, as in a table
_HUNYUAN = {
    "slugowner": "tencent",
    "slugproject": "hunyuan-flux-srpo",
    "title": "Hunyuan Flux SRPO",
    "description": "Pictures from text, or from a picture and text.",
    "categories": ["tool", "text-to-image", "image-to-image"],
    "parameters": [
        {
            "title": "Input",
            "items": [
                {"id": "prompt", "type": "textarea", "label": "Prompt", "required": True,
                 "placeholder": "Describe the picture"},
                {"id": "inputImage", "type": "combinefileinput", "label": "Input image", "max": 1,
                 "note": "A picture to start from."},
                {"id": "steps", "type": "range", "label": "Steps", "default": 20, "min": 1, "max": 50, "step": 1},
                {"id": "scale", "type": "range", "label": "Scale", "default": 3.5, "min": 0, "max": 10, "step": 0.1},
                {"id": "strength", "type": "range", "label": "Strength", "default": 0.88, "min": 0, "max": 1,
                 "step": 0.01, "note": "How far to go from the input image."},
                {"id": "samples", "type": "range", "label": "Samples", "default": 1, "min": 1, "max": 8, "step": 1},
                {"id": "width", "type": "number", "label": "Width", "default": 1024, "min": 64, "max": 2048, "step": 1},
                {"id": "height", "type": "number", "label": "Height", "default": 1024, "min": 64, "max": 2048, "step": 1},
                {"id": "seed", "type": "number", "label": "Seed", "default": 7350148318, "min": 0, "step": 1},
                {"id": "callbackUrl", "type": "text", "label": "Callback URL", "advanced": True,
                 "placeholder": "https://", "note": "Wiro posts here when the task has ended."},
            ],
        },
    ],
}  # fmt: skip

BUILT_IN: Mapping[str, Mapping[str, Any]] = {"tencent/hunyuan-flux-srpo": _HUNYUAN}
