"""Where each field of a form stands: its order, its width, and what the page folds under "More"."""

from __future__ import annotations

import re

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.schema.parameters import Parameter
from wiro_widgets.protocol.schema.schema import ModelSchema, is_session

# What stands above the fold, in halves of a row: a form as high as the window of a notebook.
_ROOM = 12
_FEW_FIELDS = 2  # so many are not worth a fold
_REST = 6  # the rank of the fields that stand in the order of the model

_COUNT = re.compile(
    r"n|samples|count|batch(size|count)?|num(ber)?(of)?(images|outputs|samples|videos|results)"
    r"|(image|output|video|sample)s?(count|number|num)"
)
_SIZE = re.compile(r"aspect|ratio|resolution|size|dimension|orientation")
_NUMBER = re.compile(
    r"scale|cfg|temperature|top[pk]$|penalty|strength|guidance|threshold|weight|steps|fps|tokens"
)
_IDENTIFIER = re.compile(r"(_id|Id|ID)$")


def rank(parameter: Parameter) -> int:
    """Return where a field stands: to be filled in, prompt, files, size and what is required, seed, count, the rest."""
    letters = _letters(parameter)
    is_size = role(parameter) in ("width", "height") or (
        parameter.kind == "select" and _SIZE.search(letters) is not None
    )
    marks = (
        parameter.has_to_be_given,
        role(parameter) == "prompt",
        parameter.kind == "file",
        parameter.required or is_size,
        role(parameter) == "seed",
        _COUNT.fullmatch(letters) is not None,
    )
    return marks.index(True) if any(marks) else _REST


def folded_names(schema: ModelSchema) -> set[str]:
    """Return the ids of the fields that the page folds: the advanced ones, and of the rest what finds no room."""
    advanced = {
        item.id for group in schema.groups for item in group.parameters if group.advanced or item.advanced
    }
    basic = [item for item in schema.parameters if item.id not in advanced]
    rest = [item for item in basic if rank(item) == _REST]
    room = _ROOM - sum(_halves(item) for item in basic if rank(item) < _REST)
    count = 0
    for item in rest:
        room -= _halves(item)
        if room < 0:
            break
        count += 1
    surplus = rest[count:]
    return advanced if len(surplus) <= _FEW_FIELDS else advanced | {item.id for item in surplus}


def is_narrow(parameter: Parameter) -> bool:
    """Return True for a text that is a number or a name, as a temperature: half a row is enough for it."""
    if parameter.kind != "text":
        return False
    texts = [text for text in (parameter.default, parameter.placeholder) if text]
    if texts:
        return all(wire_values.number(text) is not None for text in texts)
    return bool(_NUMBER.search(_letters(parameter)) or _IDENTIFIER.search(parameter.id))


def role(parameter: Parameter) -> str | None:
    """Return the name of the special control of a parameter, if it has one."""
    name = parameter.id.lower()
    if is_session(parameter):
        return "session"
    if name == "prompt" and parameter.kind in ("text", "textarea"):
        return "prompt"
    if parameter.kind in ("text", "number", "range"):
        if name == "seed":
            return "seed"
        if name in ("width", "height") and parameter.kind != "text":
            return name
    return None


def _halves(parameter: Parameter) -> int:
    """Return the room of a field in halves of a row; width and height share one."""
    if role(parameter) == "prompt":
        return 3
    if role(parameter) == "height":
        return 0  # in the row of the width
    is_wide = (
        role(parameter) == "width"
        or parameter.kind in ("file", "textarea")
        or (parameter.kind == "text" and role(parameter) is None and not is_narrow(parameter))
    )
    return 2 if is_wide else 1


def _letters(parameter: Parameter) -> str:
    return re.sub(r"[^a-z0-9]", "", parameter.id.lower())
