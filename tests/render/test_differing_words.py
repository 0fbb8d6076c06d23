"""Headings of long texts: the words that differ, and what they share, said once."""

import pytest

from wiro_widgets.media.output import Output
from wiro_widgets.protocol.replies import OutputInfo
from wiro_widgets.render.grid import GridCell, Layout, differing_words, table

PLACES = [
    f"A lighthouse on a cliff at dusk, seen from the {name}, oil on canvas" for name in ("sea", "old pier")
]


def test_what_differs_and_what_is_shared() -> None:
    """A mark that follows each of them belongs to what they share."""
    assert differing_words(PLACES) == (
        ["sea", "old pier"],
        "A lighthouse on a cliff at dusk, seen from the ..., oil on canvas",
    )


@pytest.mark.parametrize(
    "texts",
    [
        ["a red fox", "a blue fox"],
        ["Something long about a lighthouse on a cliff", "Nothing else in common with what is above"],
        ["One text alone, as long as it may be, has no other to differ from"],
        [],
    ],
)
def test_texts_that_stay_whole(texts: list[str]) -> None:
    """Short ones, those that share next to nothing, and one alone."""
    assert differing_words(texts) == (texts, "")


@pytest.mark.parametrize(
    "texts",
    [
        ["a quiet harbour in the morning mist", "a quiet harbour in the morning mist with gulls"],
        ["so very very very very very very long", "so very very very very very very very long"],
        [f"{'a word and ' * 9}{n}" for n in range(50)],
    ],
)
def test_headings_are_as_distinct_as_the_texts(texts: list[str]) -> None:
    """Something is left of each, also where one text contains the other."""
    headings, _ = differing_words(texts)
    assert len(set(headings)) == len(set(texts))
    assert "" not in headings


def test_a_gallery_that_has_just_begun_shows_its_shape() -> None:
    """A small place for each cell with what is its own; what all share stands above, once."""
    cells = [GridCell(f"prompt {n}", "pending", (), caption=f"number {n}") for n in range(100)]
    phrase = "prompt: A lighthouse by painter ..."
    html = table(Layout.gallery(cells, phrase), 160, large=False)
    assert html.count("A lighthouse") == 1
    assert html.count(">number ") == 100
    assert len(html) < 30_000
    cell = GridCell("prompt 1", "succeeded", (Output(OutputInfo("0.png")),), caption="number 1")
    assert "0.png" in table(Layout.gallery([cell], phrase), 160, large=False)
