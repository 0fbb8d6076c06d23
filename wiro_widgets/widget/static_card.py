"""The static card: what a saved, exported or merely read notebook shows where the live panel cannot be.

It is plain HTML in an output of its own beside the live view. A live view hides the card, and the card hides the
host's "model not found". Without its styles, as GitHub shows it, it is a few paragraphs. `CardDisplays` show it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from wiro_widgets.media.images import Thumbnail, thumbnail
from wiro_widgets.media.jsonable import without_files
from wiro_widgets.render import run_words
from wiro_widgets.render.markdown_html import html_of_markdown
from wiro_widgets.render.notebook_repr import NO_MATH

MAX_BYTES = 150_000
EDGE = 160  # pixels
MAX_PICTURES = 8
MAX_VALUE = 400  # characters
MAX_VALUES = 8_000  # characters of all values
MAX_ANSWER = 4_000
LONG = 60  # characters from which a value gets a line of its own

# The front end marks a live view with data-wiro-live and hides the cards that it finds. This hides what comes later,
# a host's "model not found" (text without elements, but no button or label that shares the cell), and the white that
# VS Code puts behind every widget.
_STYLE = (
    "<style>"
    ".wiro-card[hidden]{{display:none!important}}"
    ':root:has([data-wiro-live="{id}"]) .wiro-card[data-card="{id}"]{{display:none!important}}'
    ".jp-OutputArea:has(.wiro-card) .jupyter-widgets:not(:has(*),[data-wiro-live],[class*='widget-']){{display:none}}"
    ".cell-output-ipywidget-background:has([data-wiro-live]){{background:transparent!important}}"
    "</style>"
)
_BOX = (
    "border:1px solid rgba(128,128,128,.35);border-radius:10px;padding:12px 14px;margin:2px 0;"
    "font:13px/1.5 system-ui,sans-serif;max-width:760px"
)
_SOFT = "opacity:.7"
_FOOTER = "A still picture of the panel. Run the cell to bring it to life."
_GALLERY_FOOTER = "The newest pictures of the gallery. Run the cell to bring it to life."


@dataclass(frozen=True, slots=True)
class StaticCard:
    """A panel as HTML and as text."""

    html: str
    text: str

    @classmethod
    def of(
        cls,
        card_id: str,
        *,
        model: str,
        run: Mapping[str, Any] | None,
        values: Mapping[str, Any],
        order: Sequence[str] = (),
        pictures: Iterable[Thumbnail] = (),
    ) -> StaticCard:
        """Draw a card.

        `run` is the message of a run, `values` what it was started with, `order` the names of the controls. The HTML
        has at most `MAX_BYTES`; pictures that would not fit are left out.
        """
        places = {name: place for place, name in enumerate(order)}
        in_order = {
            name: values[name] for name in sorted(values, key=lambda name: places.get(name, len(places)))
        }
        texts = dict(_value_texts(in_order))
        prompt = texts.pop("prompt", "")
        facts, results = list(_facts(run)), list(_results(run))
        lines = [
            run_words.join_facts(model, *facts),
            prompt,
            *(text for text, _ in results),
            ", ".join(map(" ".join, texts.items())),
        ]
        head = (
            f"{_STYLE.format(id=escape(card_id))}"
            f'<div class="wiro-card {NO_MATH}" data-card="{escape(card_id)}" style="{_BOX}">'
            f"{_heading(model, facts)}"
        )
        lead = _paragraph(_escape(prompt), "overflow-wrap:anywhere") if prompt else ""
        tail = (
            "".join(html for _, html in results)
            + _settings(texts)
            + _paragraph(_FOOTER, f"font-size:12px;{_SOFT}")
            + "</div>"
        )
        room = MAX_BYTES - len(f"{head}{lead}{tail}".encode())
        return cls(f"{head}{lead}{_gallery(pictures, room)}{tail}", "\n".join(line for line in lines if line))

    @classmethod
    def of_pictures(cls, card_id: str, *, title: str, pictures: Iterable[Thumbnail]) -> StaticCard:
        """Draw the card of a gallery: its title and small pictures, at most `MAX_BYTES` of HTML."""
        title = _cut(title, MAX_VALUE)
        head = (
            f"{_STYLE.format(id=escape(card_id))}"
            f'<div class="wiro-card {NO_MATH}" data-card="{escape(card_id)}" style="{_BOX}">'
            f"{_paragraph(_escape(title), '')}"
        )
        tail = f"{_paragraph(_GALLERY_FOOTER, f'font-size:12px;{_SOFT}')}</div>"
        room = MAX_BYTES - len(f"{head}{tail}".encode())
        return cls(f"{head}{_gallery(pictures, room)}{tail}", title)

    @property
    def bundle(self) -> dict[str, Any]:
        """The card as a MIME bundle."""
        return {"text/html": self.html, "text/plain": self.text}


def _heading(model: str, facts: Sequence[str]) -> str:
    owner, _, name = model.partition("/")
    title = _escape(model)
    if name:
        title = f'<span style="{_SOFT}">{_escape(owner)} /</span> <b>{_escape(name)}</b>'
    line = _escape(run_words.join_facts(*facts))
    return _paragraph(f'{title} &nbsp;<span style="{_SOFT}">{line}</span>' if line else title, "")


def _facts(run: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield the status, the seconds, the dollars and the task of a run."""
    if run is None or not run.get("number"):
        return
    yield str(run["word"])
    if run.get("elapsed") and run["status"] != "succeeded":  # the word for that has its time
        yield run_words.seconds(run["elapsed"])
    if run.get("price") is not None:
        yield str(run["price"])
    if run.get("task"):
        yield f"task {run['task']}"


