"""HTML of the catalogue as Markdown: what a readme says, without its markup, scripts and pictures."""

from __future__ import annotations

import re
from html import unescape
from typing import Final

MAX_CHARS: Final = 40_000  # of a readme; the rest is not read
_IS_BLOCK: Final = re.compile(
    "address|article|aside|blockquote|body|center|d[dlt]|details|div|figcaption|figure|footer|form|h[1-6]|header|hr"
    "|html|li|main|nav|ol|p|pre|section|summary|table|tbody|tfoot|thead|tr|ul"
)
_IS_SILENT: Final = re.compile(
    "button|canvas|head|iframe|noscript|object|script|select|style|svg|template|title"
)
_MARKS: Final = {
    "strong": "**",
    "b": "**",
    "em": "*",
    "i": "*",
    "code": "`",
    "kbd": "`",
    "tt": "`",
    "del": "~~",
}
# No part of these can match the same text in two ways, so they take linear time; `html.parser` does not.
_TAG: Final = re.compile(r"<(/?)([a-z][a-z0-9]*)(\s[^<>]*)?/?>", re.IGNORECASE)
_HREF: Final = re.compile(r"""\shref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_IS_HTML: Final = re.compile(
    r"\A\s*<[a-z!]|<(?:p|div|br|h[1-6]|ul|ol|table|section|pre|script|style|iframe)\b[^<>]{0,500}>",
    re.IGNORECASE,
)
_ADDRESS: Final = re.compile(r"https?://\S+")
_FIRST_SIGN: Final = re.compile(r"([#>+=|-]|\d{1,9}(?=[.)]))")
_MAX_DEPTH: Final = 6  # of lists, of quotes and of marks within each other


def markdown(text: str) -> str:
    """Return a text as Markdown: of HTML what it says, any other text as it is, at most `MAX_CHARS` of it."""
    text = text[:MAX_CHARS]
    if not _IS_HTML.search(text):
        return text.strip()
    first, *rest = text.split("<!--")
    text = "".join([first, *(part.partition("-->")[2] for part in rest)])
    writer, at = _Writer(), 0
    for tag in _TAG.finditer(text):
        writer.add(unescape(text[at : tag.start()]))
        name = tag[2].lower()
        if tag[1]:
            writer.end(name)
        else:
            href = _HREF.search(tag[3] or "") if name == "a" else None
            writer.start(name, unescape(next(filter(None, href.groups()), "")).strip() if href else "")
        at = tag.end()
    writer.add(unescape(text[at:]))
    return writer.text()


class _Writer:
    """Gathers blocks of Markdown; what is not closed ends with its block."""

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._line: list[str] = []  # of the block that is being read
        self._open: list[tuple[str, str, int]] = []  # tag, address of a link, where it begins in the line
        self._lists: list[int | None] = []  # the number of the next item; None for one of points
        self._mark = ""  # before the text of the block: "# ", "- "
        self._quotes = self._silence = 0
        self._is_code = False
        self._cells: list[str] | None = None  # of a table's row

    def text(self) -> str:
        """Return the Markdown."""
        self._end_block()
        return re.sub(r"\n{3,}", "\n\n", "\n\n".join(self._blocks)).strip()

    def start(self, tag: str, address: str) -> None:
        """Begin an element; `address` is that of a link."""
        if _IS_SILENT.fullmatch(tag):
            self._silence += 1
        elif _IS_BLOCK.fullmatch(tag):
            self._begin_block(tag)
        elif tag == "br":
            self._line.append("\n")
        elif tag in ("td", "th"):
            self._end_cell()
        elif (tag in _MARKS or tag == "a") and not self._is_code and len(self._open) < _MAX_DEPTH:
            is_plain = re.fullmatch(r"https?://[^\s()<>]{1,1000}", address)
            self._open.append((tag, address if is_plain else "", len(self._line)))

    def end(self, tag: str) -> None:
        """End an element, and those that are open in it."""
        if _IS_SILENT.fullmatch(tag):
            self._silence = max(0, self._silence - 1)
        elif _IS_BLOCK.fullmatch(tag):
            self._end_block()
            if tag in ("ul", "ol"):
                self._lists[-1:] = []
            elif tag == "blockquote":
                self._quotes = max(0, self._quotes - 1)
            elif tag == "pre":
                self._is_code = False
        elif tag in ("td", "th"):
            self._end_cell()
        else:
            at = next((i for i in reversed(range(len(self._open))) if self._open[i][0] == tag), None)
            while at is not None and len(self._open) > at:
                self._close_mark()

    def add(self, data: str) -> None:
        """Add text."""
        if self._silence or not data:
            return
        is_code = self._is_code or any(tag in ("code", "kbd", "tt") for tag, *_ in self._open)
        self._line.append(data if is_code else _escape(re.sub(r"\s+", " ", data)))

    def _begin_block(self, tag: str) -> None:
        mark = self._mark if tag == "p" and not "".join(self._line).strip() else ""  # <li><p>
        self._end_block()
        self._mark = mark
        if tag == "pre":
            self._is_code = True
        elif tag == "hr":
            self._blocks.append("---")
        elif tag == "blockquote":
            self._quotes += 1
        elif tag in ("ul", "ol"):
            self._lists.append(1 if tag == "ol" else None)
        elif tag == "tr":
            self._cells = []
        elif tag == "li":
            number = self._lists[-1] if self._lists else None
            if number is not None:
                self._lists[-1] = number + 1
            self._mark = "- " if number is None else f"{number}. "
        elif re.fullmatch("h[1-6]", tag):
            self._mark = "#" * int(tag[1]) + " "

    def _end_block(self) -> None:
        while self._open:
            self._close_mark()
        if self._cells is not None:
            self._end_cell()
            cells, self._cells = [cell for cell in self._cells if cell], None
            self._line = [" \N{MIDDLE DOT} ".join(cells)]
        raw = "".join(self._line)
        self._line = []
        mark, self._mark = self._mark, ""
        if self._is_code:
            fence = "`" * max([3, *(len(ticks) + 1 for ticks in re.findall("`+", raw))])
            text = f"{fence}\n{raw.strip(chr(10))}\n{fence}" if raw.strip() else ""
        else:
            text = "\n".join(filter(None, (" ".join(line.split(" ")).strip() for line in raw.split("\n"))))
            text = _FIRST_SIGN.sub(_escape_first, text, count=1) if _FIRST_SIGN.match(text) else text
        if not text:
            self._mark = mark if mark[:1] in "-0123456789" else ""
            return
        depth = min(len(self._lists), _MAX_DEPTH)
        indent = "  " * max(0, depth - 1) if mark[:1] in "-0123456789" else "  " * depth
        is_item = bool(self._lists) and bool(mark)
        lines = f"{mark}{text}".split("\n")
        block = "\n".join("> " * min(self._quotes, _MAX_DEPTH) + indent + line for line in lines)
        if is_item and self._blocks and re.match(r"(?:> )*\s*(?:-|\d+\.) ", self._blocks[-1]):
            self._blocks[-1] += f"\n{block}"  # one list
        else:
            self._blocks.append(block)

    def _end_cell(self) -> None:
        if self._cells is not None:
            while self._open:
                self._close_mark()
            self._cells.append(" ".join("".join(self._line).split()))
            self._line = []

    def _close_mark(self) -> None:
        tag, address, at = self._open.pop()
        words = "".join(self._line[at:])
        inside = words.strip()
        mark = _MARKS.get(tag, "")
        if mark and inside and mark not in inside:
            inside = f"{mark}{inside}{mark}"
        elif address and inside:
            label = re.sub(r"\\?[\[\]]|\n", " ", inside)
            inside = f"[{label}]({address})"
        lead, tail = (" " if words[:1] == " " else "", " " if words[-1:] == " " else "")
        self._line[at:] = [f"{lead}{inside}{tail}" if inside else lead]


def _escape(text: str) -> str:
    """Return a text in which nothing is a sign of Markdown; addresses stay as they are."""
    parts, at = [], 0
    for address in _ADDRESS.finditer(text):
        parts += [_escape_signs(text[at : address.start()]), address[0]]
        at = address.end()
    return "".join([*parts, _escape_signs(text[at:])])


def _escape_signs(text: str) -> str:
    return re.sub(r"[\\`*\[\]|]|(?<!\w)_|_(?!\w)|~(?=~)", r"\\\g<0>", text)


def _escape_first(match: re.Match[str]) -> str:
    """Return the sign that would make a heading, a list or a quote of a line, escaped."""
    sign = match[1]
    return f"{sign}\\" if sign.isdigit() else f"\\{sign}"
