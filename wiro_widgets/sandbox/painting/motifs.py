"""Three kinds of picture: ridges in haze, agate, and silk, and the palettes they are painted with.

Each paints a whole canvas; `detail` refines what the dice composed and composes nothing anew.
"""

import colorsys
import math
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Size = tuple[int, int]
Colour = tuple[int, int, int]
FIELD = 48
SEGMENTS = 72
LAYERS = 7
OCTAVES = 7
INNER = (3, 3, FIELD - 3, FIELD - 3)  # a filter leaves the rim as it was
RIM = 181  # what a radial gradient holds in the middle of its sides
# Hue of the light and hue of the dark, in turns.
MOODS = {
    "sunset": (0.06, 0.78),
    "sunrise": (0.11, 0.93),
    "dawn": (0.09, 0.62),
    "dusk": (0.95, 0.68),
    "fire": (0.09, 0.98),
    "autumn": (0.11, 0.02),
    "desert": (0.10, 0.04),
    "gold": (0.13, 0.07),
    "golden": (0.13, 0.07),
    "yellow": (0.15, 0.09),
    "orange": (0.09, 0.02),
    "red": (0.04, 0.96),
    "pink": (0.95, 0.85),
    "rose": (0.97, 0.88),
    "purple": (0.85, 0.74),
    "violet": (0.82, 0.70),
    "blue": (0.53, 0.63),
    "ocean": (0.48, 0.60),
    "sea": (0.48, 0.60),
    "sky": (0.56, 0.64),
    "winter": (0.55, 0.64),
    "snow": (0.56, 0.66),
    "night": (0.58, 0.70),
    "green": (0.26, 0.42),
    "forest": (0.22, 0.43),
    "spring": (0.24, 0.90),
    "teal": (0.46, 0.55),
    "princess": (0.10, 0.90),
}
PAIRS = ((0.08, 0.72), (0.12, 0.56), (0.95, 0.66), (0.46, 0.66), (0.14, 0.92), (0.52, 0.76), (0.03, 0.60))
DARK = ("night", "dark", "space", "midnight", "black")


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours from light to deep, and one that stands out."""

    ramp: tuple[Colour, ...]
    accent: Colour

    def at(self, place: float) -> Colour:
        """Return the colour at 0 (light) to 1 (deep)."""
        place = min(max(place, 0.0), 1.0) * (len(self.ramp) - 1)
        low = min(int(place), len(self.ramp) - 2)
        return mix(self.ramp[low], self.ramp[low + 1], place - low)


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
        start, stop = int(min(line)) - 1, int(max(line)) + 2
        if start >= height:
            continue
        top = palette.at(0.18 + 0.82 * near)
        foot = mix(palette.at(0.10 + 0.62 * near), palette.ramp[0], 0.42 * (1 - near))
        slope = _gradient((width, max(1, height - start)), [top, foot])
        band = Image.new("L", (width * 2, (stop - start) * 2))
        points = [(2 * x, 2 * (y - start)) for x, y in enumerate(line)]
        ImageDraw.Draw(band).polygon([(0, band.height), *points, (2 * width, band.height)], fill=255)
        mask = Image.new("L", slope.size, 255)
        mask.paste(band.reduce(2), (0, 0))
        canvas.paste(slope, (0, start), mask)
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
        colour = palette.at((int(band) + 0.5) / bands + offsets[int(band)] + 0.16 * within)
        shades.append(mix(colour, palette.ramp[0], 0.55 * max(0.0, 1.0 - within * 7.0)))
    double = (size[0] * 2, size[1] * 2)
    # Enlarged as floats: in whole levels the bands would have stairs.
    levels = field.resize(double, Image.Resampling.BICUBIC, box=INNER).convert("L")
    stone = Image.merge("RGB", [levels.point(list(channel)) for channel in zip(*shades, strict=True)])
    slope = ImageFilter.Kernel((3, 3), (-2, -1, 0, -1, 0, 1, 0, 1, 2), 1, 128)
    light = field.convert("L").filter(slope).filter(ImageFilter.GaussianBlur(1.2))
    relief = light.resize(size, Image.Resampling.BICUBIC, box=INNER)
    return _vignette(ImageChops.soft_light(stone.reduce(2), Image.merge("RGB", [relief] * 3)), 0.28)


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


def choose_palette(prompt: str, dice: random.Random, vividness: float) -> Palette:
    """Return the palette of a prompt; `vividness` 0 to 1 is how saturated it is."""
    words = re.findall(r"[a-z]+", prompt.lower())
    moods = [MOODS[word] for word in words if word in MOODS]
    light, deep = moods[0] if moods else dice.choice(PAIRS)
    light, deep = light + dice.uniform(-0.025, 0.025), deep + dice.uniform(-0.04, 0.04)
    dim = 0.62 if any(word in DARK for word in words) else 1.0
    saturation = 0.45 + 0.45 * vividness
    # The shorter way round the colour circle keeps the middle of the ramp between its ends.
    way = (deep - light + 0.5) % 1.0 - 0.5
    stops = ((0.0, 0.97, 0.34), (0.22, 0.90, 0.62), (0.48, 0.74, 0.80), (0.74, 0.46, 0.84), (1.0, 0.20, 0.80))
    ramp = tuple(_hsv(light + way * turn, saturation * strong, value * dim) for turn, value, strong in stops)
    return Palette(ramp, _hsv(light + 0.5 * way + 0.46, 0.75 * saturation, 0.98 * dim))


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Return the colour between two, `share` of it the other."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _hsv(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, min(saturation, 1.0), min(value, 1.0))
    return round(red * 255), round(green * 255), round(blue * 255)


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
