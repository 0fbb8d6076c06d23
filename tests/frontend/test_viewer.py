"""One picture in full, and two beside one another."""

from playwright.sync_api import Locator, expect

from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import STAGES, delta, image, output, run, state

PICTURES = [output("1-0", "0.png"), output("1-1", "1.png")]


def _show(panel: PanelPage) -> None:
    panel.start(state())
    done = {"status": "succeeded", "stages": STAGES, "progress": None}
    panel.tell(delta([], run=run(outputs=PICTURES, **done)))
    for hue, one in enumerate(PICTURES):
        panel.tell(image(one["id"]), {"hue": hue * 90})


def _open(panel: PanelPage) -> Locator:
    _show(panel)
    panel.page.get_by_role("button", name="Picture 1 of 2, open full size").click()
    panel.tell(image("1-0", "full"), {"hue": 0, "width": 1024, "height": 1024})
    return panel.page.get_by_role("dialog")


def _percent(dialog: Locator) -> int:
    return int(dialog.locator(".percent").inner_text().removesuffix("%"))


def _place(dialog: Locator) -> str:
    style: str = dialog.locator(".canvas img").first.evaluate("(image) => image.style.transform")
    return style


def test_keys_and_buttons_zoom(panel: PanelPage) -> None:
    """Plus, minus, one to one and the whole picture again."""
    dialog = _open(panel)
    whole = _percent(dialog)
    assert whole < 100
    panel.page.keyboard.press("+")
    assert _percent(dialog) > whole
    panel.page.keyboard.press("1")
    assert _percent(dialog) == 100
    panel.page.keyboard.press("0")
    assert _percent(dialog) == whole
    dialog.get_by_role("button", name="1:1, actual size").click()
    expect(dialog.get_by_role("button", name="1:1, actual size")).to_have_attribute("aria-pressed", "true")
    dialog.get_by_role("button", name="Fit").click()
    assert _percent(dialog) == whole


def test_the_wheel_zooms_where_the_pointer_is(panel: PanelPage) -> None:
    """What is under the pointer stays under it, and the page behind does not scroll."""
    dialog = _open(panel)
    canvas = dialog.locator(".canvas")
    box = canvas.bounding_box()
    assert box is not None
    corner = (box["x"] + box["width"] / 2 - 100, box["y"] + box["height"] / 2 - 100)
    panel.page.mouse.move(*corner)
    whole = _percent(dialog)
    panel.page.mouse.wheel(0, -800)
    expect(dialog.locator(".percent")).not_to_have_text(f"{whole}%")
    assert "translate(-50%, -50%) translate(0px, 0px)" not in _place(dialog)


def test_a_large_picture_is_moved_by_drag_and_by_arrows(panel: PanelPage) -> None:
    """Zoomed in, arrows move; shown whole, they go to the next picture."""
    dialog = _open(panel)
    for _ in range(6):
        panel.page.keyboard.press("+")
    before = _place(dialog)
    panel.page.keyboard.press("ArrowRight")
    place = _place(dialog)
    assert place != before
    box = dialog.locator(".canvas").bounding_box()
    assert box is not None
    panel.page.mouse.move(box["x"] + 200, box["y"] + 200)
    panel.page.mouse.down()
    panel.page.mouse.move(box["x"] + 260, box["y"] + 240)
    panel.page.mouse.up()
    assert _place(dialog) != place
    panel.page.keyboard.press("0")
    panel.page.keyboard.press("ArrowRight")
    expect(dialog).to_have_accessible_name("Picture 2 of 2")


def test_closing_gives_the_focus_back(panel: PanelPage) -> None:
    """Escape closes, and the picture that was pressed has the focus."""
    dialog = _open(panel)
    panel.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(panel.page.get_by_role("button", name="Picture 1 of 2, open full size")).to_be_focused()


def test_two_pictures_are_compared_by_a_divider(panel: PanelPage) -> None:
    """The divider goes by arrow keys, by its slider and by dragging."""
    _show(panel)
    panel.button("Compare").click()
    dialog = panel.page.get_by_role("dialog", name="Compare two pictures")
    expect(dialog.get_by_label("Left picture")).to_have_value("Run 1, picture 1")
    expect(dialog.get_by_label("Right picture")).to_have_value("Run 1, picture 2")
    assert [one["id"] for one in panel.await_sent("image", 2)] == ["1-0", "1-1"]
    divider = dialog.get_by_role("slider", name="Divider")
    panel.page.keyboard.press("ArrowRight")
    expect(divider).to_have_value("52")
    divider.fill("25")
    expect(dialog.locator(".divider")).to_have_attribute("style", "left: 25%;")
    box = dialog.locator(".canvas").bounding_box()
    assert box is not None
    panel.page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + 50)
    expect(divider).to_have_value("75")


def test_the_left_picture_is_held_in_place_of_the_right(panel: PanelPage) -> None:
    """As long as the key is down; Blink shows both in turn until it is pressed again."""
    _show(panel)
    panel.button("Compare").click()
    dialog = panel.page.get_by_role("dialog")
    second = dialog.locator(".canvas > div").nth(1)
    dialog.get_by_role("button", name="Hold for left").focus()
    panel.page.keyboard.down(" ")
    expect(second).to_have_css("clip-path", "inset(0px 0px 0px 100%)")
    panel.page.keyboard.up(" ")
    expect(second).to_have_css("clip-path", "inset(0px 0px 0px 50%)")
    blink = dialog.get_by_role("button", name="Blink")
    blink.click()
    expect(second).to_have_css("clip-path", "inset(0px 0px 0px 100%)")
    expect(second).to_have_css("clip-path", "inset(0px 0px 0px 0%)")
    blink.click()
    expect(second).to_have_css("clip-path", "inset(0px 0px 0px 50%)")


def test_a_picture_is_compared_with_one_of_an_earlier_run(panel: PanelPage) -> None:
    """The pictures of the last runs stay at hand."""
    _show(panel)
    later = run(number=2, status="succeeded", progress=None, outputs=[output("2-0", "0.png")])
    panel.tell(delta([], epoch="e2", run=later))
    panel.tell(image("2-0"), {"hue": 200})
    panel.button("Compare").click()
    dialog = panel.page.get_by_role("dialog")
    expect(dialog.get_by_label("Left picture")).to_have_value("Run 1, picture 2")
    dialog.get_by_label("Left picture").select_option("Run 1, picture 1")
    expect(dialog.get_by_label("Right picture")).to_have_value("Run 2, picture 1")
