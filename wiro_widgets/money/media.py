"""What an input file adds to a price: the pixels of a picture, the seconds of a recording; only headers are read."""

from __future__ import annotations

import io
import wave
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from wiro_widgets.media.output import Output
from wiro_widgets.protocol.prices.methods import Media
from wiro_widgets.protocol.schema.scalars import is_url
from wiro_widgets.protocol.schema.schema import ModelSchema


def measured(values: Mapping[str, Any], schema: ModelSchema | None) -> tuple[Media, ...]:
    """Return one entry for every file among the values; what cannot be read is not known."""
    found: list[Media] = []
    for parameter in schema.parameters if schema else ():
        value = values.get(parameter.id)
        if parameter.kind == "file" and value is not None:
            listed = value if isinstance(value, list | tuple) else [value]
            found += [_measured(parameter.id, item) for item in listed]
    return tuple(found)


def _measured(parameter: str, value: object) -> Media:
    if is_url(value):
        return Media(parameter)
    size = _size_in_memory(value)
    if size is not None:
        return Media(parameter, pixels=size)
    with suppress(OSError, ValueError):
        if isinstance(value, Output):
            value = value.path or value.bytes()
        if isinstance(value, str | Path):
            with Path(value).expanduser().open("rb") as file:
                return _read(parameter, file)
        if isinstance(value, bytes | bytearray | memoryview):
            return _read(parameter, io.BytesIO(value))
        if hasattr(value, "read") and hasattr(value, "seek"):
            return _at_start(parameter, value)
    return Media(parameter)


def _size_in_memory(value: object) -> int | None:
    """Return the pixels of a PIL image or an array."""
    interface = getattr(value, "__array_interface__", None)
    if isinstance(interface, dict):
        height, width = (*interface.get("shape", ()), 0, 0)[:2]
        return int(height) * int(width) or None
    return None


def _at_start(parameter: str, file: Any) -> Media:
    position = file.tell()
    try:
        file.seek(0)
        return _read(parameter, file)
    finally:
        file.seek(position)


def _read(parameter: str, file: BinaryIO) -> Media:
    from PIL import Image  # noqa: PLC0415 - a client that only lists models does not pay for it

    with suppress(wave.Error, EOFError), wave.open(file) as recording:
        return Media(parameter, seconds=recording.getnframes() / (recording.getframerate() or 1))
    file.seek(0)
    with (
        suppress(Exception),
        Image.open(file) as picture,
    ):  # a broken header makes Pillow raise nearly anything
        return Media(parameter, pixels=picture.width * picture.height)
    return Media(parameter)
