"""The models of the sandbox, and how they are found (docs/protocol.md, Catalogue)."""

from collections.abc import Callable, Collection

from wiro_widgets.sandbox.models.model import Field, Model, Price

PORTRAIT = (
    "A close up portrait of a Chinese princess wearing colorful clothing "
    "with a highly detailed face and eyes."
)
HARBOUR = "A harbour in the early fog, boats at rest"
HARBOUR_PROMPT = Field("prompt", "textarea", "Prompt", required=True, default=HARBOUR)

FLUX = Model(
    id="598",
    slug="tencent/hunyuan-flux-srpo",
    title="Hunyuan FLUX SRPO",
    rating="4.50",
    rated_by=12,
    comments=3,
    description="Text to image and image to image, in this sandbox drawn with Pillow.",
    categories=("tool", "image-to-image", "quick-showcase", "compare-landscape"),
    prices=(Price("0.000585", "cps"),),
    typical_seconds=4.0,
    inputs=(
        Field(
            "inputImage",
            "combinefileinput",
            "Input image",
            max_files=1,
            note="Up to 1 file or URL; the picture starts from it.",
        ),
        Field("prompt", "textarea", "Prompt", required=True, default=PORTRAIT),
    ),
    settings=(
        Field("steps", "range", "Steps", default="20", minimum=1, maximum=50, step=1),
        Field("scale", "range", "Guidance scale", default="3.5", minimum=0, maximum=10, step=0.1),
        Field("strength", "range", "Strength", default="0.88", minimum=0, maximum=1, step=0.01),
        Field("samples", "range", "Samples", default="1", minimum=1, maximum=8, step=1),
        Field("seed", "number", "Seed", default="7350148318"),
        Field("width", "number", "Width", default="1024", minimum=64, maximum=2048),
        Field("height", "number", "Height", default="1024", minimum=64, maximum=2048),
    ),
    examples=(
        {"prompt": PORTRAIT},
        {
            "prompt": "A lighthouse in a storm, waves over the rocks",
            "steps": "30",
            "width": 768,
            "height": 512,
        },
        {
            "prompt": "The same harbour in winter, painted in oil",
            "inputImage": ["/uploads/sampleinputs/harbour.png"],
            "strength": "0.7",
        },
    ),
    samples=("/uploads/models/hunyuan-flux-srpo-1.png", "/uploads/models/hunyuan-flux-srpo-2.png"),
    cover="/uploads/models/hunyuan-flux-srpo-cover.png",
    readme=(
        "<h2>Hunyuan FLUX SRPO</h2><p>Paints from a <strong>prompt</strong>, or from a prompt and a picture. In this "
        "sandbox Pillow draws, and no picture comes from a model.</p><h3>Good to know</h3><ul>"
        "<li>More <em>steps</em> are sharper and take longer; below 12 the picture is blurred.</li>"
        "<li><code>strength</code> says how far a picture may differ from the one it starts from.</li>"
        "<li>Equal values and an equal <code>seed</code> make an equal picture.</li></ul>"
        "<p>The models themselves are at <a href='https://wiro.ai/models'>wiro.ai</a>.</p>"
        "<script>document.title = 'taken'</script><img src='https://example.com/pixel.png' onerror='alert(1)'>"
    ),
)
SKETCH = Model(
    id="9004",
    slug="wiro/sandbox-sketch",
    title="Sandbox Sketch",
    rating="5.00",
    rated_by=2,
    description="Draws in pencil, quickly, at one price for each run.",
    categories=("tool", "text-to-image"),
    prices=(Price("0.002", "cpr"),),
    typical_seconds=1.5,
    inputs=(
        HARBOUR_PROMPT,
        Field("seed", "number", "Seed", default="1"),
        Field("width", "number", "Width", default="512", minimum=64, maximum=1024),
        Field("height", "number", "Height", default="512", minimum=64, maximum=1024),
    ),
    examples=({"prompt": HARBOUR}, {"prompt": "A bridge over a river, seen from below", "seed": "7"}),
    samples=("/uploads/models/sandbox-sketch-1.png",),
    cover="/uploads/models/sandbox-sketch-cover.png",
    readme="# Sketch\n\nLines on paper. *Quick*, and the same price each time.",
    lists="text",
)
POSTER_SIZES = {"480p": (320, 480), "720p": (480, 720), "1080p": (720, 1080)}
POSTER = Model(
    id="9005",
    slug="wiro/sandbox-poster",
    title="Sandbox Poster",
    rating="4.00",
    rated_by=7,
    comments=5,
    description="Paints upright pictures, each at the price of its size.",
    categories=("tool", "text-to-image"),
    prices=tuple(
        Price(usd, "cpo", (("resolution", name),))
        for name, usd in zip(POSTER_SIZES, ("0.001", "0.002", "0.004"), strict=True)
    ),
    typical_seconds=2.0,
    inputs=(
        HARBOUR_PROMPT,
        Field(
            "resolution",
            "select",
            "Resolution",
            default="720p",
            options=tuple((name, f"{name}, {size[0]} x {size[1]}") for name, size in POSTER_SIZES.items()),
        ),
        Field("samples", "range", "Samples", default="1", minimum=1, maximum=4, step=1),
        Field("seed", "number", "Seed", default="1"),
    ),
    examples=(
        {"prompt": HARBOUR},
        {"prompt": "Mountains in the evening", "resolution": "1080p", "samples": 2},
    ),
    cover="/uploads/models/sandbox-poster-cover.png",
    readme="<p>Upright pictures in three sizes.</p>",
)
UPSCALE = Model(
    id="9001",
    slug="wiro/sandbox-upscale",
    title="Sandbox Upscale",
    rating="3.50",
    rated_by=4,
    comments=1,
    description="Enlarges the picture it is given.",
    categories=("tool", "image-to-image", "upscale"),
    prices=(Price("0.0008", "cpo"),),
    typical_seconds=2.0,
    inputs=(
        Field("inputImage", "fileinput", "Image", required=True),
        Field("scale", "select", "Scale", default="2", options=(("2", "2x"), ("3", "3x"), ("4", "4x"))),
    ),
    examples=({"inputImage": "/uploads/sampleinputs/meadow.png", "scale": "3"},),
    cover="/uploads/models/sandbox-upscale-cover.png",
    readme="<p>Enlarges a picture and sharpens it a little.</p>",
)
CHAT = Model(
    id="9002",
    slug="wiro/sandbox-chat",
    title="Sandbox Chat",
    description="Thinks aloud and answers about the prompt it was given.",
    categories=("tool", "llm"),
    prices=(Price("0.0002", "cps"),),
    typical_seconds=3.0,
    inputs=(
        Field("prompt", "textarea", "Prompt", required=True, placeholder="Ask something"),
        Field("thinking", "checkbox", "Show thinking", default="true"),
    ),
    settings=(
        Field("user_id", "text", "User ID", note="You can leave it blank. Whose conversations these are."),
        Field(
            "session_id",
            "text",
            "Session ID",
            note="You can leave it blank. Runs with the same one are a conversation, which the model remembers.",
        ),
    ),
    examples=(
        {"prompt": "Why is the sky blue?"},
        {"prompt": "Write a rhyme about the sea in four lines.", "thinking": "false"},
    ),
    readme="<p>Repeats what it is asked, with thoughts. It knows <b>nothing</b>.</p>",
)
FAIL = Model(
    id="9003",
    slug="wiro/sandbox-fail",
    title="Sandbox Fail",
    description="Always fails with lines on stderr and exit code 1, to see what a failure looks like.",
    categories=("tool", "test"),
    prices=(Price("0.0001", "cps"),),
    typical_seconds=1.5,
    inputs=(Field("prompt", "textarea", "Prompt", default="anything"),),
    lists="null",
)
COLLAGE = Model(
    id="8001",
    slug="wiro/sandbox-collage",
    title="Sandbox Collage",
    description="Paints from a picture and from what documents say; only OpenAPI tells what it takes, and not well.",
    categories=("tool", "image-to-image"),
    prices=(Price("0.002", "cpr"),),
    typical_seconds=1.5,
    inputs=(
        HARBOUR_PROMPT,
        Field(
            "inputImage",
            "fileinput",
            "Picture",
            note="A picture to start from.",
            url_field="inputImageUrl",
        ),
        Field(
            "inputDocumentMultiple",
            "multifileinput",
            "Documents",
            note="Texts whose words colour the picture.",
            url_field="inputDocumentUrlMultiple",
        ),
        Field("seed", "number", "inputseed", default="1", note="inputseed-help"),
    ),
    examples=({"prompt": HARBOUR, "inputImage": "/uploads/sampleinputs/harbour.png"},),
    cover="/uploads/models/sandbox-collage-cover.png",
    readme="<p>Paints from a picture, and from what documents say.</p>",
    described="openapi",
)
RIDDLE = Model(
    id="8002",
    slug="wiro/sandbox-riddle",
    title="Sandbox Riddle",
    description="Draws in pencil from a prompt, a picture and a seed, and nothing tells that it takes them.",
    categories=("tool", "text-to-image"),
    prices=(Price("0.002", "cpr"),),
    typical_seconds=1.5,
    inputs=(
        HARBOUR_PROMPT,
        Field("inputImage", "combinefileinput", "Picture", max_files=1),
        Field("seed", "number", "Seed", default="1"),
    ),
    examples=({"prompt": HARBOUR, "seed": "5"},),
    described="nowhere",
)
MODELS = (FLUX, SKETCH, POSTER, UPSCALE, CHAT, FAIL, COLLAGE, RIDDLE)


