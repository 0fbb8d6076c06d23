"""Colours that match: from the words of the prompt if it names any, else random."""

import colorsys
import random
import re
from dataclasses import dataclass

Colour = tuple[int, int, int]

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
