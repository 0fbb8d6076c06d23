"""The answers of language models as Markdown for a notebook, which runs the markup in it."""

from __future__ import annotations

import re

_FENCE = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,})(?P<info>[^`~]*)$")
_SCRIPT = re.compile(r"(?i)(script)(\\*):")
_ENTITY, _TAG = re.compile(r"&(?=[#\w])"), re.compile(r"<(?=[A-Za-z/!?])")
_RUN = re.compile(r"`+")


def safe_markdown(text: str) -> str:
    """Return Markdown that brings no markup, no picture of another host and no script into the page.

    A trusted notebook does not look at what its own cells show. Code between fences stays as it is, behind fences that
    nothing in it can close.
    """
    lines: list[str] = []
    code: list[str] | None = None  # since the fence that is open
    fence, info = "", ""
    for line in text.splitlines():
        match = _FENCE.fullmatch(line)
        if code is None and match:
            code, fence, info = [], match["fence"], match["info"].strip()
        elif code is None:
            lines.append(_safe(line))
        elif match and match["fence"].startswith(fence) and not match["info"].strip():
            lines += _block(code, info)
            code = None
        else:
            code.append(line)
    return "\n".join(lines + (_block(code, info) if code is not None else []))


def _block(code: list[str], info: str) -> list[str]:
    longest = max((len(run) for run in _RUN.findall("\n".join(code))), default=0)
    fence = "`" * max(3, longest + 1)
    return [fence + re.sub(r"[^\w+#.-]", "", info), *code, fence]


def _safe(line: str) -> str:
    line = _TAG.sub("&lt;", _ENTITY.sub("&amp;", line)).replace("![", r"!\[")
    return _SCRIPT.sub(r"\1\2 :", line)
