"""The answers of language models as HTML for a saved notebook: the Markdown of js/src/stage/markdown.ts, and no more.

All that a model writes is escaped; the only markup is what stands here. Lengths are bounded, so that no text takes
longer than its length.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape
from itertools import takewhile
from typing import Final
from urllib.parse import urlsplit

_INLINE: Final = re.compile(
    r"(?P<ticks>`+)(?P<code>[\s\S]{1,500}?)(?<!`)(?P=ticks)(?!`)"
    r"|(?<![\w*])(?P<mark>\*\*|__)(?=\S)(?P<bold>[\s\S]{0,500}?\S)(?P=mark)"
    r"|(?<![\w*])(?P<em>[*_])(?=[^\s*_])(?P<italic>[^*_]{0,500}?[^\s*_])(?P=em)(?!\w)"
    r"|~~(?=\S)(?P<struck>[^~]{1,500})~~"
    r"|!?\[(?P<label>[^\][]{1,500})\]\((?P<url>[^\s()]{1,2000})\)"
    r"|\\(?P<sign>[!-/:-@\[-`{-~])"
)
_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})[^`]*")
_ITEM: Final = re.compile(r"(\s*)(?:[-*+]|(\d{1,9})[.)])\s+(.*)")
_HEADING: Final = re.compile(r"(#{1,6})\s+(.*?)\s*#*")
_RULE: Final = re.compile(r" {0,3}([-*_])(?:\s*\1){2,}\s*")
_QUOTE: Final = re.compile(r" {0,3}> ?")
_DASHES: Final = re.compile(r"\s*\|?(?:\s*:?-+:?\s*\|)+(?:\s*:?-+:?\s*)?\|?\s*")
_MAX_DEPTH: Final = 6  # of lists and quotes within each other, and of marks within a line
_BLOCK: Final = "margin:0 0 6px"
_LIST: Final = f"{_BLOCK};padding-left:22px"
_TABLE: Final = f"{_BLOCK};font:inherit;text-align:left;border-spacing:12px 2px;margin-left:-12px"
_CODE: Final = (
    f"{_BLOCK};padding:8px 10px;border-radius:6px;background:rgba(128,128,128,.12);white-space:pre-wrap;"
    "overflow-wrap:anywhere"
)


def html_of_markdown(text: str) -> str:
    """Return an answer as HTML without any markup, picture or script of its own; links are encrypted addresses."""
    return _blocks(text.split("\n"), 0)


def _blocks(lines: Sequence[str], depth: int) -> str:
    parts: list[str] = []
    at = 0
    while at < len(lines):
        kind = _kind(lines, at, depth)
        count, html = _WRITERS[kind](lines[at:], depth) if kind else _paragraph(lines, at, depth)
        parts.append(html)
        at += count
    return "".join(parts)


def _kind(lines: Sequence[str], at: int, depth: int) -> str:
    line = lines[at]
    if not line.strip():
        return "space"
    for kind, pattern in (("code", _FENCE), ("heading", _HEADING), ("rule", _RULE)):
        if pattern.fullmatch(line):
            return kind
    if "|" in line and at + 1 < len(lines) and _DASHES.fullmatch(lines[at + 1]):
        return "table"
    if depth < _MAX_DEPTH:
        return "quote" if _QUOTE.match(line) else "list" if _ITEM.fullmatch(line) else ""
    return ""


def _paragraph(lines: Sequence[str], at: int, depth: int) -> tuple[int, str]:
    end = at + 1
    while end < len(lines) and not _kind(lines, end, depth):
        end += 1
    words = _inline("\n".join(lines[at:end])).replace("\n", "<br>")
    return end - at, f'<p style="{_BLOCK};overflow-wrap:anywhere">{words}</p>'


def _code(lines: Sequence[str], _depth: int) -> tuple[int, str]:
    match = _FENCE.fullmatch(lines[0])
    fence = match[1] if match else "```"
    code = list(takewhile(lambda line: not _closes(line, fence), lines[1:]))
    return len(code) + 2, f'<pre style="{_CODE}"><code>{escape(chr(10).join(code))}</code></pre>'


def _closes(line: str, fence: str) -> bool:
    return line.strip().startswith(fence) and not line.strip().strip(fence[0])


def _heading(lines: Sequence[str], _depth: int) -> tuple[int, str]:
    match = _HEADING.fullmatch(lines[0])
    words = _inline(match[2]) if match else ""
    return 1, f'<p style="margin:8px 0 4px"><strong>{words}</strong></p>'


def _quote(lines: Sequence[str], depth: int) -> tuple[int, str]:
    inner = list(takewhile(_QUOTE.match, lines))
    html = _blocks([_QUOTE.sub("", line, count=1) for line in inner], depth + 1)
    return len(inner), f'<blockquote style="margin:0 0 6px 12px;opacity:.8">{html}</blockquote>'


def _list(lines: Sequence[str], depth: int) -> tuple[int, str]:
    """Write the items of the first one's depth, each with what is indented more."""
    first = _ITEM.fullmatch(lines[0])
    indent, number = (len(first[1]), first[2]) if first else (0, None)
    own: list[list[str]] = []
    count = 0
    for line in lines:
        item = _ITEM.fullmatch(line)
        if item and len(item[1]) <= indent + 1:
            own.append([item[3]])
        elif line[:1].isspace() and line.strip():
            own[-1].append(re.sub(r"^\s{1,4}", "", line))
        else:
            break
        count += 1
    items = "".join(f"<li>{_item(item, depth)}</li>" for item in own)
    if number is None:
        return count, f'<ul style="{_LIST}">{items}</ul>'
    return count, f'<ol start="{int(number)}" style="{_LIST}">{items}</ol>'


