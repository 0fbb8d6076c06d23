"""Copy as Python: the call is copied and shown, or shown to be copied by hand."""

from playwright.sync_api import expect

from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import state
from tests.frontend.test_results import CLIPBOARD

CALL = 'client.run("a/b", prompt="a red fox")'


def _copy(panel: PanelPage, *, permission: bool) -> None:
    panel.start(state())
    panel.page.evaluate(CLIPBOARD, permission)
    panel.field("prompt").locator("textarea").fill("a red fox")
    panel.button("Copy as Python").click()
    panel.reply(panel.await_sent("code")[0]["rev"], text=CALL)


def test_the_call_is_copied_and_shown(panel: PanelPage) -> None:
    """What was typed goes up first; what was copied can be read."""
    _copy(panel, permission=True)
    assert panel.sent_messages("values")[0]["rev"] < panel.sent_messages("code")[0]["rev"]
    expect(panel.page.get_by_role("textbox", name="Python call")).to_have_value(CALL)
    expect(panel.page.get_by_text("Copied. Paste it into a cell.").first).to_be_visible()
    assert panel.page.evaluate("() => window.copied") == [CALL]


def test_a_forbidden_clipboard_leaves_the_call_selected(panel: PanelPage) -> None:
    """The words say which keys to press."""
    _copy(panel, permission=False)
    call = panel.page.get_by_role("textbox", name="Python call")
    expect(panel.page.get_by_text("press Ctrl C", exact=False).first).to_be_visible()
    assert call.evaluate("(box) => box.value.slice(box.selectionStart, box.selectionEnd)") == CALL


def test_it_closes_where_it_was_opened(panel: PanelPage) -> None:
    """Escape takes it away and the focus goes back to the button."""
    _copy(panel, permission=True)
    panel.page.get_by_role("textbox", name="Python call").press("Escape")
    expect(panel.page.get_by_role("textbox", name="Python call")).to_be_hidden()
    expect(panel.button("Copy as Python")).to_be_focused()


def test_no_call_is_told(panel: PanelPage) -> None:
    """The reply's error takes the call's place."""
    panel.start(state())
    panel.button("Copy as Python").click()
    panel.reply(panel.await_sent("code")[0]["rev"], error="Choose a model first.")
    expect(panel.page.get_by_text("Choose a model first.").first).to_be_visible()
