"""Answers as HTML: the Markdown that models write, and nothing that they could do with it."""

import time
from html.parser import HTMLParser

import pytest

from wiro_widgets.render.markdown_html import html_of_markdown

ANSWER = """# The sky

It is *blue* because of **Rayleigh scattering**, see [the paper](https://example.org/a_(b)) or
[here](https://example.org/paper) and `n = 1/λ^4`:

1. Short waves
   - scatter more
   - in all directions
2. Long ones do not

```python
print("<b>")
```

> A quote
> of two lines

| colour | nm |
| --- | --- |
| blue | 450 |

---
~~gone~~ 2 * 3 * 4 and snake_case_name
"""
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[a](javascript:alert(1))",
    '[a](https://x" onclick=alert(1))',
    "[<b>](https://example.org)",
    "![a](https://example.org/a.png)",
    "[a](data:text/html,x)",
    "[a](http://example.org)",
    "**<i>**",
    "`<u>`",
    "```<s>\n<s>\n```",
    "| <a> | b |\n| --- | --- |\n| <a> | b |",
    "> <q>\n# <h>\n- <l>",
    "&lt;script&gt; &#60;",
    "\\<b\\>",
]
TAGS = {
    "p",
    "br",
    "strong",
    "em",
    "del",
    "code",
    "pre",
    "ul",
    "ol",
    "li",
    "blockquote",
    "hr",
    "table",
    "tr",
    "th",
    "td",
}


class _Reader(HTMLParser):
    """Collects the tags with their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def _read(text: str) -> _Reader:
    reader = _Reader()
    reader.feed(html_of_markdown(text))
    return reader


def test_what_models_write_is_shown() -> None:
    """Headings, emphasis, lists within lists, code, quotes, tables, rules and links become elements."""
    reader = _read(ANSWER)
    tags = [tag for tag, _ in reader.tags]
    assert set(tags) == TAGS - {"br"} | {"br", "a"}
    assert [tags.count(name) for name in ("ol", "ul", "li", "td", "a", "em")] == [1, 1, 4, 2, 1, 1]
    assert dict(reader.tags)["a"]["href"] == "https://example.org/paper"
    assert 'print("<b>")' in reader.text
    assert "2 * 3 * 4 and snake_case_name" in reader.text


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_it_becomes_markup(text: str) -> None:
    """Only our own tags are there, with our own attributes, and links to encrypted addresses."""
    for tag, attributes in _read(text).tags:
        assert tag in TAGS | {"a"}
        assert attributes.keys() <= ({"href", "target", "rel"} if tag == "a" else {"style", "start"})
        assert str(attributes.get("href") or "https://").startswith("https://")


def test_what_was_cut_off_is_shown_as_far_as_it_goes() -> None:
    """An open fence ends with the text, and nothing is lost."""
    assert _read("a\n```\nb <c>").text == "ab <c>"
    assert html_of_markdown("") == ""
    assert _read("- a\n\n\n- b\n").text == "ab"


@pytest.mark.parametrize(
    "text",
    [
        "*" * 4_000,
        "[" * 4_000,
        "`" * 3_999,
        "> " * 2_000,
        "# " + " " * 4_000 + "x",
        "- " * 2_000,
        "|-" * 2_000,
    ],
)
def test_no_text_takes_long(text: str) -> None:
    """A card is drawn while the run goes on: no answer of its length keeps a thread."""
    start = time.process_time()
    html_of_markdown(text)
    assert time.process_time() - start < 5
