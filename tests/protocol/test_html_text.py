"""Readmes of the catalogue: HTML becomes Markdown without markup, scripts or pictures."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wiro_widgets.protocol.text.html_text import MAX_CHARS, markdown

READINGS = [
    ("<p>Try <b>this</b> and <i>that</i>.</p><p>Then rest.</p>", "Try **this** and *that*.\n\nThen rest."),
    ("<h2>Use</h2><ul><li>one<li><p>two</p><ul><li>deep</ul></ul>", "## Use\n\n- one\n- two\n  - deep"),
    ("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"),
    ("<pre><code>x = `1`\n  y</code></pre>", "```\nx = `1`\n  y\n```"),
    ("<p>See <a href='https://wiro.ai/x?a=1&amp;b=2'>the page</a></p>", "See [the page](https://wiro.ai/x?a=1&b=2)"),
    ("<p>A<script>alert(1)</script>B<style>p{}</style><img src='https://e.example/p.png'>C</p>", "ABC"),
    ("<a href='javascript:alert(1)'>press</a>", "press"),
    ("<p>1 &lt; 2 &amp; 3<br>next</p>", "1 < 2 & 3\nnext"),
    ("<p>*not* a_name [x](https://e.example) https://e.example/a_b</p>",
     r"\*not\* a_name \[x\](https://e.example) https://e.example/a_b"),
    ("<p># not a heading</p><p>- not an item</p><p>1. nor this</p>",
     "\\# not a heading\n\n\\- not an item\n\n1\\. nor this"),
    ("<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table>", "A · B\n\n1 · 2"),
    ("<blockquote><p>said</p></blockquote>", "> said"),
    ("<!-- hidden <b>text</b> --><p>seen</p><!-- open", "seen"),
    ("# A title\n\n- a point <https://e.example>", "# A title\n\n- a point <https://e.example>"),
    ("plain words, 1 < 2", "plain words, 1 < 2"),
    ("", ""),
]  # fmt: skip


@pytest.mark.parametrize(("html", "text"), READINGS)
def test_a_readme_is_read(html: str, text: str) -> None:
    """What HTML says stays, what it would do does not; a text that is no HTML stays as it is."""
    assert markdown(html) == text


@pytest.mark.parametrize(
    "piece",
    ["<!--", "<a ", "<b>x", "<div ", "<p>", "</", "<ul><li>", "<a href='", "`", "https://", "&", "<td>"],
)
def test_a_malformed_readme_costs_little_time(piece: str) -> None:
    """The work grows with the length of a readme, whatever is in it."""
    start = time.process_time()
    markdown(f"<p>{piece * (MAX_CHARS // len(piece))}")
    assert time.process_time() - start < 10  # `html.parser` takes 15 to 40 seconds for some of these


@given(st.text(st.sampled_from("<>/abipul &;!-`*[]()\"'=\n"), max_size=80))
def test_any_text_is_read(text: str) -> None:
    """Nothing raises, and a second reading of what has no markup changes nothing."""
    assert isinstance(markdown(text), str)
