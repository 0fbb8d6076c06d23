"""Several runs at once: each can be seen, shown, stopped and starred, and one run alone takes no room."""

from playwright.sync_api import Locator, expect

from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import delta, run, snapshot, state, summary

TWO = [summary(1, "running", progress=0.25), summary(2, "queued", prompt="A harbour at dawn")]


def _start(panel: PanelPage, *runs: dict[str, object], run_number: int = 2) -> None:
    panel.start(state())
    panel.tell(delta([], run=run(number=run_number), runs=list(runs or TWO)))


def _lines(panel: PanelPage) -> Locator:
    return panel.page.locator(".runs li")


def test_one_run_needs_no_list(panel: PanelPage) -> None:
    """The list appears with the second run."""
    _start(panel, TWO[0], run_number=1)
    expect(panel.page.locator(".runs")).to_be_hidden()
    panel.tell(delta([], runs=TWO))
    expect(_lines(panel)).to_have_count(2)
    expect(panel.page.locator(".runs")).to_be_visible()


def test_a_second_press_starts_a_run_beside_the_first(panel: PanelPage) -> None:
    """Run stays enabled while a run is active, and is held only until the kernel has answered."""
    _start(panel)
    start = panel.button("Run")
    start.click()
    expect(start).to_have_attribute("aria-disabled", "true")
    panel.reply(panel.await_sent("run")[0]["rev"])
    panel.tell(delta([], run=run(number=3), runs=[*TWO, summary(3, "queued")]))
    expect(start).not_to_have_attribute("aria-disabled", "true")
    panel.past_double_click()
    start.click()
    assert len(panel.await_sent("run", 2)) == 2


def test_the_newest_run_is_on_top_and_says_how_it_stands(panel: PanelPage) -> None:
    """Number, prompt, and progress, status or cost."""
    done = summary(1, "succeeded", cost=0.00351)
    _start(panel, done, summary(2, "running", progress=0.25), summary(3, "failed", prompt=""), run_number=3)
    lines = [text.split() for text in _lines(panel).all_inner_texts()]
    assert [line[1] for line in lines] == ["3", "2", "1"]
    assert [line[-1] for line in lines] == ["Failed", "25%", "$0.00351"]
    expect(panel.page.get_by_role("button", name="Run 1 A lighthouse at dusk $0.0035")).to_be_visible()


def test_a_click_shows_a_run(panel: PanelPage) -> None:
    """The kernel is asked, and what it then shows is marked."""
    _start(panel)
    panel.page.get_by_role("button", name="Run 1 A lighthouse at dusk 25%").click()
    assert panel.await_sent("show")[0]["run"] == 1
    panel.tell(snapshot([], epoch="e2", run=run(number=1), runs=TWO))
    expect(_lines(panel).nth(1).locator("[aria-current=true]")).to_be_visible()
    expect(_lines(panel).nth(0).locator("[aria-current=true]")).to_have_count(0)


def test_each_run_has_its_own_stop(panel: PanelPage) -> None:
    """The one that is pressed is stopped, whichever is shown; a run that is over has none."""
    _start(panel)
    panel.button("Stop run 1").click()
    assert panel.await_sent("stop")[0]["run"] == 1
    expect(_lines(panel).nth(1)).to_contain_text("Stopping")
    panel.tell(delta([], runs=[summary(1, "cancelled"), TWO[1]]))
    expect(panel.button("Stop run 1")).to_be_hidden()
    expect(_lines(panel).nth(1)).to_contain_text("Stopped")


def test_a_run_is_starred(panel: PanelPage) -> None:
    """The star is the kernel's to keep; it shows once it is kept."""
    _start(panel)
    star = panel.button("Star run 1")
    expect(star).to_have_attribute("aria-pressed", "false")
    star.click()
    message = panel.await_sent("star")[0]
    assert (message["run"], message["on"]) == (1, True)
    panel.tell(delta([], runs=[TWO[0] | {"starred": True}, TWO[1]]))
    expect(star).to_have_attribute("aria-pressed", "true")


def test_the_list_is_one_stop_of_tab_and_arrow_keys_from_there(panel: PanelPage) -> None:
    """Up and down between runs, left and right between what can be done with one."""
    _start(panel)
    row = panel.page.get_by_role("button", name="Run 2 A harbour at dawn Queued")
    expect(row).to_have_attribute("tabindex", "0")
    expect(panel.page.get_by_role("button", name="Run 1 A lighthouse at dusk 25%")).to_have_attribute(
        "tabindex", "-1"
    )
    row.press("ArrowDown")
    expect(panel.page.get_by_role("button", name="Run 1 A lighthouse at dusk 25%")).to_be_focused()
    panel.page.keyboard.press("ArrowRight")
    expect(panel.button("Stop run 1")).to_be_focused()
    panel.page.keyboard.press("ArrowUp")
    expect(panel.button("Stop run 2")).to_be_focused()


def test_the_focus_stays_when_the_runs_go_on(panel: PanelPage) -> None:
    """Lines are brought up to date, not made anew."""
    _start(panel)
    line = panel.page.get_by_role("button", name="Run 1 A lighthouse at dusk 25%")
    line.focus()
    panel.tell(delta([], runs=[TWO[0] | {"progress": 0.5, "line": "50%"}, TWO[1], summary(3, "queued")]))
    expect(panel.page.get_by_role("button", name="Run 1 A lighthouse at dusk 50%")).to_be_focused()


def test_another_pages_run_ends_no_wait_of_this_one(panel: PanelPage) -> None:
    """Submitting lasts until a newer run than those known at the press."""
    _start(panel)
    panel.button("Run").click()
    panel.tell(delta([], run=run(number=2, elapsed=13.0), runs=TWO))
    expect(panel.page.locator(".pill")).to_have_text("Submitting")
    panel.tell(delta([], run=run(number=3, status="queued")))
    expect(panel.page.locator(".pill")).to_have_text("Queued")


def test_the_announcement_names_the_run(panel: PanelPage) -> None:
    """With several runs, which one is done is part of what is said."""
    _start(panel)
    panel.tell(delta([], run=run(number=2, status="succeeded", elapsed=4.0)))
    expect(panel.page.locator("[role=status]")).to_have_text("Run 2: Done in 4.0 s.")
