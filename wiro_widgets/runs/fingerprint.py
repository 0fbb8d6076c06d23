"""Fingerprints: equal for runs of the same model with the same values and the same file contents."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

from wiro_widgets.journal.row import UNTYPED
from wiro_widgets.media.jsonable import is_file
from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.requests import Upload
from wiro_widgets.protocol.schema.scalars import python_scalar
from wiro_widgets.protocol.schema.schema import split_model

_CHUNK = 1024 * 1024
_NO_CONTENT = frozenset({"callbackUrl", "projectid"})  # where a run is reported to, not what it makes


def of_run(
    model: str, ready: Mapping[str, Any], files: Mapping[str, Any] | None = None, *, is_typed: bool
) -> str:
    """Return the fingerprint of a run: 64 hexadecimal digits, after `UNTYPED` for a run without a schema.

    Without a schema values are not converted and no defaults are added, so the fingerprints of equal runs with and
    without one differ, and prove nothing about each other. `files` is what `files_of` returns; without it the Uploads
    are read here, and rewound.
    """
    owner, name = split_model(model)
    ready = {**ready, **(files_of(ready) if files is None else files)}
    values = {item: of_value(value) for item, value in ready.items() if item not in _NO_CONTENT}
    text = json.dumps([f"{owner}/{name}".lower(), values], sort_keys=True, ensure_ascii=False)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return digest if is_typed else UNTYPED + digest


def files_of(ready: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the journal keeps of a run's files, by parameter: name, size in bytes and SHA-256 of each Upload."""

    def describe(value: Any) -> Any:
        if isinstance(value, Upload):
            return {"file": value.filename, "size": value.size, "sha256": _digest(value)}
        return [describe(item) for item in value] if isinstance(value, list | tuple) else value

    return {name: describe(value) for name, value in ready.items() if _has_upload(value)}


def _has_upload(value: Any) -> bool:
    items = value if isinstance(value, list | tuple) else [value]
    return any(isinstance(item, Upload) for item in items)


def of_value(value: Any) -> Any:
    """Return what a fingerprint has of a value: a file's digest, else what JSON makes of it.

    Values that differ on the wire differ here: True and "true", None and "None", 1 and 1.0.
    """
    value = python_scalar(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Upload):
        return {"sha256": _digest(value)}
    if is_file(value):
        return {"sha256": value["sha256"]}
    if isinstance(value, list | tuple):
        return [of_value(item) for item in value]
    if isinstance(value, Mapping):
        return {str(item): of_value(inner) for item, inner in value.items()}
    text = wire_values.text(value)
    return text if text is not None else repr(value)


def _digest(upload: Upload) -> str:
    content = upload.content
    if isinstance(content, bytes | bytearray | memoryview):
        return hashlib.sha256(content).hexdigest()
    if isinstance(content, Path):
        with content.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    file = cast("BinaryIO", content)
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()
