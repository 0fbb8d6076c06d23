"""Runs and cells of unknown outcome: they are seen, and a person decides about them in two presses at most."""

from playwright.sync_api import Locator, expect

from tests.frontend.gallery import CLOSE, LOOK, LOST, STATES
from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import delta, run, swept
from wiro_widgets.render.run_words import UNKNOWN

AGAIN = "Send again? It may be billed twice"


def _stage(panel: PanelPage) -> Locator:
    return panel.page.locator(".frame")


def _button(panel: PanelPage, name: str) -> Locator:
    return _stage(panel).get_by_role("button", name=name, exact=True)


def test_an_unknown_cell_has_its_own_word_and_says_why(panel: PanelPage) -> None:
    """The reason is its title, and stands above the board once the cell is pressed."""
    STATES["unknown_cells"](panel)
    unknown = panel.page.locator(".board [data-status='unknown']")
    expect(unknown).to_have_count(2)
    expect(unknown.first).to_contain_text(UNKNOWN)
    expect(unknown.first).to_have_attribute("title", f"steps 20, seed 7350148319: {UNKNOWN}. {LOST}")
    expect(panel.page.locator(".board").get_by_text(LOST)).to_have_count(0)
    unknown.first.click()
    expect(panel.page.locator(".board").get_by_text(LOST)).to_be_visible()
    assert panel.sent_messages("decide") == []


def test_looking_again_needs_one_press(panel: PanelPage) -> None:
    """It sends nothing, so nothing is asked; what came of it stands beside the buttons."""
    STATES["unknown_cells"](panel)
    _button(panel, "Look again").click()
    [message] = panel.await_sent("decide")
    assert (message["run"], message["choice"]) == (1, "look")
    expect(_button(panel, "Look again")).to_have_attribute("aria-disabled", "true")
    _button(panel, "Send 2 again").click(force=True)
    panel.reply(message["rev"], text="Looked again: 2 runs still unknown. Nothing was sent.")
    expect(_stage(panel).get_by_text("2 runs still unknown")).to_be_visible()
    expect(_button(panel, "Look again")).to_have_attribute("aria-disabled", "false")
    assert len(panel.sent_messages("decide")) == 1


def test_sending_again_is_asked_about(panel: PanelPage) -> None:
    """A double click only asks, whatever has moved under its second click; a later press sends, once."""
    STATES["unknown_run"](panel)
    button = _button(panel, "Send again")
    expect(button).to_have_attribute(
        "title", "Runs it again with the same values. If a task exists already, both are billed."
    )
    button.evaluate("(one) => { one.click(); one.nextElementSibling.click(); one.click(); }")
    expect(_button(panel, AGAIN)).to_be_visible()
    expect(panel.page.get_by_role("status")).to_contain_text(AGAIN)
    assert panel.sent_messages("decide") == []
    panel.past_double_click()
    _button(panel, AGAIN).click()
    [message] = panel.await_sent("decide")
    assert (message["run"], message["choice"]) == (2, "send")


def test_the_question_is_taken_back(panel: PanelPage) -> None:
    """By Escape, by leaving the buttons, and by another choice."""
    STATES["unknown_run"](panel)
    _button(panel, "Send again").click()
    panel.page.keyboard.press("Escape")
    expect(_button(panel, "Send again")).to_be_visible()
    _button(panel, "Send again").click()
    panel.past_double_click()
    panel.field("prompt").locator("textarea").focus()
    expect(_button(panel, "Send again")).to_be_visible()
    _button(panel, "Send again").click()
    panel.past_double_click()
    _button(panel, "It never ran").click()
    expect(_button(panel, "Send again")).to_be_visible()
    assert panel.sent_messages("decide") == []


def test_a_keyboard_is_enough(panel: PanelPage) -> None:
    """Enter asks and Enter confirms; the focus stays on the button meanwhile."""
    STATES["unknown_run"](panel)
    _button(panel, "Send again").focus()
    panel.page.keyboard.press("Enter")
    expect(_button(panel, AGAIN)).to_be_focused()
    panel.past_double_click()
    panel.page.keyboard.press("Enter")
    assert panel.await_sent("decide")[0]["choice"] == "send"


def test_what_another_view_decided_disarms_the_question(panel: PanelPage) -> None:
    """A run that was sent again elsewhere offers that no more, so a second press here sends nothing."""
    STATES["unknown_run"](panel)
    _button(panel, "Send again").click()
    panel.past_double_click()
    panel.tell(
        delta(
            [], first=1, run=run(number=2, task=None, status="unknown", progress=None, choices=[LOOK, CLOSE])
        )
    )
    expect(panel.page.locator(".notice").get_by_role("button", name="Send again")).to_have_count(0)
    assert panel.sent_messages("decide") == []


def test_the_list_of_runs_shows_it(panel: PanelPage) -> None:
    """Each unknown run has its mark, its word and its reason; one that is not on the stage has its choices there."""
    STATES["unknown_run"](panel)
    line = panel.page.locator(".runs li").filter(has_text="A harbour at dawn")
    expect(line).to_contain_text(UNKNOWN)
    expect(line.locator("i[data-status='unknown']")).to_be_visible()
    expect(line.locator(".show")).to_have_attribute("title", LOST)
    line.get_by_role("button", name="Look again").click()
    [message] = panel.await_sent("decide")
    assert (message["run"], message["choice"]) == (1, "look")
    panel.reply(message["rev"], error="Still unknown: the list does not show it. Nothing was sent.")
    expect(line.get_by_text("Still unknown: the list does not show it.")).to_be_visible()
    shown = panel.page.locator(".runs li").filter(has_text="A close up portrait")
    expect(shown.get_by_role("button", name="Look again")).to_have_count(0)


def test_without_a_kernel_nothing_is_offered(panel: PanelPage) -> None:
    """The buttons go; the word stays."""
    STATES["unknown_run"](panel)
    panel.page.evaluate("() => { host.model.gone = true; }")
    _button(panel, "Look again").click()
    expect(_button(panel, "Send again")).to_be_hidden()
    expect(_stage(panel).locator("strong", has_text=UNKNOWN)).to_be_visible()


def test_pictures_still_to_come_are_fetched_again(panel: PanelPage) -> None:
    """One press asks for them."""
    STATES["to_come"](panel)
    expect(_stage(panel).get_by_text("Pictures still to come")).to_be_visible()
    _button(panel, "Fetch again").click()
    assert panel.await_sent("decide")[0]["choice"] == "fetch"


def test_the_choices_go_once_it_is_found(panel: PanelPage) -> None:
    """And nothing of the question is left."""
    STATES["unknown_cells"](panel)
    _button(panel, "Look again").click()
    [message] = panel.await_sent("decide")
    panel.tell(delta([], first=2, run=swept(status="running", choices=[])))
    panel.reply(message["rev"], text="")
    expect(panel.page.locator(".board .choices")).to_be_hidden()
