"""Recipes of ComfyUI, InvokeAI, NovelAI and Fooocus, read by sd-parsers where the extra `recipes` is installed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Any, Final

# The text chunks of a PNG in which these programs write; in a JPEG or WebP it is EXIF's comment, "parameters" here.
KEYWORDS: Final = (
    *("prompt", "workflow", "parameters", "fooocus_scheme"),
    *("invokeai_metadata", "sd-metadata", "Dream", "Software", "Source", "Title", "Description", "Comment"),
)
_MOST_TEXT: Final = 2**20  # characters that are parsed
_MOST_WORK: Final = 100_000  # nodes times links of a graph: the parser follows the links from every node
_IDS: Final = {"steps": "steps", "cfg_scale": "scale", "seed": "seed", "width": "width", "height": "height"}
_SIZE: Final = re.compile(r"\((\d{1,5}), (\d{1,5})\)")  # Fooocus has it as text
_WHOLE_NUMBER: Final = re.compile(r"\d{1,20}")


def is_readable() -> bool:
    """Return True if the package that reads these recipes is installed."""
    return find_spec("sd_parsers") is not None


def from_texts(texts: Mapping[str, str]) -> tuple[str | None, str, dict[str, Any]] | None:
    """Return model, prompt and values, given a picture's texts by their keywords; None if no program knows them."""
    from sd_parsers.data import Generators  # noqa: PLC0415 - an extra
    from sd_parsers.parsers import MANAGED_PARSERS  # noqa: PLC0415 - an extra

    kinds: tuple[Any, ...] = (*MANAGED_PARSERS,)
    for kind in kinds:
        if kind.generator is Generators.AUTOMATIC1111:  # `a1111` reads more of it
            continue
        try:
            if not _is_small(texts):
                return None
            info = kind().parse(dict(texts))
            if info.samplers:
                return _fields(info)
        except Exception:  # noqa: BLE001, S112 - another library, and texts that anybody may have written
            continue
    return None


def _fields(info: Any) -> tuple[str | None, str, dict[str, Any]]:
    sampler = info.samplers[0]
    prompt, negative = _as_text(info.full_prompt), _as_text(info.full_negative_prompt)
    values: dict[str, Any] = {}
    for part in (*_dictionaries(info.metadata), sampler.parameters):
        values |= part
    if size := _SIZE.fullmatch(str(values.get("resolution"))):
        values |= {"width": int(size[1]), "height": int(size[2])}
    parameters: dict[str, Any] = {"prompt": prompt} | ({"negativePrompt": negative} if negative else {})
    for theirs, ours in _IDS.items():
        value = values.get(theirs)
        if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value):
            value = int(value)
        if isinstance(value, (int, float)):
            parameters[ours] = value
    return (None if sampler.model is None else sampler.model.name), prompt, parameters


def _dictionaries(metadata: dict[Any, Any]) -> Iterator[dict[Any, Any]]:
    """Yield what is said of the whole picture, and by each node of a graph."""
    yield metadata
    for value in metadata.values():
        yield from (
            part for part in (value if isinstance(value, list) else [value]) if isinstance(part, dict)
        )


def _as_text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value or "")


def _is_small(texts: Mapping[str, str]) -> bool:
    """Return True if neither the texts nor a graph in them are so large that parsing them would take long."""
    if sum(map(len, texts.values())) > _MOST_TEXT:
        return False
    if "workflow" not in texts:
        return True
    nodes, links = json.loads(texts["prompt"]), json.loads(texts["workflow"])["links"]
    return len(nodes) * len(links) <= _MOST_WORK