def _results(run: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    """Yield the notice of a run, the answer of a language model, and the names of files that are no pictures.

    Each comes as text and as HTML; an answer is Markdown.
    """
    if run is None:
        return
    notice, text = run.get("notice"), run.get("text")
    if notice:
        yield _words(" ".join(str(notice[part]) for part in ("title", "text") if notice.get(part)))
    if text and text.get("answer"):
        answer = _cut(text["answer"], MAX_ANSWER)
        yield answer, html_of_markdown(answer)
    if text and text.get("note"):
        yield _words(text["note"])
    outputs = run.get("outputs") or ()
    files = [item["name"] for item in outputs if not str(item.get("content_type") or "").startswith("image/")]
    if files and not text:
        yield _words(f"Files: {', '.join(files)}", MAX_VALUE)


def _words(text: str, length: int = MAX_ANSWER) -> tuple[str, str]:
    text = _cut(text, length)
    return text, _paragraph(_escape(text), "white-space:pre-wrap")


def _gallery(pictures: Iterable[Thumbnail], room: int) -> str:
    """Return the pictures that fit into so many bytes."""
    small = [thumbnail(picture.data, edge=EDGE) for picture in list(pictures)[:MAX_PICTURES]]
    html = ""
    for number, picture in enumerate(small, start=1):
        item = (
            f'<img alt="Result {number} of {len(small)}" width="{picture.width}" height="{picture.height}" '
            f'style="border-radius:6px;margin:0 6px 6px 0;vertical-align:top" '
            f'src="data:{escape(picture.content_type)};base64,{base64.b64encode(picture.data).decode()}"> '
        )
        if len(html) + len(item) + 100 > room:
            break
        html += item
    return _paragraph(html, "") if html else ""


def _settings(texts: Mapping[str, str]) -> str:
    """Return long values each in a line of its own, then the short ones in one line."""
    items = {
        f'<span style="{_SOFT}">{_escape(name)}</span> {_escape(text)}': text for name, text in texts.items()
    }
    lines = [html for html, text in items.items() if len(text) > LONG]
    lines.append(
        " &nbsp;\N{MIDDLE DOT}&nbsp; ".join(html for html, text in items.items() if len(text) <= LONG)
    )
    return "".join(_paragraph(line, "overflow-wrap:anywhere") for line in lines if line)


def _value_texts(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the values as texts of bounded length, without secrets and addresses."""
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


def _escape(text: str) -> str:
    return escape(text).replace("\n", "<br>")


def _paragraph(html: str, style: str) -> str:
    return f'<p style="margin:0 0 6px;{style}">{html}</p>'
