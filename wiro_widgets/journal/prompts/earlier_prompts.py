"""The prompts of earlier runs, from the journal."""

from __future__ import annotations

import json
from typing import Final

from wiro_widgets.journal.journal import Journal
from wiro_widgets.journal.row import stamp

LIMIT: Final = 200  # different prompts
MAX_CHARACTERS: Final = 200_000  # of all of them: the page gets them in one message
_MAX_ROWS: Final = 5_000  # the newest runs, among which they are looked for
_JSON: Final = "CASE WHEN json_valid(parameters) THEN parameters END"
_SQL: Final = (
    "SELECT prompt, max(intent_at) FROM ("  # noqa: S608 - constants
    f"SELECT intent_at, json_type({_JSON}, '$.prompt') AS type, json_extract({_JSON}, '$.prompt') AS prompt "
    f"FROM runs WHERE model = :model ORDER BY intent_at DESC LIMIT {_MAX_ROWS}) "
    f"WHERE type = 'text' GROUP BY prompt ORDER BY max(intent_at) DESC LIMIT {LIMIT}"
)
_SQL_WITHOUT_JSON: Final = (
    "SELECT parameters, intent_at FROM runs WHERE model = :model "  # noqa: S608 - constants
    f"ORDER BY intent_at DESC LIMIT {_MAX_ROWS}"
)  # where SQL has no JSON functions of SQLite


def earlier_prompts(journal: Journal, model: str) -> list[str]:
    """Return the prompts of a model's runs, each once, newest first, 200 at most; none if the journal is unreadable."""
    sql = _SQL if journal.has_json_functions else _SQL_WITHOUT_JSON
    times: dict[str, str] = {}
    for text, at in journal.fetch(sql, {"model": model}) or ():
        prompt = text if journal.has_json_functions else _prompt(text)
        if prompt is not None:
            times[prompt] = max(times.get(prompt, ""), str(at))
    for row in journal.rows_in_memory().values():
        prompt = row.parameters.get("prompt")
        if row.model == model and isinstance(prompt, str):
            times[prompt] = max(times.get(prompt, ""), stamp(row.intent_at) or "")
    prompts: list[str] = []
    characters = 0
    for prompt in sorted(times, key=times.__getitem__, reverse=True)[:LIMIT]:
        characters += len(prompt)
        if characters > MAX_CHARACTERS:
            break
        if prompt.strip():
            prompts.append(prompt)
    return prompts


def _prompt(parameters: str) -> str | None:
    """Return the prompt among parameters as JSON; None if there is none."""
    try:
        prompt = json.loads(parameters)["prompt"]
    except (ValueError, TypeError, KeyError):
        return None
    return prompt if isinstance(prompt, str) else None
