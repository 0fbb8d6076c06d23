"""Pictures: deterministic from the scene, different for other prompts and seeds, marked as the sandbox's."""

import hashlib
import io
import random
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

from wiro_widgets.sandbox.painting.motifs import MOTIFS, Brush, choose_palette

MAX_SOURCE_PIXELS = 64_000_000
MAX_STEPS = 50
MAX_SCALE = 10.0
SHARP_STEPS = 12
MARK = "sandbox"
PENCIL, PAPER = (44, 48, 60), (252, 249, 242)


@dataclass(frozen=True, slots=True)
class Scene:
    """What a picture is made from."""

    model: str
    prompt: str
    seed: int
    width: int
    height: int
    steps: int = 30
    scale: float = 5.0
    strength: float = 1.0


def paint(scene: Scene, source: bytes | None) -> bytes:
    """Return the PNG of a scene; `strength` says how far it differs from the source picture."""
    picture = _paint_new(scene)
    if source is not None:
        # The source at strength 0, its forms in the new colours in between, mostly the new picture at 1.
        new, strength = picture, scene.strength
        cover = ImageOps.fit(_open(source), new.size, Image.Resampling.BICUBIC)
        lit = ImageChops.soft_light(new, ImageOps.autocontrast(cover.convert("L")).convert("RGB"))
        picture = Image.blend(cover, lit, strength)
        if strength > 0.5:  # noqa: PLR2004  (half way)
            picture = Image.blend(picture, new, (strength - 0.5) * 0.8)
    return _finish(picture)


def draw(scene: Scene) -> bytes:
    """Return the PNG of a scene in pencil: its edges on paper, and a little of its shade."""
    grey = ImageOps.autocontrast(_paint_new(scene).convert("L"))
    soft = grey.filter(ImageFilter.GaussianBlur(1 + max(grey.size) / 180))
    lines = ImageChops.difference(soft, grey).point([min(255, 5 * level) for level in range(256)])
    shade = Image.blend(Image.new("L", grey.size, 255), grey, 0.22)
    return _finish(ImageOps.colorize(ImageChops.subtract(shade, lines), PENCIL, PAPER))


def enlarge(source: bytes, factor: int) -> bytes:
    """Return the source picture enlarged and a little sharpened."""
    picture = _open(source)
    size = picture.width * factor, picture.height * factor
    if size[0] * size[1] > MAX_SOURCE_PIXELS:
        raise ValueError(f"the enlarged picture would have {size[0]}x{size[1]} pixels")
    large = picture.resize(size, Image.Resampling.LANCZOS)
    return _finish(large.filter(ImageFilter.UnsharpMask(factor, 60, 2)))


def stand_in(words: str) -> bytes:
    """Return a picture for an address that the sandbox will not fetch."""
    return paint(Scene("stand-in", words, 0, 512, 512, 20, 3.5), None)


def _open(source: bytes) -> Image.Image:
    """Decode an uploaded picture; raise ValueError if it is no picture or too large."""
    try:
        picture = Image.open(io.BytesIO(source))
        if picture.width * picture.height > MAX_SOURCE_PIXELS:
            raise ValueError("the input image has too many pixels")
        return ImageOps.exif_transpose(picture).convert("RGB")
    except (OSError, Image.DecompressionBombError) as exc:
        raise ValueError("the input image cannot be identified as an image") from exc


def _paint_new(scene: Scene) -> Image.Image:
    # The prompt decides on the kind, the seed on the forms; steps and scale refine and colour them.
    kind = MOTIFS[_dice(scene.model, scene.prompt).randrange(len(MOTIFS))]
    dice = _dice(scene.model, scene.prompt, scene.seed)
    guidance = scene.scale / MAX_SCALE
    palette = choose_palette(scene.prompt, dice, 0.35 + 0.65 * guidance)
    picture = kind(Brush(dice, palette, scene.steps / MAX_STEPS), (scene.width, scene.height))
    picture = ImageEnhance.Contrast(picture).enhance(0.92 + 0.3 * guidance)
    if scene.steps >= SHARP_STEPS:
        return picture
    # Blurred, as a sampler leaves it after too few steps.
    shrink = max(2, round(min(picture.size) / (6 * scene.steps + 8)))
    small = picture.reduce(shrink).filter(ImageFilter.GaussianBlur(0.8))
    return small.resize(picture.size, Image.Resampling.BICUBIC)


def _dice(*words: object) -> random.Random:
    seed = hashlib.sha256("|".join(map(str, words)).encode()).digest()
    return random.Random(seed)  # noqa: S311  (pictures, not secrets)


def _finish(picture: Image.Image) -> bytes:
    """Put the sandbox's mark in the corner, and return a PNG that was quick to write."""
    width, height = picture.size
    size = max(8, round(min(width, height) / 44))
    font = ImageFont.load_default(size)
    x0, y0, x1, y1 = font.getbbox(MARK)
    pad = size * 0.55
    box = (width - pad * 3 - (x1 - x0), height - pad * 2.4 - (y1 - y0), width - pad, height - pad)
    area = tuple(round(edge) for edge in box)
    shade = Image.new("L", picture.size)
    ImageDraw.Draw(shade).rounded_rectangle(area, radius=(area[3] - area[1]) / 2, fill=110)
    picture.paste((8, 10, 16), (0, 0), shade)
    place = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    ImageDraw.Draw(picture).text(place, MARK, fill=(246, 246, 246), font=font, anchor="mm")
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=1)
    return out.getvalue()
