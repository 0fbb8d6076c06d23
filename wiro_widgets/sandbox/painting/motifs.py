"""Three kinds of picture: ridges in haze, agate, and silk.

Each paints a whole canvas; `detail` refines what the dice composed and composes nothing anew.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from wiro_widgets.sandbox.painting.palette import Colour, Palette, mix

Size = tuple[int, int]
FIELD = 48
SEGMENTS = 72
LAYERS = 7
OCTAVES = 7
INNER = (3, 3, FIELD - 3, FIELD - 3)  # a filter leaves the rim as it was
RIM = 181  # what a radial gradient holds in the middle of its sides


@dataclass(frozen=True, slots=True)
class Brush:
    """What a motif paints with; `detail` (0 to 1) says how fine it is."""

    dice: random.Random
    palette: Palette
    detail: float


Motif = Callable[[Brush, Size], Image.Image]


def ridges(brush: Brush, size: Size) -> Image.Image:
    """Paint ridge behind ridge in the haze, with a low sun."""
    dice, palette = brush.dice, brush.palette
    width, height = size
    canvas = _gradient(size, [palette.at(0.62), palette.at(0.34), palette.at(0.10), palette.at(0.0)])
    horizon = dice.uniform(0.42, 0.56)
    _sun(canvas, brush, horizon)
    for layer in range(LAYERS):
        near = (layer + 1) / LAYERS
        base = height * (horizon + (1.0 - horizon) * near**1.5 * 0.86)
        crest = _noise_line(dice, width, octaves=3 + round(4 * brush.detail), rough=0.45 + 0.1 * near)
        amplitude = height * (0.05 + 0.13 * near)
        line = [base - amplitude * value for value in crest]
        top = palette.at(0.18 + 0.82 * near)
        foot = mix(palette.at(0.10 + 0.62 * near), palette.ramp[0], 0.42 * (1 - near))
        _ridge(canvas, line, top, foot)
    return canvas


def agate(brush: Brush, size: Size) -> Image.Image:
    """Paint bands that follow a smooth field, like a cut stone."""
    dice, palette = brush.dice, brush.palette
    bands = 5 + round(5 * brush.detail)
    field = _field(dice)
    shades: list[Colour] = []
    offsets = [dice.uniform(-0.10, 0.10) for _ in range(11)]
    for level in range(256):
        band, within = divmod(level * bands / 256, 1.0)
        place = (int(band) + 0.5) / bands + offsets[int(band)]
        edge = max(0.0, 1.0 - within * 7.0)
        colour = palette.at(place + 0.16 * within)
        shades.append(mix(colour, palette.ramp[0], 0.55 * edge))
    double = (size[0] * 2, size[1] * 2)
    # Enlarged as floats: in whole levels the bands would have stairs.
    level_map = field.resize(double, Image.Resampling.BICUBIC, box=INNER).convert("L")
    stone = Image.merge(
        "RGB", [level_map.point([shade[channel] for shade in shades]) for channel in range(3)]
    )
    return _vignette(_relief(stone.reduce(2), field, size), 0.28)


def silk(brush: Brush, size: Size) -> Image.Image:
    """Paint a cloth of threads that flows across a dark ground and catches the light in its folds."""
    dice, palette = brush.dice, brush.palette
    night = mix(palette.ramp[-1], (0, 0, 0), 0.55)
    canvas = _gradient(
        (size[0] * 2, size[1] * 2), [mix(night, (0, 0, 0), 0.5), night, mix(night, palette.at(0.7), 0.3)]
    )
    draw = ImageDraw.Draw(canvas)
    count = 26 + round(26 * brush.detail)
    cloth = _cloth(dice, count, canvas.size)
    phase, tint = dice.uniform(0, math.tau), dice.uniform(0.25, 0.55)
    for number, (upper, lower) in enumerate(pairwise(cloth)):
        share = number / (count - 1)
        for step in range(SEGMENTS):
            (x0, y0), (x1, y1) = upper[step], upper[step + 1]
            (x2, y2), (x3, y3) = lower[step + 1], lower[step]
            fold = math.sin(5 * share + 9 * (y3 - y0) / size[1] + 3.2 * step / SEGMENTS + phase)
            lean = (y1 - y0) / (x1 - x0)
            light = 0.5 + 0.34 * fold - 0.30 * lean
            colour = mix(palette.at(1.02 - light), palette.accent, tint * share * (1 - light / 2))
            draw.polygon([(x0, y0), (x1, y1), (x2, y2), (x3, y3)], fill=colour)
    for number, line in enumerate(cloth):
        if number % 2 == 0:
            draw.line(
                line, fill=mix(palette.ramp[0], palette.accent, number / count), width=max(1, size[1] // 700)
            )
    return _vignette(canvas.reduce(2), 0.22)


MOTIFS: tuple[Motif, ...] = (ridges, agate, silk)


def _gradient(size: Size, colours: list[Colour]) -> Image.Image:
    column = Image.new("RGB", (1, len(colours)))
    column.putdata(colours)
    return column.resize((1, size[1]), Image.Resampling.BICUBIC).resize(size)


def _sun(canvas: Image.Image, brush: Brush, horizon: float) -> None:
    width, height = canvas.size
    radius = min(width, height) * brush.dice.uniform(0.07, 0.12)
    x, y = width * brush.dice.uniform(0.22, 0.78), height * (horizon - brush.dice.uniform(0.04, 0.16))
    glow = Image.radial_gradient("L").point(
        [round(200 * max(0.0, 1 - level / RIM) ** 2) for level in range(256)]
    )
    reach = int(radius * 9)
    halo = glow.resize((reach, reach), Image.Resampling.BICUBIC)
    light = mix(brush.palette.ramp[0], (255, 255, 255), 0.5)
    canvas.paste(light, (int(x - reach / 2), int(y - reach / 2)), halo)
    side = int(radius * 2)
    disc = Image.new("L", (side * 4, side * 4))
    ImageDraw.Draw(disc).ellipse((4, 4, side * 4 - 4, side * 4 - 4), fill=235)
    canvas.paste(mix(light, brush.palette.accent, 0.12), (int(x - radius), int(y - radius)), disc.reduce(4))


def _ridge(canvas: Image.Image, line: list[float], top: Colour, foot: Colour) -> None:
    width, height = canvas.size
    start, stop = int(min(line)) - 1, int(max(line)) + 2
    if start >= height:
        return
    slope = _gradient((width, max(1, height - start)), [top, foot])
    band = Image.new("L", (width * 2, (stop - start) * 2))
    points = [(2 * x, 2 * (y - start)) for x, y in enumerate(line)]
    ImageDraw.Draw(band).polygon([(0, band.height), *points, (2 * width, band.height)], fill=255)
    mask = Image.new("L", slope.size, 255)
    mask.paste(band.reduce(2), (0, 0))
    canvas.paste(slope, (0, start), mask)


def _noise_line(dice: random.Random, width: int, *, octaves: int, rough: float) -> list[float]:
    waves = []
    for octave in range(OCTAVES):
        # Drawn for every octave, used for some: detail refines a picture and does not change it.
        frequency = 0.7 * 2**octave * dice.uniform(0.8, 1.25)
        waves.append((frequency * math.tau / width, dice.uniform(0, math.tau), rough**octave))
    waves = waves[:octaves]
    total = sum(weight for _, _, weight in waves)
    return [
        sum(weight * (1 - 2 * abs(math.sin(x * speed + phase))) for speed, phase, weight in waves) / total
        for x in range(width + 1)
    ]


def _field(dice: random.Random) -> Image.Image:
    parts = [
        (dice.uniform(0.6, 3.2), dice.uniform(0, math.tau), dice.uniform(0, math.tau), dice.uniform(0.4, 1.0))
        for _ in range(6)
    ]
    cx, cy = dice.uniform(0.2, 0.8), dice.uniform(0.2, 0.8)
    values = []
    for row in range(FIELD):
        for column in range(FIELD):
            x, y = column / FIELD, row / FIELD
            value = 1.6 * math.hypot(x - cx, y - cy)
            for frequency, angle, phase, weight in parts:
                along = x * math.cos(angle) + y * math.sin(angle)
                value += 0.30 * weight * math.sin(frequency * math.tau * along + phase + 1.5 * value)
            values.append(value)
    low, high = min(values), max(values)
    field = Image.new("F", (FIELD, FIELD))
    field.putdata([8 + 239 * (value - low) / (high - low) for value in values])
    return field


def _relief(picture: Image.Image, field: Image.Image, size: Size) -> Image.Image:
    slope = ImageFilter.Kernel((3, 3), (-2, -1, 0, -1, 0, 1, 0, 1, 2), 1, 128)
    light = field.convert("L").filter(slope).filter(ImageFilter.GaussianBlur(1.2))
    shade = light.resize(size, Image.Resampling.BICUBIC, box=INNER)
    return ImageChops.soft_light(picture, Image.merge("RGB", [shade] * 3))


def _cloth(dice: random.Random, count: int, size: Size) -> list[list[tuple[float, float]]]:
    width, height = size
    waves = [
        (dice.uniform(0.3, 1.5), dice.uniform(0, math.tau), dice.uniform(0.5, 1.0), dice.uniform(0.6, 2.6))
        for _ in range(4)
    ]
    centre, spread, tall = dice.uniform(0.44, 0.56), dice.uniform(0.20, 0.30), dice.uniform(0.55, 0.8)
    twist = dice.uniform(0, math.tau)
    cloth = []
    for thread in range(count):
        share = thread / (count - 1)
        line = []
        for step in range(SEGMENTS + 1):
            x = step / SEGMENTS
            bend = sum(w * math.sin(math.tau * f * x + p + s * share) for f, p, w, s in waves) / len(waves)
            pinch = 0.34 + 0.66 * math.sin(math.pi * x * 0.8 + twist) ** 2
            line.append((x * width, height * (centre + spread * bend + (share - 0.5) * tall * pinch)))
        cloth.append(line)
    return cloth


def _vignette(picture: Image.Image, strength: float) -> Image.Image:
    shade = Image.radial_gradient("L").point(lambda level: 255 - round(strength * max(0, level - 90) * 1.2))
    mask = shade.resize(picture.size, Image.Resampling.BICUBIC)
    return ImageChops.multiply(picture, Image.merge("RGB", [mask] * 3))
