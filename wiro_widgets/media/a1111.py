"""The text that AUTOMATIC1111's web UI writes under "parameters" and that most image tools show."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

_NEGATIVE: Final = "Negative prompt: "
_NEGATIVE_IDS: Final = ("negativePrompt", "negative_prompt", "negativeprompt")
_SCALE_IDS: Final = ("scale", "guidance_scale", "guidanceScale", "guidancescale", "guidance", "cfg")
_OURS: Final = {"Steps": "steps", "CFG scale": "scale", "Seed": "seed", "Denoising strength": "strength"}
_THEIRS: Final = {ours: theirs for theirs, ours in _OURS.items()} | dict.fromkeys(_SCALE_IDS, "CFG scale")
_FIRST: Final = ("steps", *_SCALE_IDS, "seed")
# AUTOMATIC1111 parses its text with this pattern; a value with a comma or a colon is quoted as JSON.
_PAIR: Final = re.compile(r'\s*(\w[\w \-/]{0,60}):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')
_SIZE: Final = re.compile(r"(\d{1,9})x(\d{1,9})")
_INTEGER: Final = re.compile(r"-?\d{1,300}")
_FLOAT: Final = re.compile(r"-?\d{1,300}\.\d{1,300}")
_LEAST_PAIRS: Final = 3  # AUTOMATIC1111's rule to tell the line of values from a prompt
_LONGEST: Final = 10_000  # characters of the line of values: the pattern takes quadratic time


def to_text(model: str | None, prompt: str | None, parameters: Mapping[str, Any]) -> str:
    """Return prompt, negative prompt and values in the order of AUTOMATIC1111."""
    rest = {key: value for key, value in parameters.items() if value is not None and key != "prompt"}
    negative = next((rest.pop(key) for key in _NEGATIVE_IDS if key in rest), None)
    pairs = [(_THEIRS[key], rest.pop(key)) for key in _FIRST if key in rest]
    if "width" in rest and "height" in rest:
        pairs.append(("Size", f"{rest.pop('width')}x{rest.pop('height')}"))
    pairs += [("Model", model)] if model else []
    pairs += [(_THEIRS.get(key, key), value) for key, value in rest.items()]
    lines = [prompt or ""]
    lines += [f"{_NEGATIVE}{negative}"] if negative else []
    return "\n".join((*lines, ", ".join(f"{key}: {_quote(value)}" for key, value in pairs)))


def from_text(text: str) -> tuple[str | None, str, dict[str, Any]] | None:
    """Return model, prompt and values of such a text, or None for any other text."""
    *lines, last = text.strip().split("\n")
    pairs = _PAIR.findall(last) if len(last) <= _LONGEST else []
    if len(pairs) < _LEAST_PAIRS or not any(key in {"Steps", "Model"} for key, _ in pairs):
        return None
    prompt, _, negative = "\n".join(lines).strip().partition(f"\n{_NEGATIVE}")
    if prompt.startswith(_NEGATIVE):
        prompt, negative = "", prompt.removeprefix(_NEGATIVE)
    parameters: dict[str, Any] = {"prompt": prompt} | ({"negativePrompt": negative} if negative else {})
    model = None
    for key, value in pairs:
        size = _SIZE.fullmatch(value) if key == "Size" else None
        if size:
            parameters |= {"width": int(size[1]), "height": int(size[2])}
        elif key == "Model":
            model = str(_unquote(value))
        else:
            parameters[_OURS.get(key, key)] = _unquote(value)
    return model, prompt, parameters


def _quote(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return json.dumps(text, ensure_ascii=False) if set(text) & set(',:"\n') else text


def _unquote(value: str) -> str | int | float:
    value = value.strip()
    if _INTEGER.fullmatch(value):
        return int(value)
    if _FLOAT.fullmatch(value):
        return float(value)
    try:
        return str(json.loads(value)) if value.startswith('"') else value
    except ValueError:
        return value
