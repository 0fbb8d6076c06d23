"""Pictures for these tests: small, real, and different in every pixel block."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image


def picture(width: int = 96, height: int = 64, mode: str = "RGB") -> Image.Image:
    """Return a smooth gradient with an edge in it."""
    across = Image.linear_gradient("L").rotate(90).resize((width, height))
    down = Image.linear_gradient("L").resize((width, height))
    flat = Image.new("L", (width, height), 90)
    flat.paste(200, (width // 4, height // 4, width // 2, height // 2))
    image = Image.merge("RGB", (across, down, flat))
    if mode in {"RGBA", "LA"}:
        image = image.convert(mode)
        image.putalpha(across)
    return image if image.mode == mode else image.convert(mode)


def image_bytes(image: Image.Image, image_format: str, **options: Any) -> bytes:
    """Return the image as a file of that format."""
    target = io.BytesIO()
    image.save(target, image_format, **options)
    return target.getvalue()


def pixels(data: bytes) -> tuple[str, tuple[int, int], bytes]:
    """Return everything that is seen of an image file."""
    with Image.open(io.BytesIO(data)) as image:
        return image.mode, image.size, image.tobytes()