def _item(lines: Sequence[str], depth: int) -> str:
    return _inline(lines[0]) if len(lines) == 1 else _blocks(lines, depth + 1)


def _table(lines: Sequence[str], _depth: int) -> tuple[int, str]:
    rows = list(takewhile(lambda line: "|" in line, lines))

    def row(line: str, tag: str) -> str:
        cells = re.sub(r"^\||\|$", "", line.strip()).split("|")
        return "".join(f"<{tag}>{_inline(cell.strip())}</{tag}>" for cell in cells)

    body = "".join(f"<tr>{row(line, 'td')}</tr>" for line in rows[2:])
    return len(rows), f'<table style="{_TABLE}"><tr>{row(rows[0], "th")}</tr>{body}</table>'


_WRITERS: Final[dict[str, Callable[[Sequence[str], int], tuple[int, str]]]] = {
    "space": lambda _lines, _depth: (1, ""),
    "code": _code,
    "heading": _heading,
    "rule": lambda _lines, _depth: (1, '<hr style="margin:8px 0">'),
    "quote": _quote,
    "table": _table,
    "list": _list,
}


def _inline(words: str, depth: int = 0) -> str:
    if depth > _MAX_DEPTH:
        return escape(words)
    parts: list[str] = []
    at = 0
    for match in _INLINE.finditer(words):
        parts.append(escape(words[at : match.start()]))
        at = match.end()
        if match["code"] is not None:
            parts.append(f"<code>{escape(match['code'])}</code>")
        elif match["bold"] or match["italic"] or match["struck"]:
            tag = "strong" if match["bold"] else "em" if match["italic"] else "del"
            parts.append(
                f"<{tag}>{_inline(match['bold'] or match['italic'] or match['struck'], depth + 1)}</{tag}>"
            )
        elif match["url"]:
            parts.append(_link(match["label"], match["url"], match[0]))
        else:
            parts.append(escape(match["sign"]))
    return "".join([*parts, escape(words[at:])])


def _link(label: str, address: str, source: str) -> str:
    try:
        is_safe = urlsplit(address).scheme == "https" and bool(urlsplit(address).hostname)
    except ValueError:
        is_safe = False
    if not is_safe:
        return escape(source)
    return f'<a href="{escape(address)}" target="_blank" rel="noopener noreferrer">{escape(label)}</a>'
