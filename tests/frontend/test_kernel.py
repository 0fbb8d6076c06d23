"""A page that is loaded again, a kernel that is restarted, a second window: each ends in a state that is explained."""

import pytest
from playwright.sync_api import expect

from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import SEED_MODEL, STAGES, delta, image, output, run, snapshot, state, summary

GONE = "The kernel was restarted or is gone: run the cell again."
RESTART = "() => { host.model.gone = true; host.model.emit('comm_live_update'); }"


def test_a_page_that_is_loaded_again_shows_everything(panel: PanelPage) -> None:
    """One snapshot brings the run, the list of runs and the pictures, and nothing is announced as if it were new."""
    panel.start(state(status="succeeded"))
    done = run(number=2, status="succeeded", elapsed=18.2, stages=STAGES, outputs=[output("2-0", "0.png")])
    panel.tell(snapshot([], run=done, runs=[summary(1, "failed"), summary(2, "succeeded", cost=0.01)]))
    panel.tell(image("2-0"), {"hue": 20})
    expect(panel.page.get_by_role("button", name="Picture 1 of 1, open full size")).to_be_visible()
    expect(panel.page.locator(".runs li")).to_have_count(2)
    expect(panel.page.locator(".pill")).to_have_text("Done · 18.2 s")


@pytest.mark.parametrize("width", [360, 400])
@pytest.mark.parametrize("elapsed", [18.2, 125.0])
def test_a_narrow_header_has_two_lines(panel: PanelPage, width: int, elapsed: float) -> None:
    """However the run stands and whatever the model is called; the button's whole name stays for a screen reader."""
    panel.page.set_viewport_size({"width": width, "height": 900})
    name = "flux-2-klein-9b-edit"
    form = SEED_MODEL | {"models": True, "owner": "black-forest-labs", "name": name}
    panel.start(state(_form=form, status="succeeded"))
    header = panel.page.locator("header")
    height = header.evaluate("(one) => one.offsetHeight")
    panel.tell(delta([], run=run(status="succeeded", elapsed=elapsed)))
    expect(panel.page.locator(".pill")).to_contain_text("Done")
    items = header.locator("button:visible, .tag, .pill")
    middles = items.evaluate_all(
        "(all) => all.map((one) => one.getBoundingClientRect()).map((box) => box.top + box.height / 2)"
    )
    assert len(middles) == 7
    assert max(middles) - min(middles) < 40
    assert sum(middle - min(middles) > 20 for middle in middles) == 4
    assert header.evaluate("(one) => one.offsetHeight") == height
    expect(panel.button("Copy as Python")).to_be_visible()


def test_a_restart_during_a_run_says_where_the_run_is_found(panel: PanelPage) -> None:
    """No clock and no Stop for a run that nobody here follows any more."""
    panel.start(state())
    panel.tell(delta([], run=run(number=2), runs=[summary(1, "succeeded"), summary(2, "running")]))
    panel.page.evaluate(RESTART)
    expect(panel.page.get_by_role("alert")).to_contain_text(GONE)
    expect(panel.page.get_by_role("alert")).to_contain_text("client.history.unfinished()")
    expect(panel.page.locator(".pill")).to_have_text("No kernel")
    expect(panel.button("Stop")).to_be_hidden()
    expect(panel.button("Stop run 2")).to_be_hidden()
    expect(panel.page.get_by_role("button", name="Run 2 A lighthouse at dusk Unknown")).to_be_visible()
    expect(panel.page.locator(".veil")).to_be_hidden()
    expect(panel.page.locator("[role=status]")).to_have_text(GONE)


def test_after_a_restart_run_sends_nothing(panel: PanelPage) -> None:
    """The button says that it cannot be used."""
    panel.start(state())
    panel.page.evaluate(RESTART)
    expect(panel.button("Run")).to_have_attribute("aria-disabled", "true")
    expect(panel.page.get_by_role("alert")).to_have_text(GONE)


def test_what_was_asked_of_a_kernel_that_went_is_answered(panel: PanelPage) -> None:
    """Nobody waits for an answer that cannot come."""
    panel.start(state(_form={"v": 1, "models": True}, values={}))
    panel.await_sent("search")
    panel.page.evaluate(RESTART)
    expect(panel.page.locator(".search").get_by_text(GONE)).to_be_visible()
    expect(panel.page.get_by_role("alert")).to_have_text(GONE)


def test_a_kernel_that_comes_back_is_welcome(panel: PanelPage) -> None:
    """Its first word takes the alarm away."""
    panel.start(state())
    panel.page.evaluate(RESTART)
    panel.page.evaluate("() => { host.model.gone = false; }")
    panel.tell(snapshot([]))
    expect(panel.page.get_by_role("alert")).to_be_hidden()
    expect(panel.button("Run")).not_to_have_attribute("aria-disabled", "true")


def test_a_panel_whose_kernel_went_stays_with_what_it_shows(panel: PanelPage) -> None:
    """The pictures are still here to be saved: the static card does not take their place."""
    panel.start(state(_card_id="c1"))
    panel.tell(snapshot([], run=run(status="succeeded", outputs=[output("1-0", "0.png")])))
    panel.tell(image("1-0"), {"hue": 20})
    panel.page.evaluate(RESTART)
    expect(panel.page.locator(".large img")).to_be_visible()
    expect(panel.page.locator("[data-wiro-live=c1]")).to_have_count(1)


def test_a_second_window_follows_what_the_first_shows(panel: PanelPage) -> None:
    """A run started elsewhere arrives here as any other, with its list."""
    panel.start(state())
    panel.tell(snapshot([], run=run(number=1, status="succeeded"), runs=[summary(1, "succeeded")]))
    panel.tell(
        delta([], epoch="e2", run=run(number=2), runs=[summary(1, "succeeded"), summary(2, "running")])
    )
    expect(panel.page.locator(".pill")).to_have_text("Running")
    expect(panel.page.locator(".runs li")).to_have_count(2)
