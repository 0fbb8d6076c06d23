"""The static card: what a saved, exported or merely read notebook shows where the live panel cannot be.

It is plain HTML of its own output beside the live view: a view that lives hides the card, and the card hides the
host's "model not found" when there is none.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from wiro_widgets.results.images import Thumbnail, thumbnail
from wiro_widgets.results.plain import without_files
from wiro_widgets.widget.messages import sendable

MAX_BYTES = 150_000
EDGE = 160  # pixels
MAX_PICTURES = 8
MAX_VALUE = 400  # characters

# The front end marks a view that lives with data-wiro-live. A host's "model not found" is text without elements.
_STYLE = (
    "<style>"
    ".jp-OutputArea:has([data-wiro-live]) .wiro-card,.wiro-card[hidden]{display:none!important}"
    ".jp-OutputArea:has(.wiro-card) .jupyter-widgets:not(:has(*),[data-wiro-live]){display:none}"
    "</style>"
)
_BOX = (
    "border:1px solid rgba(128,128,128,.35);border-radius:10px;padding:12px 14px;margin:2px 0;"
    "font:13px/1.5 system-ui,sans-serif;max-width:760px"
)
_SOFT = "opacity:.7"


def card(
    card_id: str,
    *,
    model: str,
    run: Mapping[str, Any] | None,
    values: Mapping[str, Any],
    pictures: Iterable[Thumbnail],
) -> str:
    """Return the card as HTML of at most `MAX_BYTES`; pictures that would not fit are left out.

    `run` is a run as the browser is told of it, `values` what the controls say.
    """
    head = (
        f'{_STYLE}<div class="wiro-card" data-card="{escape(card_id)}" style="{_BOX}">{_heading(model, run)}'
    )
    tail = f"{_table(values)}{_footer()}</div>"
    room = MAX_BYTES - len(head.encode()) - len(tail.encode()) - 200
    return sendable(f"{head}{_gallery(pictures, room)}{tail}")


def small(source: Thumbnail) -> Thumbnail:
    """Return a thumbnail small enough for a card."""
    return thumbnail(source.data, edge=EDGE)


def _heading(model: str, run: Mapping[str, Any] | None) -> str:
    owner, _, name = model.partition("/")
    title = f'<span style="{_SOFT}">{escape(owner)} /</span> <b>{escape(name)}</b>' if name else escape(model)
    if run is None or not run.get("number"):
        return f"<div>{title}</div>"
    parts = [str(run["status"]).capitalize()]
    if run.get("elapsed"):
        parts.append(f"{run['elapsed']:.1f} s")
    if run.get("cost") is not None:
        parts.append(f"${run['cost']:.4f}")
    if run.get("task"):
        parts.append(f"task {run['task']}")
    notice = run.get("notice")
    why = f'<div style="margin-top:6px">{escape(str(notice["text"]))}</div>' if notice else ""
    text = run.get("text")
    said = (
        f'<div style="margin-top:6px;white-space:pre-wrap">{escape(text["answer"][:4000])}</div>'
        if text
        else ""
    )
    line = escape(" \N{MIDDLE DOT} ".join(parts))
    return f'<div>{title} &nbsp;<span style="{_SOFT}">{line}</span></div>{why}{said}'


def _gallery(pictures: Iterable[Thumbnail], room: int) -> str:
    found = []
    for picture in list(pictures)[:MAX_PICTURES]:
        data = base64.b64encode(picture.data).decode()
        item = (
            f'<img alt="" width="{picture.width}" height="{picture.height}" style="border-radius:6px;margin:0" '
            f'src="data:{escape(picture.content_type)};base64,{data}">'
        )
        room -= len(item)
        if room < 0:
            break
        found.append(item)
    if not found:
        return ""
    return f'<div style="display:flex;flex-wrap:wrap;gap:8px;margin:8px 0">{"".join(found)}</div>'


def _table(values: Mapping[str, Any]) -> str:
    rows = "".join(
        f'<div style="{_SOFT}">{escape(str(name))}</div><div style="overflow-wrap:anywhere">{_shown(value)}</div>'
        for name, value in without_files(values).items()
    )
    if not rows:
        return ""
    grid = "display:grid;grid-template-columns:max-content 1fr;gap:1px 14px;margin:8px 0 4px"
    return f'<div style="{grid}">{rows}</div>'


def _shown(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return escape(text if len(text) <= MAX_VALUE else f"{text[:MAX_VALUE]}...")


def _footer() -> str:
    return f'<div style="font-size:12px;{_SOFT}">A still picture of the panel. Run the cell to bring it to life.</div>'
