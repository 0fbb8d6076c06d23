"""The static card: what a saved, exported or merely read notebook shows where the live panel cannot be.

It is plain HTML of its own output beside the live view: a view that lives hides the card, and the card hides the
host's "model not found" when there is none. Without its styles, as GitHub shows it, it is a few paragraphs.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

from wiro_widgets.media.images import Thumbnail, thumbnail
from wiro_widgets.media.jsonable import without_files
from wiro_widgets.widget.wire.labels import seconds

MAX_BYTES = 150_000
EDGE = 160  # pixels
MAX_PICTURES = 8
MAX_VALUE = 400  # characters
MAX_VALUES = 8_000  # characters of all values
MAX_ANSWER = 4_000
LONG = 60  # characters from which a value gets a line of its own

# The front end marks a view that lives with data-wiro-live, and hides the cards that it finds. What comes later, a
# host's "model not found" (text without elements), and the white that VS Code puts behind any widget is hidden here.
_STYLE = (
    "<style>"
    ".wiro-card[hidden]{{display:none!important}}"
    ':root:has([data-wiro-live="{id}"]) .wiro-card[data-card="{id}"]{{display:none!important}}'
    ".jp-OutputArea:has(.wiro-card) .jupyter-widgets:not(:has(*),[data-wiro-live]){{display:none}}"
    ".cell-output-ipywidget-background:has([data-wiro-live]){{background:transparent!important}}"
    "</style>"
)
_BOX = (
    "border:1px solid rgba(128,128,128,.35);border-radius:10px;padding:12px 14px;margin:2px 0;"
    "font:13px/1.5 system-ui,sans-serif;max-width:760px"
)
_SOFT = "opacity:.7"
_DOT = " \N{MIDDLE DOT} "
_FOOTER = "A still picture of the panel. Run the cell to bring it to life."


def card(
    card_id: str,
    *,
    model: str,
    run: Mapping[str, Any] | None,
    values: Mapping[str, Any],
    pictures: Iterable[Thumbnail],
) -> str:
    """Return the card as HTML of at most `MAX_BYTES`; pictures that would not fit are left out.

    `run` is a run as the browser is told of it, `values` what it was started with.
    """
    style = _STYLE.format(id=escape(card_id))
    head = (
        f'{style}<div class="wiro-card" data-card="{escape(card_id)}" style="{_BOX}">{_heading(model, run)}'
    )
    said = "".join(_paragraph(_escaped(text), "white-space:pre-wrap") for text in _said(run))
    shown = dict(_shown(values))
    prompt = shown.pop("prompt", "")
    lead = _paragraph(_escaped(prompt), "overflow-wrap:anywhere") if prompt else ""
    footer = _paragraph(_FOOTER, f"font-size:12px;{_SOFT}")
    tail = f"{said}{_settings(shown)}{footer}</div>"
    room = MAX_BYTES - len(f"{head}{lead}{tail}".encode())
    return f"{head}{lead}{_gallery(pictures, room)}{tail}"


def words(*, model: str, run: Mapping[str, Any] | None, values: Mapping[str, Any]) -> str:
    """Return the card as plain text, for terminals and for hosts without HTML."""
    shown = dict(_shown(values))
    lines = [_DOT.join([model, *_facts(run)]), shown.pop("prompt", ""), *_said(run)]
    lines.append(", ".join(f"{name} {value}" for name, value in shown.items()))
    return "\n".join(line for line in lines if line)


def small(source: Thumbnail) -> Thumbnail:
    """Return a thumbnail small enough for a card."""
    return thumbnail(source.data, edge=EDGE)


def _heading(model: str, run: Mapping[str, Any] | None) -> str:
    owner, _, name = model.partition("/")
    title = (
        f'<span style="{_SOFT}">{_escaped(owner)} /</span> <b>{_escaped(name)}</b>'
        if name
        else _escaped(model)
    )
    facts = _escaped(_DOT.join(_facts(run)))
    return _paragraph(f'{title} &nbsp;<span style="{_SOFT}">{facts}</span>' if facts else title, "")


def _facts(run: Mapping[str, Any] | None) -> Iterator[str]:
    """Say how the run stands: status, seconds, dollars, task."""
    if run is None or not run.get("number"):
        return
    yield str(run["word"])
    if run.get("elapsed") and run["status"] != "succeeded":  # the word for that has its time
        yield seconds(run["elapsed"])
    if run.get("price") is not None:
        yield str(run["price"])
    if run.get("task"):
        yield f"task {run['task']}"


def _said(run: Mapping[str, Any] | None) -> Iterator[str]:
    """Give the words that came of the run: why it failed, a model's answer, the names of files."""
    if run is None:
        return
    notice = run.get("notice")
    if notice:
        told = " ".join(str(notice[part]) for part in ("title", "text") if notice.get(part))
        yield _cut(told, MAX_ANSWER)
    text = run.get("text")
    if text and text.get("answer"):
        yield _cut(text["answer"], MAX_ANSWER)
    files = [out["name"] for out in run.get("outputs") or () if not _is_picture(out)]
    if files and not text:
        yield _cut(f"Files: {', '.join(files)}", MAX_VALUE)


def _is_picture(output: Mapping[str, Any]) -> bool:
    return str(output.get("content_type") or "").startswith("image/")


def _gallery(pictures: Iterable[Thumbnail], room: int) -> str:
    shown, found = list(pictures)[:MAX_PICTURES], ""
    for number, picture in enumerate(shown, start=1):
        data = base64.b64encode(picture.data).decode()
        item = (
            f'<img alt="Result {number} of {len(shown)}" width="{picture.width}" height="{picture.height}" '
            f'style="border-radius:6px;margin:0 6px 6px 0;vertical-align:top" '
            f'src="data:{escape(picture.content_type)};base64,{data}"> '
        )
        if len(found) + len(item) + 100 > room:
            break
        found += item
    return _paragraph(found, "") if found else ""


def _settings(shown: Mapping[str, str]) -> str:
    """Set short values in one line, as a sentence of settings, and long ones each in its own."""
    names = [
        f'<span style="{_SOFT}">{_escaped(name)}</span> {_escaped(value)}' for name, value in shown.items()
    ]
    short = [text for text, value in zip(names, shown.values(), strict=True) if len(value) <= LONG]
    long = [text for text, value in zip(names, shown.values(), strict=True) if len(value) > LONG]
    line = " &nbsp;\N{MIDDLE DOT}&nbsp; ".join(short)
    return "".join(_paragraph(text, "overflow-wrap:anywhere") for text in [*long, line] if text)


def _shown(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give the values as texts, without secrets and addresses, each and all of bounded length."""
    room = MAX_VALUES
    for name, value in without_files(values).items():
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        room -= len(name) + min(len(text), MAX_VALUE)
        if room < 0:
            return
        if text and value is not None:
            yield _cut(name, LONG), _cut(text, MAX_VALUE)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}..."


def _escaped(text: str) -> str:
    return escape(text).replace("\n", "<br>")


def _paragraph(html: str, style: str) -> str:
    return f'<p style="margin:0 0 6px;{style}">{html}</p>'
