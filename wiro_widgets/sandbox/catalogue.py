"""The models this sandbox has, and how Tool/Detail and Tool/List describe them."""

import json
from dataclasses import dataclass
from typing import Any

FILE_TYPES = frozenset({"fileinput", "multifileinput", "combinefileinput"})
NUMBER_TYPES = frozenset({"range", "number", "integer", "float"})


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter of a model, with Wiro's type names."""

    id: str
    type: str
    label: str
    required: bool = False
    default: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    options: tuple[tuple[str, str], ...] = ()
    note: str = ""
    placeholder: str = ""
    max_files: int | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """A model: its address, its parameters, its price and the nominal seconds of its work."""

    id: str
    owner: str
    project: str
    title: str
    description: str
    categories: tuple[str, ...]
    groups: tuple[tuple[str, tuple[Field, ...]], ...]
    cps: float
    typical_seconds: float
    sample_prompt: str = ""

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every parameter, in the order of the form."""
        return tuple(field for _, fields in self.groups for field in fields)

    @property
    def slug(self) -> str:
        """The address, owner/project."""
        return f"{self.owner}/{self.project}"


CALLBACK = Field(
    "callbackUrl",
    "text",
    "Callback URL",
    note="Webhook URL for task completion notifications",
    placeholder="https://example.com/webhook",
)
PORTRAIT = (
    "A close up portrait of a Chinese princess wearing colorful clothing "
    "with a highly detailed face and eyes."
)

FLUX = Model(
    id="598",
    owner="tencent",
    project="hunyuan-flux-srpo",
    title="Hunyuan FLUX SRPO",
    description="Text to image and image to image, in this sandbox drawn with Pillow.",
    categories=("tool", "image-to-image", "quick-showcase", "compare-landscape"),
    groups=(
        (
            "Input",
            (
                Field(
                    "inputImage",
                    "combinefileinput",
                    "Input image",
                    max_files=1,
                    note="Up to 1 file or URL; the picture starts from it.",
                ),
                Field("prompt", "textarea", "Prompt", required=True, default=PORTRAIT),
            ),
        ),
        (
            "Settings",
            (
                Field("steps", "range", "Steps", default="20", minimum=1, maximum=50, step=1),
                Field("scale", "range", "Guidance scale", default="3.5", minimum=0, maximum=10, step=0.1),
                Field("strength", "range", "Strength", default="0.88", minimum=0, maximum=1, step=0.01),
                Field("samples", "range", "Samples", default="1", minimum=1, maximum=8, step=1),
                Field("seed", "number", "Seed", default="7350148318"),
                Field("width", "number", "Width", default="1024", minimum=64, maximum=2048),
                Field("height", "number", "Height", default="1024", minimum=64, maximum=2048),
            ),
        ),
        ("Advanced", (CALLBACK,)),
    ),
    cps=0.000585,
    typical_seconds=4.0,
    sample_prompt=PORTRAIT,
)
UPSCALE = Model(
    id="9001",
    owner="wiro",
    project="sandbox-upscale",
    title="Sandbox Upscale",
    description="Enlarges the picture it is given.",
    categories=("tool", "image-to-image", "upscale"),
    groups=(
        (
            "Input",
            (
                Field("inputImage", "fileinput", "Image", required=True),
                Field(
                    "scale",
                    "select",
                    "Scale",
                    default="2",
                    options=(("2", "2x"), ("3", "3x"), ("4", "4x")),
                ),
            ),
        ),
        ("Advanced", (CALLBACK,)),
    ),
    cps=0.0004,
    typical_seconds=2.0,
)
CHAT = Model(
    id="9002",
    owner="wiro",
    project="sandbox-chat",
    title="Sandbox Chat",
    description="Thinks aloud and answers about the prompt it was given.",
    categories=("tool", "llm"),
    groups=(
        (
            "Input",
            (
                Field("prompt", "textarea", "Prompt", required=True, placeholder="Ask something"),
                Field("thinking", "checkbox", "Show thinking", default="true"),
            ),
        ),
        ("Advanced", (CALLBACK,)),
    ),
    cps=0.0002,
    typical_seconds=3.0,
    sample_prompt="Why is the sky blue?",
)
FAIL = Model(
    id="9003",
    owner="wiro",
    project="sandbox-fail",
    title="Sandbox Fail",
    description="Always fails with lines on stderr and exit code 1, to see what a failure looks like.",
    categories=("tool", "test"),
    groups=(
        ("Input", (Field("prompt", "textarea", "Prompt", default="anything"),)),
        ("Advanced", (CALLBACK,)),
    ),
    cps=0.0001,
    typical_seconds=1.5,
)

MODELS = (FLUX, UPSCALE, CHAT, FAIL)


def find_model(owner: str, project: str) -> Model | None:
    """Return the model at owner/project, or None."""
    address = f"{owner}/{project}".lower()
    return next((model for model in MODELS if model.slug == address), None)


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
        "approximatelycost": f"{model.cps * model.typical_seconds:.12f}",
        "dynamicprice": json.dumps([{"inputs": {}, "price": model.cps, "priceMethod": "cps"}]),
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
