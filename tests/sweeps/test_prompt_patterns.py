"""Prompt patterns: a text with choices is several prompts, and nothing else is."""

from collections.abc import Iterator
from contextlib import suppress
from time import monotonic
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wiro_widgets as wiro
from wiro_widgets import InvalidParameter
from wiro_widgets.sweeps import prompt_patterns


@pytest.fixture
def word_lists() -> Iterator[prompt_patterns.WordLists]:
    """Give the process a word list of animals."""
    wiro.word_lists["animals"] = ["fox", "hen"]
    yield wiro.word_lists
    wiro.word_lists.clear()


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        ("a fox", ["a fox"]),
        ("", [""]),
        ("a {red|blue} fox", ["a red fox", "a blue fox"]),
        (
            "a {red|blue} fox in {snow|rain}",
            ["a red fox in snow", "a red fox in rain", "a blue fox in snow", "a blue fox in rain"],
        ),
        ("{a {red|blue}|an old} fox", ["a red fox", "a blue fox", "an old fox"]),
        ("a {big |}fox", ["a big fox", "a fox"]),
        ("{red|red|blue}", ["red", "blue"]),
        ("{a|ab}{b|}", ["ab", "a", "abb"]),
        ("{ü|\U0001f98a}", ["ü", "\U0001f98a"]),
        ("a {@animals}", ["a fox", "a hen"]),
        ("a { @animals }", ["a { @animals }"]),
        ("a {@ animals }", ["a fox", "a hen"]),
        ("{{@animals}|a cat}", ["fox", "hen", "a cat"]),
        ("{the {@animals}|a cat}", ["the fox", "the hen", "a cat"]),
    ],
)
@pytest.mark.usefixtures("word_lists")
def test_what_a_pattern_makes(pattern: str, texts: list[str]) -> None:
    """Every combination, each once, the last choice fastest."""
    assert wiro.prompts(pattern) == texts


@pytest.mark.parametrize(
    "text",
    [
        "a {fox} in {}",
        '{"mood": "calm", "tags": ["a", {"b": 1}]}',
        "either | or",
        "} upside down {",
        "an open { brace",
        r"C:\new\{x}".replace("\\{", "{"),
        "f(x) = { x }",
        "mail {@} me",
        "(((loud))) [soft] <lora:x:1>",
    ],
)
def test_a_plain_prompt_stays_as_it_is(text: str) -> None:
    """Braces without a choice in them, and bars outside of braces, mean nothing."""
    assert wiro.prompts(text) == [text]
    assert prompt_patterns.escape(text) == text


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"a \{red|blue\} fox", "a {red|blue} fox"),
        (r"\{\|\}", "{|}"),
        (r"\\{a}", r"\{a}"),
        (r"\a\n", r"\a\n"),
        (r"\\\{a|b}", r"\{a|b}"),
    ],
)
def test_escapes(pattern: str, text: str) -> None:
    """A backslash before a brace or a bar makes it a part of the text; elsewhere it is one."""
    assert wiro.prompts(pattern) == [text]


def test_a_bar_within_a_choice_can_be_escaped() -> None:
    r"""`\|` does not end an alternative."""
    assert wiro.prompts(r"{a\|b|c}") == ["a|b", "c"]


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("{0|1}" * 14, "more than 10,000"),
        ("{0|1}" * 20_000, "more than 10,000"),
        ("{" + "|".join(map(str, range(10_001))) + "}{a|b}", "more than 10,000"),
        ("a {red|blue", r"no \}"),
        ("{a|{b|c}", r"no \}"),
        ("{a|b" * 60, "more than 50 deep"),
        ("{" * 60, "more than 50 deep"),
        ("{@anmals}", "did you mean {@animals}"),
        ("{@beasts}", r"word_lists\['beasts'\]"),
        ("{@animals|cat}", "{{@animals}|...}"),
        ("{a|b|c|d|e}" * 4 + "x" * 100_000, "too long together"),
    ],
)
@pytest.mark.usefixtures("word_lists")
def test_what_is_refused(pattern: str, words: str) -> None:
    """The error says why, before any text is made."""
    start = monotonic()
    with pytest.raises(InvalidParameter, match=words) as refused:
        wiro.prompts(pattern)
    assert refused.value.parameter == "pattern"
    assert monotonic() - start < 20


def test_lists_of_one_call() -> None:
    """A keyword argument is a word list for this call, and comes before one of the process."""
    assert wiro.prompts("{@beasts}", beasts=("cow", "cow", "ant")) == ["cow", "ant"]
    with pytest.raises(InvalidParameter, match="no word list"):
        wiro.prompts("{@beasts}")


def test_words_are_no_patterns() -> None:
    """What stands in a list is taken as it is."""
    assert wiro.prompts("{@signs}", signs=["{a|b}", "|"]) == ["{a|b}", "|"]


@pytest.mark.parametrize("words", ["fox", b"fox", [], [1], {"a": 1}, None, 3])
def test_what_is_no_word_list(words: Any) -> None:
    """A text is one word by mistake, and an empty list would make a sweep of nothing."""
    with pytest.raises(InvalidParameter, match="word list") as refused:
        wiro.prompts("{@beasts}", beasts=words)
    assert refused.value.parameter == "beasts"
    with pytest.raises(InvalidParameter, match="word list"):
        wiro.word_lists["beasts"] = words
    with pytest.raises(InvalidParameter, match="a text is needed"):
        wiro.prompts(None if isinstance(words, str) else words)  # type: ignore[arg-type]  # what a mistake gives


def test_word_lists_print_themselves(word_lists: prompt_patterns.WordLists) -> None:
    """Their repr has names and counts."""
    assert repr(word_lists) == "<WordLists animals: 2 words>"


def test_a_sweep_reads_no_patterns_by_itself(sandbox_client: wiro.Client) -> None:
    """A text is one run whatever its signs; the list that `prompts` makes is an axis."""
    pattern = "a {red|blue} fox"
    small: dict[str, Any] = {"width": 64, "height": 64, "start": False}
    plain = sandbox_client.sweep("tencent/hunyuan-flux-srpo", prompt=pattern, seed=[1, 2], **small)
    assert [cell.values["prompt"] for cell in plain.cells] == [pattern, pattern]
    sweep = sandbox_client.sweep("tencent/hunyuan-flux-srpo", prompt=wiro.prompts(pattern), seed=1, **small)
    assert [cell.values["prompt"] for cell in sweep.cells] == ["a red fox", "a blue fox"]


@given(st.text(st.sampled_from("ab{}|\\@ \n"), max_size=40))
def test_any_text_can_be_escaped(text: str) -> None:
    """The escaped text makes that text alone, and nothing that is typed raises anything else."""
    assert wiro.prompts(prompt_patterns.escape(text)) == [text]
    with suppress(InvalidParameter):
        assert wiro.prompts(text)
