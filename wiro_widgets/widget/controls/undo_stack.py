"""The changes of a panel's form that can be taken back: by hand, from Python, by a recipe or by another model."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.widget.axis_controls import AxisControl
from wiro_widgets.widget.controls.model_axis import ModelAxis
from wiro_widgets.widget.form import label
from wiro_widgets.widget.value_codec import as_list

MAX_CHANGES = 30
TYPING_SECONDS = 2.0  # a pause after which the same field, typed on, is another change
_PLAIN = (bool, int, float, str)
_MODEL, _MODELS = "", "*models"  # among the names of changes; no parameter has such an id


@dataclass(frozen=True, slots=True)
class FormState:
    """What a form says: its model, its values, its axes and the models beside its own."""

    model: str | None
    schema: ModelSchema
    values: Mapping[str, Any]
    axes: Mapping[str, AxisControl]
    models: ModelAxis | None = None


class UndoStack:
    """The states of a form before each of its last changes."""

    def __init__(self) -> None:
        self._states: deque[tuple[FormState, frozenset[str]]] = deque(maxlen=MAX_CHANGES)
        self._typed_at: float | None = None  # when the last change was typed; None for one that was not

    def __repr__(self) -> str:
        return f"<UndoStack, {len(self._states)} changes>"

    def record(self, before: FormState, after: FormState, *, typed: bool) -> None:
        """Remember a change, if it is one; what is typed into one field without a pause is one change."""
        names = _changes(before, after)
        if not names:
            return
        goes_on = (
            typed
            and self._typed_at is not None
            and monotonic() - self._typed_at < TYPING_SECONDS
            and bool(self._states)
            and self._states[-1][1] == names
        )
        if not goes_on:
            self._states.append((before, names))
        self._typed_at = monotonic() if typed else None

    def pop(self) -> FormState | None:
        """Return the state before the last change, and forget that change; None if there is none."""
        self._typed_at = None
        return self._states.pop()[0] if self._states else None

    @property
    def title(self) -> str:
        """What the last change was of: a field's label, "3 fields", "the model" or "the models"; empty if none."""
        if not self._states:
            return ""
        state, names = self._states[-1]
        if _MODEL in names:
            return "the model"
        if names == {_MODELS}:
            return "the models"
        if len(names) > 1:
            return f"{len(names)} fields"
        [name] = names
        parameter = state.schema.get(name)
        return label(parameter) if parameter else name


def _changes(before: FormState, after: FormState) -> frozenset[str]:
    """Return the names of what differs; `_MODEL` and `_MODELS` stand for the model and for those beside it."""
    names = [*before.values, *after.values, *before.axes, *after.axes]
    changed_names = {
        name
        for name in names
        if not _is_same(before.values.get(name), after.values.get(name))
        or before.axes.get(name) is not after.axes.get(name)
    }
    if before.model != after.model:
        changed_names.add(_MODEL)
    if before.models is not after.models:
        changed_names.add(_MODELS)
    return frozenset(changed_names)


def _is_same(value: Any, other: Any) -> bool:
    """Return True for the same object or equal plain values; files are compared as objects."""
    if isinstance(value, list) and isinstance(other, list):
        return len(value) == len(other) and all(map(_is_same, as_list(value), as_list(other)))
    if isinstance(value, _PLAIN) and isinstance(other, _PLAIN):
        return type(value) is type(other) and value == other
    return value is other
