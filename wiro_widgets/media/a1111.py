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
_KEY: Final = re.compile(r"[ \t]*(\w[\w \-/.]{0,60}):[ \t]*")
_QUOTE: Final = re.compile(r'"(?:\\.|[^\\"])*"', re.DOTALL)
_PLAIN: Final = re.compile(r"[^,\n]*")
_SPECIAL: Final = re.compile(r'[,\n"\[\](){}]')
_FIRST_KEY: Final = re.compile(r"^[ \t]*(?=\w)[^\n]*?\b(?:Steps|Model):", re.MULTILINE)
_SIZE: Final = re.compile(r"(\d{1,9})x(\d{1,9})")
_INTEGER: Final = re.compile(r"-?\d{1,300}")
_FLOAT: Final = re.compile(r"-?\d{1,300}\.\d{1,300}")
_LEAST_PAIRS: Final = 3  # AUTOMATIC1111's rule to tell the line of values from a prompt
_LONGEST: Final = 50_000  # characters from the line of values to the end
_MAX_LINES: Final = 16  # lines, from the end, that are tried as the line of values
_MAX_UNCLOSED: Final = 4  # brackets that are never closed, each of which costs a look at the whole rest


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
    """Return model, prompt and values of such a text, or None for any other text.

    Values in quotes or brackets may have commas and lines of their own. Lines behind the values, as some programs write
    them, are values too: a line of pairs, or one pair that takes the whole line.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    start, end, pairs = _find_values(text)
    if start is None:
        return None
    lines_behind = text[end:].strip("\n")
    prompt, _, negative = text[:start].strip().partition(f"\n{_NEGATIVE}")
    if prompt.startswith(_NEGATIVE):
        prompt, negative = "", prompt.removeprefix(_NEGATIVE)
    for key, value in _pairs_behind(lines_behind):
        if key == _NEGATIVE.rstrip(": "):
            negative = negative or value
        else:
            pairs.append((key, value))
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


def _find_values(text: str) -> tuple[int | None, int, list[tuple[str, str]]]:
    """Return where the line of values starts and ends, and its pairs; None for a text without one.

    It is the last that begins with the steps, as AUTOMATIC1111 writes it, else the last that could be one.
    """
    starts = [match.start() for match in _FIRST_KEY.finditer(text, max(0, len(text) - _LONGEST))]
    best: tuple[int | None, int, list[tuple[str, str]]] = (None, 0, [])
    for start in starts[-_MAX_LINES:]:
        if start < best[1]:  # inside a value
            continue
        end, pairs, _ = _read_pairs(text, start)
        if len(pairs) < _LEAST_PAIRS or not any(key in ("Steps", "Model") for key, _ in pairs):
            continue
        if pairs[0][0] == "Steps" or not best[2] or best[2][0][0] != "Steps":
            best = start, end, pairs
    return best


def _read_pairs(text: str, start: int) -> tuple[int, list[tuple[str, str]], bool]:
    """Return where one line ends, whose values may go on over several, its pairs, and True if it has nothing else."""
    pairs: list[tuple[str, str]] = []
    position, is_whole, unclosed = start, True, 0
    while position < len(text) and text[position] != "\n":
        key = _KEY.match(text, position)
        value_start = key.end() if key else position
        end = _value_end(text, value_start) if unclosed < _MAX_UNCLOSED else None
        if end is None:  # a bracket that is never closed is a letter
            unclosed += 1
            plain = _PLAIN.match(text, value_start)
            end = plain.end() if plain else len(text)
        if key:
            pairs.append((key[1], text[value_start:end].strip()))
        is_whole = is_whole and key is not None
        position = end + 1 if text[end : end + 1] == "," else end
    return position, pairs, is_whole


def _value_end(text: str, start: int) -> int | None:
    """Return the end of a value: a comma or a line's end outside quotes and brackets; None if a bracket stays open."""
    if text[start : start + 1] == '"' and (quote := _QUOTE.match(text, start)):
        start = quote.end()
    position, depth = start, 0
    while special := _SPECIAL.search(text, position):
        position, sign = special.end(), special[0]
        if sign in ",\n" and not depth:
            return special.start()
        if sign == '"' and depth and (quote := _QUOTE.match(text, special.start())):
            position = quote.end()
        elif sign in "[({":
            depth += 1
        elif sign in "])}":
            depth = max(0, depth - 1)
    return None if depth else len(text)


def _pairs_behind(text: str) -> list[tuple[str, str]]:
    """Return the pairs of the lines behind the values; a line that begins with no key goes on with the value before."""
    pairs: list[tuple[str, str]] = []
    position = 0
    while position < len(text):
        key = _KEY.match(text, position)
        end, several, is_whole = _read_pairs(text, position)
        if key and is_whole:
            pairs += several
        else:
            end = len(text) if (line_end := text.find("\n", position)) < 0 else line_end
            if key:
                pairs.append((key[1], text[key.end() : end].strip()))
            elif pairs:
                pairs[-1] = pairs[-1][0], f"{pairs[-1][1]}\n{text[position:end]}"
        position = end + 1
    return pairs


def _quote(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return json.dumps(text, ensure_ascii=False) if set(text) & set(',:"\r\n[](){}') else text


def _unquote(value: str) -> str | int | float:
    value = value.strip()
    if _INTEGER.fullmatch(value):
        return int(value)
    if _FLOAT.fullmatch(value):
        return float(value)
    try:
        return str(json.loads(value, strict=False)) if value.startswith('"') else value
    except ValueError:
        return value
