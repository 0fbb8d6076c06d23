"""Pictures: deterministic from the scene, different for different prompts and seeds, marked as the sandbox's."""

import hashlib
import io
import random
from dataclasses import dataclass, replace

from PIL import Image, ImageDraw, ImageFont

MAX_SOURCE_PIXELS = 64_000_000


@dataclass(frozen=True, slots=True)
class Scene:
    """What a picture is made from."""

    model: str
    prompt: str
    seed: int
    width: int
    height: int
    steps: int
    scale: float
    strength: float

    def sample(self, number: int) -> "Scene":
        """Return the scene of the n-th sample: the next seed."""
        return replace(self, seed=self.seed + number)

    def dice(self) -> random.Random:
        """Return a source of numbers that depends on nothing but this scene."""
        words = f"{self.model}|{self.prompt}|{self.seed}|{self.steps}|{self.scale:g}"
        return random.Random(hashlib.sha256(words.encode()).digest())  # noqa: S311  (art, not secrets)


def paint(scene: Scene, source: bytes | None) -> bytes:
    """Return the PNG of a scene, starting from the source picture as far as `strength` says."""
    dice = scene.dice()
    colours = [tuple(dice.randrange(256) for _ in range(3)) for _ in range(9)]
    small = Image.new("RGB", (3, 3))
    small.putdata(colours)
    picture = small.resize((scene.width, scene.height), Image.Resampling.BICUBIC)
    if source is not None:
        picture = Image.blend(open_source(source).resize(picture.size), picture, scene.strength)
    return _png(_marked(picture))


def enlarge(source: bytes, factor: int) -> bytes:
    """Return the source picture enlarged."""
    picture = open_source(source)
    return _png(
        _marked(picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.LANCZOS))
    )


def stand_in(words: str) -> bytes:
    """Return a picture for an address that the sandbox will not fetch."""
    return paint(Scene("stand-in", words, 0, 512, 512, 20, 3.5, 1.0), None)


def open_source(source: bytes) -> Image.Image:
    """Decode an uploaded picture; raise ValueError when it is none."""
    try:
        picture = Image.open(io.BytesIO(source))
    except OSError as exc:
        raise ValueError("the input image cannot be identified as an image") from exc
    if picture.width * picture.height > MAX_SOURCE_PIXELS:
        raise ValueError("the input image has too many pixels")
    return picture.convert("RGB")


def _marked(picture: Image.Image) -> Image.Image:
    draw = ImageDraw.Draw(picture)
    draw.text((8, picture.height - 20), "sandbox", fill=(255, 255, 255), font=ImageFont.load_default(12))
    return picture


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=1)
    return out.getvalue()
