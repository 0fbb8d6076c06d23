"""Presets: named values of a model's parameters, kept in the journal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any, Final

from wiro_widgets.journal.journal import Journal
from wiro_widgets.media.jsonable import is_file, json_text, plain, storable
from wiro_widgets.protocol.errors import ConfigurationError, InvalidParameter
from wiro_widgets.protocol.lookup import Unknown
from wiro_widgets.protocol.redact import printable

PROMPT: Final = "{prompt}"  # in a text of a preset: what stands in the control when it is loaded
MAX_NAME: Final = 80  # characters
MAX_PRESETS: Final = 500  # of a model
MAX_TEXT: Final = 200_000  # characters of a preset's values as JSON


class Presets(MutableMapping[str, dict[str, Any]]):
    """The presets of one model by name, in every kernel that shares the journal; values are those of its parameters.

    None is the value of a parameter that the preset clears. Files are not kept, only their web addresses. Setting and
    deleting writes at once; everything raises ConfigurationError if the journal cannot be used.

    >>> presets = client.presets("tencent/hunyuan-flux-srpo")
    >>> presets["draft"] = {"steps": 8, "width": 512, "height": 512}
    >>> images = client.generate("tencent/hunyuan-flux-srpo", prompt="a lighthouse", **presets["draft"])
    """

    def __init__(self, journal: Journal, model: str) -> None:
        self.model = model
        self._journal = journal

    def __repr__(self) -> str:
        try:
            names = [f"{name} (default)" if name == self.default else name for name in self]
        except ConfigurationError:
            return printable(f"<Presets of {self.model}, which cannot be read>")
        return printable(f"<Presets of {self.model}: {', '.join(names) or 'none'}>")

    def __getitem__(self, name: str) -> dict[str, Any]:
        rows = self._read("SELECT parameters FROM presets WHERE model = :model AND name = :name", name=name)
        if not rows:
            raise KeyError(self._unknown(name))
        try:
            values = json.loads(rows[0][0])
        except (TypeError, ValueError):
            values = None
        if not isinstance(values, dict):
            raise ConfigurationError(f"The preset {name!r} in the journal is damaged; save it again.")
        return values

    def __setitem__(self, name: str, values: Mapping[str, Any]) -> None:
        name = _checked_name(name)
        if not isinstance(values, Mapping) or not all(isinstance(key, str) for key in values):
            raise InvalidParameter("values", f"a dict of parameters is needed, not {type(values).__name__}")
        text = json_text({key: value for key, value in plain(values).items() if not _has_file(value)})
        if len(text) > MAX_TEXT:
            raise InvalidParameter("values", f"they are too long: {len(text):,} of {MAX_TEXT:,} characters")
        if name not in self and len(self) >= MAX_PRESETS:
            raise InvalidParameter("name", f"the model has {MAX_PRESETS} presets, the most; delete one first")
        self._write(
            "INSERT INTO presets (model, name, parameters, saved_at) VALUES (:model, :name, :values, :now) "
            "ON CONFLICT (model, name) DO UPDATE SET parameters = excluded.parameters, saved_at = excluded.saved_at",
            name=name,
            values=text,
            now=datetime.now(UTC).isoformat(),
        )

    def __delitem__(self, name: str) -> None:
        self._require(name)
        self._write("DELETE FROM presets WHERE model = :model AND name = :name", name=name)

    def __contains__(self, name: object) -> bool:
        sql = "SELECT 1 FROM presets WHERE model = :model AND name = :name"
        return isinstance(name, str) and bool(self._read(sql, name=name))

    def __iter__(self) -> Iterator[str]:
        rows = self._read("SELECT name FROM presets WHERE model = :model")
        return iter(sorted((str(name) for (name,) in rows), key=str.casefold))

    def __len__(self) -> int:
        return int(self._read("SELECT count(*) FROM presets WHERE model = :model")[0][0])

    def rename(self, name: str, new_name: str) -> None:
        """Give a preset another name; raises KeyError if there is none, InvalidParameter if the new name is in use."""
        new_name = _checked_name(new_name)
        self._require(name)
        if new_name != name and new_name in self:
            raise InvalidParameter("new_name", f"there is a preset {new_name!r} already")
        self._write(
            "UPDATE presets SET name = :new WHERE model = :model AND name = :name AND NOT EXISTS "
            "(SELECT 1 FROM presets AS other WHERE other.model = :model AND other.name = :new)",
            name=name,
            new=new_name,
        )

    @property
    def default(self) -> str | None:
        """The preset with which a new panel of the model begins; None for the model's own defaults.

        Setting it raises KeyError if there is no such preset, InvalidParameter for a style, which needs a prompt.
        """
        rows = self._read("SELECT name FROM presets WHERE model = :model AND is_default = 1 ORDER BY name")
        return str(rows[0][0]) if rows else None

    @default.setter
    def default(self, name: str | None) -> None:
        if name is not None and is_style(self[name]):
            raise InvalidParameter("default", f"{name!r} is a style: it needs a prompt to stand around")
        sql = "UPDATE presets SET is_default = CASE WHEN name = :name THEN 1 ELSE 0 END WHERE model = :model"
        self._write(sql, name=name or "")

    def _require(self, name: str) -> None:
        if name not in self:
            raise KeyError(self._unknown(name))

    def _unknown(self, name: str) -> str:
        names = list(self)
        near = get_close_matches(str(name), names, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names[:8]) or 'none yet'}"
        return f"{self.model} has no preset {name!r}; {hint}"

    def _read(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        return self._execute(sql, values, writes=False)

    def _write(self, sql: str, **values: Any) -> None:
        self._execute(sql, values, writes=True)

    def _execute(self, sql: str, values: Mapping[str, Any], *, writes: bool) -> list[tuple[Any, ...]]:
        values = {key: storable(value) for key, value in {**values, "model": self.model}.items()}
        answer = self._journal.execute(sql, values, writes=writes)
        if isinstance(answer, Unknown):
            verb = "saved" if writes else "read"
            raise ConfigurationError(f"Presets cannot be {verb}: {answer.reason}.")
        return answer.value


def is_style(values: Mapping[str, Any]) -> bool:
    """Return True if a text among the values stands around a prompt."""
    return any(isinstance(value, str) and PROMPT in value for value in values.values())


def styled(template: str, text: str) -> str:
    """Return the template around a text; a text that has it around it already stays as it is."""
    count = template.count(PROMPT)
    length = (len(text) - len(template.replace(PROMPT, ""))) // count if count else 0
    inner = text[(start := template.find(PROMPT)) : start + max(length, 0)]
    if template.replace(PROMPT, inner) == text:
        return text
    return template.replace(PROMPT, text)


def _checked_name(name: object) -> str:
    """Return a name for a preset in one line; raises InvalidParameter."""
    text = " ".join(printable(name).split()) if isinstance(name, str) else ""
    if not text or len(text) > MAX_NAME:
        raise InvalidParameter("name", f"a preset has a name of 1 to {MAX_NAME} characters")
    return text


def _has_file(value: object) -> bool:
    return is_file(value) or (isinstance(value, list) and any(map(is_file, value)))
