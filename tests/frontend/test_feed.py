"""The log and the feed it draws: bounded, complete, and honest about what it lost."""

import base64
import json
import re
import zlib

from playwright.sync_api import expect

from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import delta, rows, run, snapshot, state
from tests.frontend.test_results import CLIPBOARD


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
    expect(panel.button("Jump to newest")).to_be_visible()
    panel.tell(delta(_lines(10, 500), first=500))
    expect(log).to_contain_text("line 100")
    panel.button("Jump to newest · 10 new lines").click()
    expect(log).to_contain_text("line 509")
    expect(log).to_be_focused()


def test_levels_are_left_out_and_back(panel: PanelPage) -> None:
    """Output, errors, progress and notes, each by its button."""
    panel.start(state())
    panel.button("Log").click()
    panel.tell(delta(rows((0.0, "note", "a note"), (0.1, "stderr", "a warning"), (0.2, "output", "a line"))))
    log = panel.page.get_by_role("log")
    panel.button("Output").click()
    panel.button("Notes").click()
    expect(log.get_by_role("listitem")).to_have_text([re.compile("a warning")])
    expect(panel.page.get_by_text("1 of 3 lines")).to_be_visible()
    panel.tell(delta(rows((0.3, "output", "more"), (0.4, "error", "an error"), first=3), first=3))
    expect(log.get_by_role("listitem")).to_have_text([re.compile("a warning"), re.compile("an error")])
    panel.button("Output").click()
    expect(log.get_by_role("listitem")).to_have_count(4)


def test_words_are_found_and_marked(panel: PanelPage) -> None:
    """Only the lines that have them, with their count; Escape shows all again."""
    panel.start(state())
    panel.button("Log").click()
    panel.tell(delta(_lines(115)))
    find = panel.page.get_by_label("Find in the log")
    find.fill("LINE 11")
    log = panel.page.get_by_role("log")
    expect(log.get_by_role("listitem")).to_have_count(6)
    expect(log.locator("mark").first).to_have_text("line 11")
    expect(panel.page.get_by_text("6 of 115 lines")).to_be_visible()
    expect(panel.page.locator("[role=status]")).to_have_text("6 lines")
    find.press("Escape")
    expect(panel.page.get_by_text("115 lines", exact=True)).to_be_visible()


def test_the_log_is_copied_whole_or_as_shown(panel: PanelPage) -> None:
    """Times, kinds and words, a line each."""
    panel.start(state())
    panel.page.evaluate(CLIPBOARD, arg=True)
    panel.button("Log").click()
    panel.tell(delta(_lines(3)))
    panel.button("Copy all").click()
    expect(panel.page.get_by_text("3 lines copied").first).to_be_visible()
    panel.page.get_by_label("Find in the log").fill("line 2")
    panel.button("Copy shown").click()
    expect(panel.page.get_by_text("1 line copied").first).to_be_visible()
    everything, matches = panel.page.evaluate("() => window.copied")
    assert everything.count("\n") == 2
    assert matches == "0.1 s\toutput\tline 2"


def test_what_is_read_stays_when_old_rows_go(panel: PanelPage) -> None:
    """A hundred thousand rows stay; the place in them does when more come."""
    panel.start(state())
    panel.button("Log").click()
    flood = """([first, count]) => {
      const rows = Array.from({ length: count }, (_, at) => [first + at, 0.1, "output", `line ${first + at}`]);
      const reach = { epoch: "e1", first, next: first + count, dropped: 0 };
      host.model.emit("msg:custom", { v: 1, type: "delta", rows, ...reach }, []);
    }"""
    panel.page.evaluate(flood, [0, 109_000])
    panel.wait_until_painted()
    log = panel.page.get_by_role("log")
    log.evaluate("(log) => log.scrollTo(0, 60_000 * 20)")
    expect(log.get_by_role("listitem").first).to_contain_text("line 60000")
    panel.page.evaluate(flood, [109_000, 2_000])
    panel.wait_until_painted()
    expect(log.get_by_role("listitem").first).to_contain_text("line 60000")
    expect(panel.page.get_by_text("the last 100,000 of 111,000 lines")).to_be_visible()
    assert log.locator("*").count() < 60


def test_a_flood_does_not_stop_the_following(panel: PanelPage) -> None:
    """Rows that come between a frame and the news that it scrolled are no reason to stay behind."""
    panel.start(state())
    panel.button("Log").click()
    panel.page.evaluate(
        """async () => {
      for (let first = 0; first < 6000; first += 100) {
        const rows = Array.from({ length: 100 }, (_, at) => [first + at, 0.1, "output", `line ${first + at}`]);
        const reach = { epoch: "e1", first, next: first + 100, dropped: 0 };
        host.model.emit("msg:custom", { v: 1, type: "delta", rows, ...reach }, []);
        await new Promise((go) => setTimeout(go, 7));
      }
    }"""
    )
    panel.wait_until_painted()
    expect(panel.page.get_by_role("log").get_by_text("line 5999")).to_be_visible()


def test_rows_that_come_compressed(panel: PanelPage) -> None:
    """They are unpacked by the browser, from the DataView that Jupyter hands over, and keep their order."""
    panel.start(state())
    rows = base64.b64encode(zlib.compress(json.dumps(_lines(500)).encode(), 1)).decode()
    panel.page.evaluate(
        """([packed, more]) => {
      const bytes = Uint8Array.from(atob(packed), (one) => one.charCodeAt(0));
      const reach = { v: 1, type: "delta", epoch: "e1", dropped: 0 };
      const view = new DataView(bytes.buffer);
      host.model.emit("msg:custom", { ...reach, first: 0, next: 500, rows: [] }, [view]);
      host.model.emit("msg:custom", { ...reach, first: 500, next: 501, rows: more }, []);
    }""",
        [rows, _lines(1, 500)],
    )
    panel.button("Log").click()
    expect(panel.page.get_by_text("501 lines")).to_be_visible()
    expect(panel.page.get_by_role("log").get_by_text("line 500")).to_be_visible()
    assert len(panel.sent_messages("sync")) == 1


def test_a_gap_asks_for_a_snapshot_which_closes_it(panel: PanelPage) -> None:
    """What was lost on the way is asked for and shown."""
    panel.start(state())
    panel.tell(snapshot(_lines(2)))
    panel.tell(delta(_lines(1, 5), first=5))
    question = panel.await_sent("sync", 2)[-1]
    assert (question["epoch"], question["next"]) == ("e1", 2)
    panel.tell(snapshot(_lines(6)))
    panel.button("Log").click()
    expect(panel.page.get_by_role("log").get_by_role("listitem")).to_have_count(6)


def test_a_late_page_shows_what_happened_before(panel: PanelPage) -> None:
    """One snapshot is the whole state: run, rows, what was dropped."""
    panel.start(state(status="running"))
    assert panel.sent_messages("sync")[0]["next"] == 0
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
    assert len(panel.sent_messages("sync")) == 1
