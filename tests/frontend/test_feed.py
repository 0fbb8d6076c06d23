"""The log and the feed it draws: bounded, complete, and honest about what it lost."""

from playwright.sync_api import expect

from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import delta, rows, run, snapshot, state


def _lines(count: int, first: int = 0) -> list[list[object]]:
    return rows(*((0.1, "output", f"line {first + n}") for n in range(count)), first=first)


def test_the_log_is_folded_to_its_last_line(panel: PanelPage) -> None:
    """One line until it is wanted."""
    panel.start(state())
    panel.tell(delta(_lines(3)))
    expect(panel.page.get_by_role("log")).to_be_hidden()
    expect(panel.page.locator(".last")).to_have_text("line 2")
    panel.button("Log").click()
    expect(panel.page.get_by_role("log").get_by_role("listitem")).to_have_count(3)


def test_ten_thousand_rows_are_a_handful_of_nodes(panel: PanelPage) -> None:
    """Only the window in sight is in the page, and it follows the end."""
    panel.start(state())
    panel.button("Log").click()
    for first in range(0, 10_000, 500):
        panel.tell(delta(_lines(500, first), first=first))
    log = panel.page.get_by_role("log")
    expect(log.get_by_role("listitem").last).to_contain_text("line 9999")
    assert log.locator("*").count() < 60
    assert log.evaluate("(log) => log.clientHeight") <= 200


def test_scrolling_up_stops_following_until_asked(panel: PanelPage) -> None:
    """New rows do not pull away what is being read."""
    panel.start(state())
    panel.button("Log").click()
    panel.tell(delta(_lines(500)))
    log = panel.page.get_by_role("log")
    log.evaluate("(log) => log.scrollTo(0, 2000)")
    expect(panel.button("Follow")).to_have_attribute("aria-pressed", "false")
    panel.tell(delta(_lines(10, 500), first=500))
    expect(log).to_contain_text("line 100")
    panel.button("Follow").click()
    expect(log).to_contain_text("line 509")


def test_a_gap_asks_for_a_snapshot_which_closes_it(panel: PanelPage) -> None:
    """What was lost on the way is asked for and shown."""
    panel.start(state())
    panel.tell(snapshot(_lines(2)))
    panel.tell(delta(_lines(1, 5), first=5))
    asked = panel.await_sent("sync", 2)[-1]
    assert (asked["epoch"], asked["next"]) == ("e1", 2)
    panel.tell(snapshot(_lines(6)))
    panel.button("Log").click()
    expect(panel.page.get_by_role("log").get_by_role("listitem")).to_have_count(6)


def test_a_late_page_shows_what_happened_before(panel: PanelPage) -> None:
    """One snapshot is the whole state: run, rows, what was dropped."""
    panel.start(state(status="running"))
    assert panel.sent("sync")[0]["next"] == 0
    panel.tell(snapshot(_lines(4, 96), first=96, dropped=96, run=run()))
    expect(panel.page.get_by_text("Generating · step 12 of 20")).to_be_visible()
    panel.button("Log").click()
    expect(panel.page.get_by_text("the last 4 of 100 lines")).to_be_visible()


def test_markup_in_a_line_stays_text(panel: PanelPage) -> None:
    """The network writes no elements into the page."""
    panel.start(state())
    panel.tell(delta(rows((0.0, "output", "<img src=x onerror=alert(1)>"))))
    panel.button("Log").click()
    expect(panel.page.get_by_role("log")).to_contain_text("<img src=x onerror=alert(1)>")
    expect(panel.page.get_by_role("log").locator("img")).to_have_count(0)


def test_a_second_view_has_the_same_log(panel: PanelPage) -> None:
    """The rows belong to the model, not to the view that was open when they came."""
    panel.start(state())
    panel.tell(delta(_lines(3)))
    panel.open_view()
    expect(panel.view(1).locator(".last")).to_have_text("line 2")
    assert len(panel.sent("sync")) == 1
