"""A model's parameters as an HTML table: static, everything escaped, in the colours of the page."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from wiro_widgets.protocol.schema import listing
from wiro_widgets.render.html import clip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wiro_widgets.protocol.replies import ModelSummary
    from wiro_widgets.protocol.schema.parameters import Parameter
    from wiro_widgets.protocol.schema.schema import ModelSchema

_CELL: Final = "padding:3px 20px 3px 0;text-align:left;vertical-align:top;white-space:normal"
_NARROW: Final = f"{_CELL};overflow-wrap:anywhere"
_SOFT: Final = "opacity:.7"
_MAX_OPTIONS: Final = 24  # that are listed
_HELP: Final = 200  # characters of a label or a help text


def model(name: str, schema: ModelSchema | None) -> str:
    """Return the model's name and title, and a row for each parameter; without a schema only the name."""
    title = schema.title if schema and schema.title != name.partition("/")[2] else ""
    head = f"<strong>{clip(name)}</strong> <span style='{_SOFT}'>{clip(title, _HELP)}</span>"
    if schema is None or schema.is_open:
        return f"<div>{head}<div style='{_SOFT}'>Its parameters are not known here.</div></div>"
    columns = ("Parameter", "Takes", "Default")
    cells = "".join(
        f'<th scope="col" style="{_CELL};{_SOFT};font-weight:500">{text}</th>' for text in columns
    )
    # Parameters that a panel folds away come last, as there.
    items = sorted(schema.parameters, key=lambda item: item.advanced)
    rows = "".join(map(_row, items))
    return (
        f'<div>{head}<table style="margin:6px 0;border-collapse:collapse;font-size:90%">'
        f"<thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def models(items: Sequence[ModelSummary]) -> str:
    """Return a row for each model of the catalogue: its name, its title or what it does, and its price.

    Their pictures lie at other hosts, from which a page loads nothing.
    """
    head = "".join(
        f'<th scope="col" style="{_CELL};{_SOFT};font-weight:500">{text}</th>'
        for text in ("Model", "What it is", "Price")
    )
    rows = "".join(
        f'<tr><td style="{_NARROW};min-width:9em"><code>{clip(item.model, _HELP)}</code></td>'
        f'<td style="{_NARROW}">{clip(item.title, _HELP)}{_description(item)}</td>'
        f'<td style="{_CELL};white-space:nowrap">{clip(item.price, _HELP)}</td></tr>'
        for item in items
    )
    if not rows:
        return f'<div style="{_SOFT}">No models.</div>'
    return (
        f'<table style="margin:4px 0;border-collapse:collapse;font-size:90%">'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _description(item: ModelSummary) -> str:
    text = "" if item.description == item.title else clip(item.description, _HELP)
    return f'<div style="{_SOFT}">{text}</div>' if text else ""


def _row(item: Parameter) -> str:
    default = listing.default_words(item)
    label = "" if item.label.lower() == item.id.lower() else item.label
    about = clip(". ".join(filter(None, [label, item.help])), _HELP)
    default = f"<em>{default}</em>" if default == "required" else clip(default.removeprefix("default "))
    takes = _takes(item) + (f'<div style="{_SOFT}">{about}</div>' if about else "")
    return (
        f'<tr><td style="{_NARROW};min-width:6em"><code>{clip(item.id, _HELP)}</code></td>'
        f'<td style="{_CELL}">{takes}</td><td style="{_NARROW};min-width:5em">{default}</td></tr>'
    )


def _takes(item: Parameter) -> str:
    if not item.options:
        return escape(listing.takes(item))
    texts = ", ".join(escape(listing.shorten(option.value)) or '""' for option in item.options[:_MAX_OPTIONS])
    more = len(item.options) - _MAX_OPTIONS
    return f"{texts} and {more} more" if more > 0 else texts
