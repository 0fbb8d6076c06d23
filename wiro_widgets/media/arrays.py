"""Arrays of numbers as PIL images: the shapes, the white of each number type, and what has no agreed white."""

from __future__ import annotations

from typing import Any, Final

from PIL import Image

_LEVELS, _LEVELS_16 = 255, 65_535  # the white of 8 and of 16 bits
_CHANNELS: Final = (3, 4)
_ROUNDING: Final = 1e-6  # by which a computed float misses 0 or 1; 8 bits do not show it


def shape_of(value: object) -> tuple[int, ...]:
    """Return the shape of an array, (height, width) of a PIL image, () of anything else; reads no pixels."""
    if isinstance(value, Image.Image):  # its own `__array_interface__` copies all pixels, or raises
        return value.height, value.width
    interface: Any = getattr(value, "__array_interface__", None)
    if isinstance(interface, dict):
        return tuple(interface.get("shape", ()))
    shape = getattr(value, "shape", None) if hasattr(type(value), "__array__") else None
    # Tensors come as numpy arrays when asked. So do tables, which are no pictures, and columns, which are axes.
    is_picture = isinstance(shape, tuple) and len(shape) > 1 and not hasattr(value, "columns")
    return tuple(shape or ()) if is_picture else ()


def to_image(source: object) -> Image.Image:
    """Return an array of shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) as an image of mode L, I;16, RGB or RGBA.

    White is 1 of floats, 255 of whole numbers, 65,535 of uint16 and of whole numbers beyond 255, and True of bool.
    A tensor that numpy can read is an array. Raises ValueError with the reason for anything else.
    """
    shape = shape_of(source)
    if not shape:
        raise ValueError(f"{type(source).__name__} is no image; a PIL image or numpy array is")
    if 0 in shape:
        raise ValueError("the image has no pixels")
    if not _is_picture(shape):
        hint = ""
        if len(shape) == 3 and shape[0] in (1, *_CHANNELS):  # noqa: PLR2004 - channels, H, W
            hint = "; put the channels last: array.transpose(1, 2, 0)"
        raise ValueError(f"the array must have the shape (H, W), (H, W, 3) or (H, W, 4), not {shape}{hint}")
    import numpy as np  # noqa: PLC0415 - who has an array has loaded it

    try:
        array = np.asarray(source)
    except (
        Exception
    ) as exc:  # PyTorch raises TypeError for one on a GPU, RuntimeError for one with a gradient
        name = type(source).__name__
        raise ValueError(
            f"the {name} cannot be read as a numpy array ({exc}); give {name.lower()}.detach().cpu().numpy()"
        ) from exc
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
    if kind == "f":
        return _levels_of_floats(array, np)
    if kind not in "iu":
        raise ValueError(f"the array must hold uint8 from 0 to 255, not {array.dtype}")
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


def _levels_of_floats(array: Any, np: Any) -> Any:
    """Return floats from 0, black, to 1, white, as uint8."""
    finite = array[np.isfinite(array)]
    low, high = (finite.min(), finite.max()) if finite.size else (0, 0)
    is_finite = finite.size == array.size
    if is_finite and low >= -_ROUNDING and high <= 1 + _ROUNDING:
        return np.rint(array.astype(np.float32, copy=False) * _LEVELS).astype(np.uint8)
    extent = f"{low} to {high}"
    if not is_finite:
        extent = f"NaN or infinity beside {extent}" if finite.size else "NaN or infinity only"
        advice = "np.nan_to_num replaces these"
    elif low >= 0 and high <= _LEVELS:
        advice = "where 255 is white, give array.round().astype('uint8')"
    elif low >= -1 and high <= 1:
        advice = "where -1 is black, give (array + 1) / 2; otherwise array.clip(0, 1)"
    else:
        advice = "bring it there, as in (array - array.min()) / np.ptp(array), or array.clip(0, 1)"
    raise ValueError(
        f"an array of floats must hold numbers from 0 (black) to 1 (white); "
        f"this {array.dtype} one has {extent}; {advice}"
    )
