"""Several models, side by side: their list in the form, and their columns on the board."""

from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.frontend.gallery import CATALOGUE, FLUX, SIDE_MODELS, SKETCH
from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import axes, board, cell, delta, image, side_model, snapshot, state, swept

TWO = SIDE_MODELS[:2]
PRICES = {FLUX: "about $0.009", SKETCH: "$0.004"}


def _start(panel: PanelPage, models: list[dict[str, Any]], **traits: Any) -> None:
    """Draw a panel with these models side by side."""
    panel.start(state(_axes=axes(len(models), {}) | {"models": models}, **traits))
    panel.send_module("models")


def _lines(panel: PanelPage) -> Locator:
    return panel.page.get_by_role("group", name="Models").get_by_role("listitem")


def _found(panel: PanelPage, count: int = 1) -> None:
    """Answer the newest search."""
    question = panel.await_sent("search", count)[-1]
    panel.tell({"type": "models", "to": "me", "rev": question["rev"], "models": CATALOGUE, "error": None})


def test_the_list_comes_when_it_is_asked_for(panel: PanelPage) -> None:
    """It opens with the panel's own model and the search for another one, which takes the focus."""
    panel.start(state())
    expect(panel.page.get_by_role("group", name="Models")).to_be_hidden()
    panel.button("Models").click()
    panel.send_module("models")
    expect(_lines(panel)).to_have_text([FLUX.replace("/", " / ")])
    expect(panel.page.get_by_role("combobox", name="Search models")).to_be_focused()
    expect(panel.button("Models")).to_have_attribute("aria-pressed", "true")
    assert panel.sent_messages("vary") == []
    panel.button("Models").click()
    expect(panel.page.get_by_role("group", name="Models")).to_be_hidden()
    expect(panel.button("Models")).to_be_focused()


def test_a_model_is_added_by_keyboard_alone(panel: PanelPage) -> None:
    """Search, arrow, Enter; the kernel answers, and the search stays for the next one."""
    panel.start(state())
    panel.button("Models").focus()
    panel.page.keyboard.press("Enter")
    panel.send_module("models")
    _found(panel)
    for _ in range(2):
        panel.page.keyboard.press("ArrowDown")
    panel.page.keyboard.press("Enter")
    [question] = panel.await_sent("vary")
    assert (question["model"], question["on"]) == ("wiro/sandbox-chat", True)
    chat = side_model("wiro/sandbox-chat", "Chat", "without Steps")
    panel.update(_axes=axes(2, {}) | {"models": [TWO[0], chat]})
    panel.reply(question["rev"])
    expect(panel.page.get_by_text("wiro/sandbox-chat is added.").first).to_be_visible()
    expect(_lines(panel).nth(1)).to_contain_text("without Steps")
    expect(panel.button("Run 2")).to_be_visible()
    panel.page.keyboard.press("Escape")
    expect(panel.button("Add a model")).to_be_focused()


def test_a_model_that_is_there_is_not_asked_for_again(panel: PanelPage) -> None:
    """Nor is one that the kernel does not find: its reason stands below the field."""
    _start(panel, TWO)
    panel.button("Add a model").click()
    _found(panel)
    panel.page.get_by_role("option").first.click()
    expect(panel.page.get_by_text(f"{FLUX} is in the list already.").first).to_be_visible()
    assert panel.sent_messages("vary") == []
    panel.page.get_by_role("option").nth(1).click()
    [question] = panel.await_sent("vary")
    panel.reply(question["rev"], error="there is no model wiro/sandbox-chat")
    expect(panel.page.get_by_text("there is no model wiro/sandbox-chat").first).to_be_visible()


def test_each_model_has_its_price_and_what_it_lacks(panel: PanelPage) -> None:
    """In one line each; the sum stands beside Run, with the price of each."""
    outlook = {"price": "$0.013: hunyuan-flux-srpo about $0.009, sandbox-sketch $0.004", "reason": ""}
    _start(panel, TWO, _outlook=outlook | {"models": PRICES})
    expect(_lines(panel)).to_have_count(2)
    first, second = _lines(panel).all()
    expect(first).to_contain_text("about $0.009")
    expect(second).to_contain_text("$0.004")
    expect(second).to_contain_text("without Scale, Strength, Samples, Steps")
    expect(panel.page.get_by_text("$0.013: hunyuan-flux-srpo about $0.009")).to_be_visible()
    panel.update(_outlook=outlook | {"models": PRICES | {SKETCH: "the one result is there"}})
    expect(second).to_contain_text("the one result is there")


def test_a_model_is_removed_but_never_the_panels_own(panel: PanelPage) -> None:
    """The focus goes on to the model that takes its place, and at last to the button below."""
    _start(panel, SIDE_MODELS)
    expect(panel.button(f"Remove {FLUX}")).to_be_hidden()
    panel.button(f"Remove {SKETCH}").focus()
    panel.page.keyboard.press("Enter")
    [question] = panel.await_sent("vary")
    assert (question["model"], question["on"]) == (SKETCH, False)
    panel.update(_axes=axes(2, {}) | {"models": [SIDE_MODELS[0], SIDE_MODELS[2]]})
    panel.reply(question["rev"])
    film = SIDE_MODELS[2]["model"]
    expect(panel.button(f"Remove {film}")).to_be_focused()
    expect(_lines(panel)).to_have_count(2)


