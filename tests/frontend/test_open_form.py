"""The form of a model whose parameters nobody tells: rows of a name and a value."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import form, state


def _start(panel: PanelPage, *rows: tuple[str, str], key: str | None = None) -> None:
    panel.start(state(_form=form(open=True, groups=[]), values=_values(*rows, key=key)))


def _values(*rows: tuple[str, str], key: str | None = None) -> dict[str, str]:
    return {"**": json.dumps([{"name": name, "text": text, "key": key} for name, text in rows])}


def _rows(panel: PanelPage) -> Locator:
    return panel.view().get_by_role("group", name=re.compile(r"^Value \d"))


def _box(panel: PanelPage, name: str) -> Locator:
    return panel.view().get_by_role("textbox", name=name, exact=True)


def _sent(panel: PanelPage, count: int = 1) -> list[tuple[str, str]]:
    rows: list[dict[str, Any]] = json.loads(panel.await_sent("values", count)[-1]["patch"]["**"])
    return [(row["name"], row["text"]) for row in rows]


def test_a_first_row_waits(panel: PanelPage) -> None:
    """It is empty, cannot be removed, and what is typed into it goes up as it was typed."""
    _start(panel)
    expect(_rows(panel)).to_have_count(1)
    expect(panel.view().get_by_role("button", name="Remove")).to_have_count(0)
    _box(panel, "Name of value 1").fill("prompt")
    _box(panel, "prompt").fill('a "red" fox\nin snow')
    assert _sent(panel) == [("prompt", 'a "red" fox\nin snow')]


def test_rows_are_added_and_removed_with_the_keyboard(panel: PanelPage) -> None:
    """The focus goes to the new row, and stays in the list when one goes; what went is read out."""
    _start(panel, ("prompt", "a fox"), ("seed", "7"))
    panel.button("Add a value").focus()
    panel.page.keyboard.press("Enter")
    expect(_box(panel, "Name of value 3")).to_be_focused()
    panel.page.keyboard.type("style")
    panel.page.keyboard.press("Tab")
    panel.page.keyboard.type("ink")
    assert _sent(panel) == [("prompt", "a fox"), ("seed", "7"), ("style", "ink")]
    panel.button("Remove seed").focus()
    panel.page.keyboard.press("Enter")
    expect(_box(panel, "Name of value 2")).to_be_focused()
    expect(_box(panel, "Name of value 2")).to_have_value("style")
    expect(panel.view().get_by_role("status")).to_have_text("Removed seed")
    assert _sent(panel, 2) == [("prompt", "a fox"), ("style", "ink")]
    for name in ("Remove prompt", "Remove style"):
        panel.button(name).click()
    expect(_rows(panel)).to_have_count(1)
    expect(_box(panel, "Name of value 1")).to_be_focused()


def test_the_last_row_and_the_hint_have_names(panel: PanelPage) -> None:
    """A screen reader hears what the rows are for, and which row it is in."""
    _start(panel, ("prompt", "a fox"))
    group = panel.view().get_by_role("group", name="Values", exact=True)
    words = re.compile("Wiro does not say what this model takes.*in quotes it is text")
    expect(group).to_have_accessible_description(words)
    expect(_rows(panel).first).to_have_accessible_name("Value 1")


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([("", "a fox")], "This value needs a name"),
        ([("seed", "1"), (" seed", "2")], "This name is taken by another row"),
    ],
)
def test_rows_that_could_not_be_sent(panel: PanelPage, rows: list[tuple[str, str]], complaint: str) -> None:
    """Run sends nothing, says why beside the name, and goes there."""
    _start(panel, *rows)
    panel.button("Run").click()
    name = _box(panel, f"Name of value {len(rows)}")
    expect(name).to_be_focused()
    expect(name).to_have_accessible_description(complaint)
    assert panel.sent_messages("run") == []
    name.fill("other")
    expect(name).not_to_have_attribute("aria-invalid", "true")


def test_run_sends_the_rows(panel: PanelPage) -> None:
    """With what was typed last, also by Control Enter in a value."""
    _start(panel, ("prompt", "a fox"))
    _box(panel, "prompt").fill("a cat")
    _box(panel, "prompt").press("Control+Enter")
    [message] = panel.await_sent("run")
    assert json.loads(message["values"]["**"]) == [{"name": "prompt", "text": "a cat", "key": None}]


def test_what_python_sets_shows(panel: PanelPage) -> None:
    """In every view; a file can be renamed and removed, not typed over."""
    _start(panel, ("prompt", "a fox"))
    panel.open_view()
    panel.update(values=_values(("prompt", "a cat"), ("inputImage", "photo.png"), key="v1"))
    for index in (0, 1):
        expect(panel.view(index).get_by_role("textbox", name="inputImage", exact=True)).to_have_value(
            "photo.png"
        )
    expect(_box(panel, "inputImage")).not_to_be_editable()
    expect(_box(panel, "Name of value 2")).to_be_editable()


def test_no_axis_and_no_file_field(panel: PanelPage) -> None:
    """What is not known cannot be varied, and takes no upload."""
    _start(panel, ("prompt", "a fox"))
    expect(panel.view().get_by_role("button", name="Vary")).to_have_count(0)
    expect(panel.view().get_by_text("More", exact=True)).to_have_count(0)


def test_a_long_value_and_a_narrow_panel(panel: PanelPage) -> None:
    """The value grows with its text, and nothing is wider than the panel."""
    panel.page.set_viewport_size({"width": 320, "height": 800})
    _start(panel, ("prompt", "a fox in the snow " * 20), ("a_rather_long_name_of_a_parameter", "1"))
    box = _box(panel, "prompt").bounding_box()
    assert box is not None
    assert box["height"] > 100
    assert panel.page.evaluate("document.documentElement.scrollWidth") <= 320
