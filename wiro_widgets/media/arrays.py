"""Arrays of numbers as PIL images: the shapes, the white of each number type, and what has no agreed white."""

from __future__ import annotations

from typing import Any, Final

from PIL import Image

_LEVELS, _LEVELS_16 = 255, 65_535  # the white of 8 and of 16 bits
_CHANNELS: Final = (3, 4)


def shape_of(value: object) -> tuple[int, ...]:
    """Return the shape of an array, (height, width) of a PIL image, () of anything else; reads no pixels."""
    if isinstance(value, Image.Image):  # its own `__array_interface__` copies all pixels, or raises
        return value.height, value.width
    interface: Any = getattr(value, "__array_interface__", None)
    return tuple(interface.get("shape", ())) if isinstance(interface, dict) else ()


def to_image(source: object) -> Image.Image:
    """Return an array of shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) as an image of mode L, I;16, RGB or RGBA.

    White is 255, of uint16 and of whole numbers beyond 255 it is 65,535, and of bool it is True. Raises ValueError with
    the reason for anything else.
    """
    shape = shape_of(source)
    if not isinstance(getattr(source, "__array_interface__", None), dict):
        raise ValueError(  # noqa: TRY004 - a wrong value of its field
            f"{type(source).__name__} is no image; a PIL image or numpy array is (tensor.cpu().numpy())",
        )
    if 0 in shape:
        raise ValueError("the image has no pixels")
    if not _is_picture(shape):
        hint = ""
        if len(shape) == 3 and shape[0] in (1, *_CHANNELS):  # noqa: PLR2004 - channels, H, W
            hint = "; put the channels last: array.transpose(1, 2, 0)"
        raise ValueError(f"the array must have the shape (H, W), (H, W, 3) or (H, W, 4), not {shape}{hint}")
    import numpy as np  # noqa: PLC0415 - who has an array has loaded it

    array = np.asarray(source)
    array = array[:, :, 0] if shape[2:] == (1,) else array
    levels = _grey_levels(array, np)
    return Image.fromarray(np.ascontiguousarray(levels))


def _is_picture(shape: tuple[int, ...]) -> bool:
    return len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, *_CHANNELS))  # noqa: PLR2004 - H, W, channels


def _grey_levels(array: Any, np: Any) -> Any:
    """Return the array as uint8, or a grey one that needs it as uint16."""
    kind = array.dtype.kind
    if kind == "b":
        return array.astype(np.uint8) * _LEVELS
    if kind not in "iu":
        hint = "; where 1.0 is white: (array * 255).round().astype('uint8')" if kind == "f" else ""
        raise ValueError(f"the array must hold uint8 from 0 to 255, not {array.dtype}{hint}")
    if array.dtype == np.uint8:
        return array
    is_wide, is_grey = array.dtype.itemsize == 2 and kind == "u", array.ndim == 2  # noqa: PLR2004 - bytes; H, W
    low, high = int(array.min()), int(array.max())
    most = _LEVELS_16 if is_grey or is_wide else _LEVELS
    if low < 0 or high > most:
        raise ValueError(
            f"the array must hold numbers from 0 to {most:,}; this {array.dtype} one has {low} to {high}"
        )
    if high == 1:
        raise ValueError(
            f"the {array.dtype} array holds 0 and 1 only, nearly black; array.astype(bool) has white"
        )
    if is_wide and not is_grey:  # Pillow has no colours of 16 bits
        return ((array.astype(np.uint32) * _LEVELS + _LEVELS_16 // 2) // _LEVELS_16).astype(np.uint8)
    return array.astype(np.uint16 if is_wide or high > _LEVELS else np.uint8)  # in this machine's byte order