def test_a_second_press_of_models_leaves_the_panels_own(panel: PanelPage) -> None:
    """As a second press of Vary ends an axis."""
    _start(panel, TWO)
    panel.button("Models").click()
    [question] = panel.await_sent("vary")
    assert (question["model"], question["on"]) == ("", False)
    panel.update(_axes=axes(1, {}))
    panel.reply(question["rev"])
    expect(panel.page.get_by_role("group", name="Models")).to_be_hidden()
    expect(panel.button("Run")).to_be_visible()


def test_what_a_model_refuses_holds_run_back(panel: PanelPage) -> None:
    """The reason stands below that model; nothing is sent."""
    wrong = side_model(SKETCH, "Sandbox Sketch", error="Width: must be between 64 and 1024, not 2000.")
    _start(panel, [TWO[0], wrong])
    expect(_lines(panel).nth(1)).to_contain_text("must be between 64 and 1024")
    panel.button("Run 2").click()
    panel.wait_until_painted()
    assert panel.sent_messages("run") == []


def test_without_the_module_the_models_are_named(panel: PanelPage) -> None:
    """As in a saved notebook without a kernel; Python can change them."""
    panel.start(state(_axes=axes(2, {}) | {"models": TWO}))
    [question] = panel.await_sent("module")
    panel.reply(question["rev"], error="gone")
    expect(panel.page.get_by_role("group", name="Models")).to_contain_text(f"{FLUX} · {SKETCH}")
    expect(panel.page.get_by_role("group", name="Models")).to_contain_text("panel.vary(model=[…])")


def test_two_views_agree_on_the_models(panel: PanelPage) -> None:
    """What is added in one is listed in the other; the module is sent once for both."""
    panel.start(state())
    panel.open_view()
    panel.update(_axes=axes(2, {}) | {"models": TWO})
    panel.send_module("models")
    for index in range(2):
        expect(panel.view(index).get_by_role("group", name="Models").get_by_role("listitem")).to_have_count(2)


def test_the_board_has_a_column_for_each_model(panel: PanelPage) -> None:
    """Its title with its cost below, before and after; a new cost redraws nothing else."""
    panel.start(state(status="running"))
    table = board(["Hunyuan Flux SRPO", "Sandbox Sketch"], ["1", "2"], x="model")
    costs = ["about $0.009 expected", "$0.004 expected", "", ""]
    panel.tell(delta([], run=swept(), board=table | {"costs": costs}, cells=[cell(0)]))
    panel.tell(image("1-0"), {"hue": 40})
    headings = panel.page.get_by_role("columnheader")
    expect(headings).to_have_text(
        ["seed / model", "Hunyuan Flux SRPOabout $0.009 expected", "Sandbox Sketch$0.004 expected"]
    )
    panel.page.locator(".board button").first.focus()
    after = ["$0.0084 (estimate about $0.009)", *costs[1:]]
    panel.tell(delta([], board=table | {"costs": after}))
    expect(headings.nth(1)).to_have_text("Hunyuan Flux SRPO$0.0084 (estimate about $0.009)")
    expect(panel.page.locator(".board button").first).to_be_focused()


def test_models_alone_stand_in_one_row(panel: PanelPage) -> None:
    """Each picture is below the name of its model."""
    panel.start(state(status="running"))
    table = board(["A", "B"], [""], x="model", y="") | {"costs": ["$1", "$2"]}
    panel.tell(snapshot([], run=swept(), board=table, cells=[cell(0), cell(1)]))
    expect(panel.page.get_by_role("columnheader")).to_have_text(["A$1", "B$2"])
    boxes = [
        [one.bounding_box() for one in panel.page.locator(selector).all()] for selector in ("th", ".board td")
    ]
    assert [box and round(box["x"]) for box in boxes[0]] == [box and round(box["x"]) for box in boxes[1]]


@pytest.mark.parametrize("width", [360, 420, 700])
def test_long_names_are_whole_in_a_narrow_panel(panel: PanelPage, width: int) -> None:
    """Neither the header nor the list of models cuts a name, and nothing stands out of the panel."""
    panel.page.set_viewport_size({"width": width, "height": 800})
    form = state()["_form"] | {
        "owner": "kling-ai",
        "name": "kling-v2-6-master-turbo-image-to-video-generator",
    }
    _start(panel, SIDE_MODELS, _form=form, _outlook={"price": "$1.4", "reason": "", "models": PRICES})
    cut = "(all) => all.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.className)"
    names = panel.page.locator("header .model, .side-models .name, .side-models li, header, .panel")
    assert names.evaluate_all(cut) == []
