"""Presets: a menu of names that saves and loads the values of the controls."""

from typing import Any

from playwright.sync_api import expect

from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import SEED_VALUES, Payload, state

DUSK: Payload = {"name": "dusk", "is_default": False, "is_style": False}
PHOTO: Payload = {"name": "photo", "is_default": False, "is_style": True}


def _answer(panel: PanelPage, *presets: Payload, count: int = 1, **facts: Any) -> Payload:
    question = panel.await_sent("preset", count)[-1]
    panel.reply(question["rev"], presets=list(presets), **facts)
    return question


def _open(panel: PanelPage, *presets: Payload) -> None:
    panel.start(state())
    panel.button("Presets").click()
    panel.send_module("presets")
    assert _answer(panel, *presets)["action"] == "list"


def test_without_any_it_says_how(panel: PanelPage) -> None:
    """The field has the focus, and Escape closes where it was opened."""
    _open(panel)
    expect(panel.page.get_by_text("No presets yet.").first).to_be_visible()
    name = panel.page.get_by_role("textbox", name="Name of a new preset")
    expect(name).to_be_focused()
    name.press("Escape")
    expect(name).to_be_hidden()
    expect(panel.button("Presets")).to_be_focused()


def test_without_the_module_python_is_named(panel: PanelPage) -> None:
    """Where a page may not load it; the next press asks for it again."""
    panel.start(state())
    panel.button("Presets").click()
    panel.reply(panel.await_sent("module")[0]["rev"], error="gone")
    expect(panel.page.get_by_text("panel.load_preset")).to_be_visible()
    panel.button("Presets").click()
    panel.button("Presets").click()
    assert [question["name"] for question in panel.await_sent("module", 2)] == ["presets", "presets"]


def test_save(panel: PanelPage) -> None:
    """What was typed goes up first; a name that is there already is replaced."""
    _open(panel, DUSK)
    name = panel.page.get_by_role("textbox", name="Name of a new preset")
    name.press("Enter")
    panel.field("prompt").locator("textarea").first.fill("a hen")
    name.fill("dusk")
    expect(panel.button("Replace")).to_be_visible()
    name.fill("dawn")
    panel.button("Save").click()
    question = _answer(panel, {**DUSK, "name": "dawn"}, DUSK, count=2)
    assert (question["action"], question["name"]) == ("save", "dawn")
    assert panel.sent_messages("values")[-1]["rev"] < question["rev"]
    expect(panel.page.get_by_text("dawn is saved.").first).to_be_visible()
    expect(name).to_have_value("")


def test_load_and_back(panel: PanelPage) -> None:
    """Its name loads it, and Undo brings the values back."""
    _open(panel, DUSK, PHOTO)
    expect(panel.button("Undo")).to_be_hidden()
    panel.button("dusk").click()
    assert _answer(panel, DUSK, PHOTO, count=2)["action"] == "load"
    panel.update(values={**SEED_VALUES, "steps": 8})
    expect(panel.page.get_by_text("The controls are those of dusk.").first).to_be_visible()
    panel.button("Undo").click()
    assert panel.await_sent("values")[-1]["patch"]["steps"] == 20
    expect(panel.button("Undo")).to_be_hidden()


def test_an_error_is_told_and_the_list_stays(panel: PanelPage) -> None:
    """As of a journal that another process has locked."""
    _open(panel, DUSK)
    panel.button("dusk").click()
    _answer(panel, count=2, error="Presets cannot be read: the journal is locked.")
    expect(panel.page.get_by_text("Presets cannot be read").first).to_be_visible()
    expect(panel.button("dusk")).to_be_visible()
    expect(panel.button("Undo")).to_be_hidden()


def test_the_default(panel: PanelPage) -> None:
    """A style can be none."""
    _open(panel, {**DUSK, "is_default": True}, PHOTO)
    first = panel.page.get_by_role("button", name="Default: dusk")
    expect(first).to_have_attribute("aria-pressed", "true")
    expect(panel.page.get_by_role("button", name="Default: photo")).to_be_hidden()
    first.click()
    assert _answer(panel, DUSK, PHOTO, count=2)["action"] == "default"
    expect(first).to_have_attribute("aria-pressed", "false")


def test_rename(panel: PanelPage) -> None:
    """In place; Escape leaves the name and the menu as they are."""
    _open(panel, DUSK)
    rename = panel.page.get_by_role("button", name="Rename dusk")
    rename.click()
    field = panel.page.get_by_role("textbox", name="New name of dusk")
    field.fill("dawn")
    field.press("Escape")
    expect(panel.button("dusk")).to_be_focused()
    rename.click()
    field.fill(" dawn ")
    field.press("Enter")
    question = _answer(panel, {**DUSK, "name": "dawn"}, count=2)
    assert (question["action"], question["name"], question["to"]) == ("rename", "dusk", "dawn")
    expect(panel.button("dawn")).to_be_visible()


def test_delete_asks_twice(panel: PanelPage) -> None:
    """The second press deletes, unless the focus has gone elsewhere."""
    _open(panel, DUSK)
    delete = panel.page.get_by_role("button", name="Delete dusk")
    delete.click()
    panel.page.get_by_role("textbox", name="Name of a new preset").focus()
    expect(delete).to_have_text("Delete")
    delete.click()
    expect(delete).to_have_text("Delete?")
    assert len(panel.sent_messages("preset")) == 1
    panel.past_double_click()
    delete.click()
    assert _answer(panel, count=2)["action"] == "delete"
    expect(panel.button("dusk")).to_have_count(0)


def test_names_are_text(panel: PanelPage) -> None:
    """Nothing that somebody called a preset becomes markup."""
    _open(panel, {**DUSK, "name": "<img src=x onerror=alert(1)>"})
    expect(panel.button("<img src=x onerror=alert(1)>")).to_be_visible()
    assert panel.view().locator(".presets img").count() == 0
