"""Pictures: small ones for the browser and recipes in files, against the decoding that must be done anyway."""

from __future__ import annotations

import io
import time
from collections.abc import Callable

from PIL import Image

from benchmarks.measure import Promise, Result, pairs
from benchmarks.server import picture
from wiro_widgets.media import images, recipes

THUMBNAIL = Promise("thumbnail of a 1024 px PNG, encoding included", "ms", "lower", 1.5, "its decoding")
RECIPE = Promise("recipe into a 1024 px PNG", "ms", "lower", 0.1, "its decoding")
TIMES = 5  # in each round
DETAILS = {
    "wiro_widgets": "0",
    "model": "bench/n0",
    "prompt": "a lighthouse at dusk",
    "parameters": {"steps": 20},
}


def pictures(rounds: int = 7) -> list[Result]:
    """Measure both."""
    data = picture()

    def decode() -> None:
        Image.open(io.BytesIO(data)).load()

    return [
        pairs(
            THUMBNAIL,
            lambda: _ms(lambda: images.thumbnail(images.decode(data))),
            lambda: _ms(decode),
            rounds=rounds,
        ),
        pairs(RECIPE, lambda: _ms(lambda: recipes.embed(data, DETAILS)), lambda: _ms(decode), rounds=rounds),
    ]


def _ms(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    for _ in range(TIMES):
        work()
    return (time.perf_counter() - start) / TIMES * 1000
