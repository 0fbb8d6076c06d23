"""Answers as Markdown that brings nothing into a trusted page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wiro_widgets.render.markdown import safe_markdown


@pytest.mark.parametrize(
    "text",
    [
        "# Title\n\nA *word* and **more**, a < b && c > d, x <= 3.\n\n- one\n- two\n  1. three",
        "See [the page](https://example.org/a?b=1).",
        "| a | b |\n| - | - |\n| 1 | 2 |",
        "```html\n<b onclick=x>&amp;</b> ![a](b)\n```",
        "",
    ],
)
def test_ordinary_answers_stay_as_they_are(text: str) -> None:
    """And so does all code between fences."""
    assert safe_markdown(text) == text


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)>"),
        ("</div><!-- x --><?php", "&lt;/div>&lt;!-- x -->&lt;?php"),
        ("&lt;script&#62;", "&amp;lt;script&amp;#62;"),
        ("![a](https://example.org/p.png)", r"!\[a](https://example.org/p.png)"),
        ("[a](javascript:alert(1)) [b](JavaScript\\:x)", "[a](javascript :alert(1)) [b](JavaScript\\ :x)"),
        ("[a]: vbscript:x", "[a]: vbscript :x"),
        ("    ```\n<b>", "    ```\n&lt;b>"),
        ("> ```\n> <b>", "> ```\n> &lt;b>"),
        ("` `` <b> `` `", "` `` &lt;b> `` `"),
        ("a ```\n<b>", "a ```\n&lt;b>"),
    ],
)
def test_what_would_be_more_than_text(text: str, safe: str) -> None:
    """Tags, entities, pictures of other hosts and scripts become text, also where code only seems to be."""
    assert safe_markdown(text) == safe


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("```\n<b>", "```\n<b>\n```"),
        ("~~~ py\n```\n<b>\n~~~\n<b>", "````py\n```\n<b>\n````\n&lt;b>"),
        ("````\n```\n<b>\n````", "````\n```\n<b>\n````"),
        ("```\n<b>\n~~~\n```\n<b>", "```\n<b>\n~~~\n```\n&lt;b>"),
        ("```\n<a>\u2028```\n<b>", "```\n<a>\n```\n&lt;b>"),
        ("```a<b>\nx\n```", "```ab\nx\n```"),
    ],
)
def test_fences_close_where_we_close_them(text: str, safe: str) -> None:
    """An open block is closed, and nothing within a block closes it."""
    assert safe_markdown(text) == safe


@given(st.text(st.sampled_from("`~<b> \n&!["), max_size=60))
def test_no_tag_outside_of_code(text: str) -> None:
    """Whatever the answer is, a tag stands between fences only, and the fences are in pairs."""
    outside, fence = [], ""
    for line in safe_markdown(text).split("\n"):
        if not fence and line.startswith("```") and "`" not in line.lstrip("`"):
            fence = line[: len(line) - len(line.lstrip("`"))]
        elif fence and line == fence:
            fence = ""
        elif not fence:
            outside.append(line)
    assert not fence
    assert "<b" not in "\n".join(outside)
