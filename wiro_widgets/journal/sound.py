"""What can be read of damaged runs, and records without values that nothing could be counted with."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any, Final, get_args

from wiro_widgets.media.jsonable import storable
from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.record import Outcome, TaskRecord

MOST_DOLLARS: Final = 1e6  # of one task
MOST_SECONDS: Final = 1e9
_INT64: Final = range(-(2**63), 2**63)
_OUTCOMES: Final = get_args(Outcome)
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


def sound(record: TaskRecord) -> TaskRecord:
    """Return the record with what is of another type or out of range as missing."""
    changed: dict[str, Any] = {}
    for name, read in _READERS.items():
        told = getattr(record, name)
        if told is None and name in _MAY_MISS:
            continue
        mended = read(told)
        if mended is not told and mended != told:
            changed[name] = mended
    return replace(record, **changed) if changed else record


def readable(values: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a damaged row of the journal as far as it can be read; None when there is no task to ask for."""
    if not all(isinstance(values.get(name), str) for name in ("id", "server", "outcome", "task_id")):
        return None
    record = _loaded(values.get("record"), dict)
    return {
        **{name: _text(values.get(name)) for name in _TEXTS_OF_ROW},
        "model": _text(values.get("model")) or "",
        "parameters": json.dumps(_loaded(values.get("parameters"), dict) or {}),
        "intent_at": str(_moment(values.get("intent_at")) or _NEVER),
        **{name: str(_moment(values.get(name)) or "") or None for name in ("submitted_at", "settled_at")},
        "record": json.dumps(record) if record else None,
        **{
            name: json.dumps([*map(str, _loaded(values.get(name), list) or ())]) for name in ("paths", "tags")
        },
        **{name: _whole(values.get(name)) for name in ("pid", "cell")},
        "notes": _text(values.get("notes")) or "",
        "star": values.get("star") == 1,
        "reuses": _count(values.get("reuses")),
    }


_TEXTS_OF_ROW: Final = ("id", "server", "outcome", "task_id", "error", "host", "content", "born")


def _loaded(value: object, kind: type) -> Any:
    """Return what a JSON text holds when it is of that kind."""
    try:
        found = json.loads(value) if isinstance(value, str) else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, kind) else None


def _text(value: object) -> str | None:
    found = value if isinstance(value, str) else wire_values.text(value)
    return None if found is None else storable(found)


def _said(value: object) -> str:
    return _text(value) or ""


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _star(value: object) -> bool:
    return value is True


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value in _INT64 else None


def _count(value: object) -> int:
    return max(_whole(value) or 0, 0)


def _seed(value: object) -> int | str | None:
    return value if isinstance(value, int | str) and not isinstance(value, bool) else None


def _up_to(most: float) -> Callable[[object], float | None]:
    def read(value: object) -> float | None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return value if 0 <= value <= most else None  # NaN is neither

    return read


def _moment(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return None
    if not isinstance(found, datetime):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, tuple) and all(isinstance(item, str) for item in value):
        return value
    return tuple(map(str, value)) if isinstance(value, tuple | list) else ()


def _outcome(value: object) -> Outcome:
    return next((name for name in _OUTCOMES if name == value), "unknown")


_MAY_MISS: Final = frozenset(item.name for item in fields(TaskRecord) if item.default is None)
_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    **dict.fromkeys(("task_id", "model", "status", "prompt", "text", "error", "reused_from"), _text),
    "success": _flag,
    "exit_code": _whole,
    "seed": _seed,
    "parameters": _mapping,
    **dict.fromkeys(("created_at", "started_at", "ended_at"), _moment),
    **dict.fromkeys(("queue_seconds", "run_seconds", "elapsed_seconds"), _up_to(MOST_SECONDS)),
    "total_cost": _up_to(MOST_DOLLARS),
    **dict.fromkeys(("output_count", "reuses"), _count),
    **dict.fromkeys(("output_urls", "output_paths", "tags"), _texts),
    "outcome": _outcome,
    "star": _star,
    "note": _said,
}
