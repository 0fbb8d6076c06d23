"""The page's end of a LiveView: it draws what it is told, and says which button was pressed."""

from playwright.sync_api import Page, expect

from tests.frontend.panel_page import PanelPage

STATE = {
    "_line": "<b>1 of 2</b>",
    "_pictures": "<table><tr><td>seed 1</td></tr></table>",
    "_message": "",
    "_buttons": [["pause", "Pause", "Begin no further cell"], ["stop", "Stop", "Stop what runs"]],
}


def test_what_it_is_told_and_what_it_says(page: Page) -> None:
    """HTML is drawn, a message is text, and a new page asks for what it may have missed."""
    view = PanelPage(page, bundle="live.js")
    view.start(STATE)
    assert [message["press"] for message in view.sent_messages()] == ["sync"]
    live = page.locator(".wiro-live")
    expect(live.locator("b")).to_have_text("1 of 2")
    expect(live.get_by_role("cell", name="seed 1")).to_be_visible()
    pause = live.get_by_role("button", name="Pause")
    expect(pause).to_have_attribute("title", "Begin no further cell")
    pause.click()
    assert [message["press"] for message in view.sent_messages()] == ["sync", "pause"]
    view.update(_line="<b>2 of 2</b>", _buttons=[], _message="<i>no</i>")
    expect(live.locator("b")).to_have_text("2 of 2")
    expect(live.get_by_text("<i>no</i>")).to_be_visible()
    expect(live.get_by_role("button")).to_have_count(0)
    view.open_view()
    expect(live).to_have_count(2)
    assert view.problems == []
