"""Tags in a language model's raw text."""

import pytest

from wiro_widgets.protocol.text.tagged_text import split


@pytest.mark.parametrize(
    ("raw", "thinking", "answer"),
    [
        ("Hello", (), ("Hello",)),
        ("  Hello <b>\n", (), ("  Hello <b>\n",)),
        ("<answer>Hello</answer>", (), ("Hello",)),
        ("\n <Answer>\nHello\n</ANSWER>\n", (), ("Hello",)),
        ("<answer>Hello", (), ("Hello",)),
        ("<think>a</think>\nHello", ("a",), ("Hello",)),
        (
            "<thinking>a</thinking><answer>b</answer><thinking>c</thinking><answer>d</answer>",
            ("a", "c"),
            ("b", "d"),
        ),
        ("<think>a</think> First. <answer>Then.</answer>", ("a",), ("First.", "Then.")),
        ("<think></think>Hello", (), ("Hello",)),
        ("<think>only this", ("only this",), ()),
        ("The tag <answer> begins it", (), ("The tag <answer> begins it",)),
        ("a thought</think>Hello", ("a thought",), ("Hello",)),
        ("<answers>", (), ("<answers>",)),
        ("<", (), ("<",)),
        ("", (), ()),
    ],
)
def test_a_whole_text(raw: str, thinking: tuple[str, ...], answer: tuple[str, ...]) -> None:
    """Parts between tags, in order; a text without a tag at its beginning stays as it is."""
    assert split(raw) == (thinking, answer)


@pytest.mark.parametrize(
    ("raw", "thinking", "answer"),
    [
        ("<ans", (), ()),
        (" <", (), ()),
        ("<answer>Hello</ans", (), ("Hello",)),
        ("<answer>1 < 2", (), ("1 < 2",)),
        ("<think>a</", ("a",), ()),
        ("<think>a</think>\n<ans", ("a",), ()),
        ("<think>a</think>So <ans", ("a",), ("So",)),
        ("1 <", (), ("1 <",)),
    ],
)
def test_a_growing_text(raw: str, thinking: tuple[str, ...], answer: tuple[str, ...]) -> None:
    """The beginning of a tag at the end is no part of the text."""
    assert split(raw, is_growing=True) == (thinking, answer)
