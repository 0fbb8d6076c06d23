"""The models of the sandbox."""

from decimal import Decimal

from wiro_widgets.sandbox.models.model import Field, Model
from wiro_widgets.sandbox.models.prices import Price

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
HARBOUR = "A harbour in the early fog, boats at rest"

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
    prices=(Price(Decimal("0.000585"), "cps"),),
    typical_seconds=4.0,
    sample_prompt=PORTRAIT,
)
SKETCH = Model(
    id="9004",
    owner="wiro",
    project="sandbox-sketch",
    title="Sandbox Sketch",
    description="Draws in pencil, quickly, at one price for each run.",
    categories=("tool", "text-to-image"),
    groups=(
        (
            "Input",
            (
                Field("prompt", "textarea", "Prompt", required=True, default=HARBOUR),
                Field("seed", "number", "Seed", default="1"),
                Field("width", "number", "Width", default="512", minimum=64, maximum=1024),
                Field("height", "number", "Height", default="512", minimum=64, maximum=1024),
            ),
        ),
        ("Advanced", (CALLBACK,)),
    ),
    prices=(Price(Decimal("0.002"), "cpr"),),
    typical_seconds=1.5,
    sample_prompt=HARBOUR,
)
POSTER = Model(
    id="9005",
    owner="wiro",
    project="sandbox-poster",
    title="Sandbox Poster",
    description="Paints upright pictures, each at the price of its size.",
    categories=("tool", "text-to-image"),
    groups=(
        (
            "Input",
            (
                Field("prompt", "textarea", "Prompt", required=True, default=HARBOUR),
                Field(
                    "resolution",
                    "select",
                    "Resolution",
                    default="720p",
                    options=(
                        ("480p", "480p, 320 x 480"),
                        ("720p", "720p, 480 x 720"),
                        ("1080p", "1080p, 720 x 1080"),
                    ),
                ),
                Field("samples", "range", "Samples", default="1", minimum=1, maximum=4, step=1),
                Field("seed", "number", "Seed", default="1"),
            ),
        ),
        ("Advanced", (CALLBACK,)),
    ),
    prices=(
        Price(Decimal("0.001"), "cpo", (("resolution", "480p"),)),
        Price(Decimal("0.002"), "cpo", (("resolution", "720p"),)),
        Price(Decimal("0.004"), "cpo", (("resolution", "1080p"),)),
    ),
    typical_seconds=2.0,
    sample_prompt=HARBOUR,
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
    prices=(Price(Decimal("0.0008"), "cpo"),),
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
    prices=(Price(Decimal("0.0002"), "cps"),),
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
    prices=(Price(Decimal("0.0001"), "cps"),),
    typical_seconds=1.5,
)

MODELS = (FLUX, SKETCH, POSTER, UPSCALE, CHAT, FAIL)


def find_model(owner: str, project: str) -> Model | None:
    """Return the model at owner/project, or None."""
    address = f"{owner}/{project}".lower()
    return next((model for model in MODELS if model.slug == address), None)