_SORTS: dict[str, Callable[[Model], float]] = {
    "id": lambda model: int(model.id),
    "time": lambda model: int(model.id),
    "averagepoint": lambda model: float(model.rating),
    "ratedusercount": lambda model: model.rated_by,
    "commentcount": lambda model: model.comments,
}


def find_model(owner: str, project: str) -> Model | None:
    """Return the model at owner/project in any letter case, or None; spaces around a slug are not part of it."""
    address = f"{owner.strip()}/{project.strip()}".lower()
    return next((model for model in MODELS if model.slug == address), None)


def search_models(
    *, words: str, categories: Collection[str], owner: str, sort: str, order: str
) -> list[Model]:
    """Return the models with all of the words and categories, of one owner if `owner` is not empty.

    Every sort but relevance has the highest value first, unless the order is ASC.
    """
    search_words = [word for word in words.lower().split() if word]
    models = [
        model
        for model in MODELS
        if set(categories) <= set(model.categories)
        and owner.strip().lower() in ("", model.owner)
        and all(word in _text(model) for word in search_words)
    ]
    key = _SORTS.get(sort)
    if key is not None:
        models.sort(key=key, reverse=order.upper() != "ASC")
    elif order.upper() == "ASC":
        models.reverse()
    return models


def models_by_category() -> dict[str, list[Model]]:
    """Return the categories in the order of the front page, each with its models."""
    names = dict.fromkeys(name for model in MODELS for name in model.categories if name != "tool")
    return {name: [model for model in MODELS if name in model.categories] for name in names}


def _text(model: Model) -> str:
    return f"{model.slug} {model.title} {model.description}".lower()
