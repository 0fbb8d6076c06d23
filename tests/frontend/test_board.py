"""A sweep on the stage: its cells, the one that is chosen, and the way back."""

from playwright.sync_api import Locator, expect

from tests.frontend.gallery import STATES
from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import board, cell, delta, image, output, run, snapshot, state, summary, swept

TABLE = board(["10", "20"], ["1", "2"])


def _start(panel: PanelPage, *standing: str) -> None:
    panel.start(state(status="running"))
    cells = [cell(index, status) for index, status in enumerate(standing)]
    panel.tell(delta([], run=swept(), board=TABLE, cells=cells))
    for index, status in enumerate(standing):
        if status == "succeeded":
            panel.tell(image(f"1-{index}"), {"hue": 40 * index})


def _cells(panel: PanelPage) -> Locator:
    return panel.page.locator(".board button")


def test_the_cells_fill_as_they_finish(panel: PanelPage) -> None:
    """A picture where there is one, a word where there is none, under the headings of the axes."""
    _start(panel, "succeeded", "running")
    table = panel.page.get_by_role("table")
    expect(table.get_by_role("row").first).to_contain_text("seed / steps")
    expect(table.get_by_role("row").nth(2)).to_contain_text("2")
    expect(_cells(panel)).to_have_count(4)
    expect(_cells(panel).nth(0).locator("img")).to_have_js_property("complete", value=True)
    expect(_cells(panel).nth(1)).to_have_text("running")
    expect(_cells(panel).nth(3)).to_have_text("")
    panel.tell(delta([], cells=[cell(1, "failed", "failed: out of memory")]))
    expect(_cells(panel).nth(1)).to_have_text("failed")
    expect(_cells(panel).nth(1)).to_have_attribute("title", "steps 20, seed 1: failed: out of memory")
    expect(panel.page.get_by_text("6 of 12 done")).to_be_visible()


def test_a_cell_is_chosen_and_left(panel: PanelPage) -> None:
    """Its picture takes the stage, in full when the bytes are here, with what it was and what can be done with it."""
    _start(panel, "succeeded", "succeeded")
    _cells(panel).nth(1).click()
    expect(panel.page.get_by_role("table")).to_be_hidden()
    expect(panel.page.get_by_text("steps 20, seed 1 · $0.0023 · 4.1 s")).to_be_visible()
    assert panel.await_sent("image")[0]["id"] == "1-1"
    expect(panel.button("Use settings")).to_be_visible()
    expect(panel.button("Compare")).to_be_visible()
    panel.button("All of them").click()
    expect(panel.page.get_by_role("table")).to_be_visible()
    expect(panel.button("Use settings")).to_be_hidden()


def test_a_cell_without_a_picture_says_why_and_opens_nothing(panel: PanelPage) -> None:
    """There is nothing to enlarge."""
    _start(panel, "failed")
    _cells(panel).first.click()
    expect(panel.page.get_by_role("table")).to_be_visible()
    assert panel.sent_messages("image") == []


def test_the_settings_of_a_cell_are_taken(panel: PanelPage) -> None:
    """The kernel reads them from the picture itself."""
    _start(panel, "succeeded")
    _cells(panel).first.click()
    panel.button("Use settings").click()
    question = panel.await_sent("recipe")[0]
    assert (question["id"], question["take"]) == ("1-0", True)
    panel.reply(question["rev"], text="{}")
    expect(panel.page.get_by_text("The settings are those of 0.png").first).to_be_visible()


def test_the_viewer_goes_through_all_of_them(panel: PanelPage) -> None:
    """In the order of the cells, whichever finished first."""
    _start(panel)
    for index in (2, 0, 1):
        panel.tell(delta([], cells=[cell(index)]))
        panel.tell(image(f"1-{index}"), {"hue": 40 * index})
    _cells(panel).nth(0).click()
    panel.page.get_by_role("button", name="Picture 1 of 3, open full size").click()
    dialog = panel.page.get_by_role("dialog")
    expect(dialog.get_by_text("0.png")).to_be_visible()
    dialog.get_by_role("button", name="Next").click()
    expect(dialog.get_by_text("1.png")).to_be_visible()


def test_arrow_keys_go_from_cell_to_cell(panel: PanelPage) -> None:
    """The board is one stop of Tab."""
    _start(panel, "succeeded", "succeeded", "succeeded", "succeeded")
    assert panel.page.locator(".board button[tabindex='0']").count() == 1
    _cells(panel).first.focus()
    panel.page.keyboard.press("ArrowRight")
    expect(_cells(panel).nth(1)).to_be_focused()
    panel.page.keyboard.press("ArrowDown")
    expect(_cells(panel).nth(3)).to_be_focused()
    panel.page.keyboard.press("Enter")
    expect(panel.page.get_by_text("steps 20, seed 2")).to_be_visible()


def test_an_answer_is_read_on_the_board(panel: PanelPage) -> None:
    """Its beginning stands in the cell, and all of it on the stage when the cell is chosen."""
    _start(panel)
    words = "The sky is blue because of scattering. " * 20
    answer = output("1-0", "0", "raw", text=words)
    panel.tell(delta([], cells=[cell(0) | {"outputs": [answer]}]))
    expect(_cells(panel).first).to_contain_text("The sky is blue")
    assert len(_cells(panel).first.inner_text()) < len(words)
    _cells(panel).first.click()
    expect(panel.page.get_by_role("region", name="0")).to_have_text(words.strip())


def test_another_run_takes_the_stage(panel: PanelPage) -> None:
    """And the sweep comes back whole when it is shown again."""
    _start(panel, "succeeded")
    runs = [summary(1, "succeeded"), summary(2, "running")]
    panel.tell(delta([], epoch="e2", run=run(number=2), runs=runs))
    expect(panel.page.get_by_role("table")).to_be_hidden()
    again = swept(status="succeeded", progress=None)
    panel.tell(delta([], epoch="e3", run=again, board=TABLE, cells=[cell(0), cell(1)]))
    expect(panel.page.get_by_role("table")).to_be_visible()


def test_a_snapshot_has_all_of_it(panel: PanelPage) -> None:
    """A page that was loaded again shows the same board."""
    panel.start(state(status="running"))
    panel.tell(snapshot([], run=swept(), board=TABLE, cells=[cell(0), cell(1, "failed", "failed: x")]))
    panel.tell(image("1-0"), {"hue": 40})
    expect(_cells(panel).nth(0).locator("img")).to_be_visible()
    expect(_cells(panel).nth(1)).to_have_text("failed")


def test_a_single_axis_has_captions(panel: PanelPage) -> None:
    """There are no headings to read them from; the note says what is left."""
    STATES["swept"](panel)
    expect(panel.page.locator(".board td").nth(1)).to_contain_text("a lighthouse at dusk")
    expect(panel.page.locator(".board th")).to_have_count(0)
    expect(panel.page.get_by_text("Run again runs what is left.")).to_be_visible()
