"""Controls that are varied, in a browser."""

from typing import Any

from playwright.sync_api import FilePayload, Locator, expect

from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import axes, state


def _toggle(panel: PanelPage, name: str) -> Locator:
    return panel.field(name).get_by_role("button", name="Vary", exact=True)


def _values(panel: PanelPage, name: str) -> Locator:
    return panel.field(name).locator(".axes textarea").first


def _messages(panel: PanelPage, count: int) -> Any:
    return panel.await_sent("values", count)[count - 1]["patch"]


def test_it_is_out_of_the_way_until_it_is_looked_for(panel: PanelPage) -> None:
    """Seen when the field is pointed at or has the focus."""
    panel.start(state())
    toggle = _toggle(panel, "steps")
    expect(toggle).to_have_css("opacity", "0")
    panel.field("steps").hover()
    expect(toggle).to_have_css("opacity", "1")
    panel.field("scale").get_by_role("spinbutton").focus()
    expect(_toggle(panel, "scale")).to_have_css("opacity", "1")


def test_a_press_turns_the_control_into_an_axis(panel: PanelPage) -> None:
    """At once, with what it held, the focus in it; Python says how it begins and how many values it has."""
    panel.start(state())
    _toggle(panel, "steps").click()
    values = _values(panel, "steps")
    expect(values).to_be_focused()
    expect(values).to_have_value("20")
    expect(panel.field("steps").get_by_role("slider")).to_be_hidden()
    expect(_toggle(panel, "steps")).to_have_attribute("aria-pressed", "true")
    assert _messages(panel, 1) == {"*steps": True}
    panel.update(_axes=axes(2, {"steps": "20, 30"}, steps="2 values: 20, 30"))
    panel.reply(panel.sent_messages("values")[0]["rev"])
    expect(values).to_have_value("20, 30")
    expect(panel.field("steps").get_by_text("2 values: 20, 30")).to_be_visible()
    expect(panel.button("Run 2")).to_be_visible()


def test_what_is_typed_goes_to_python(panel: PanelPage) -> None:
    """Python's words of what stood there before do not stay beside it, nor does its text come back over it."""
    panel.start(state(_axes=axes(2, {"steps": "20, 30"}, steps="2 values: 20, 30")))
    _values(panel, "steps").fill("10..50 by 10")
    expect(panel.field("steps").get_by_text("2 values")).to_be_hidden()
    assert _messages(panel, 1) == {"*steps": "10..50 by 10"}
    panel.update(_axes=axes(5, {"steps": "10..50 by 10"}, steps="5 values: 10, 20, 30, 40, 50"))
    panel.reply(panel.sent_messages("values")[0]["rev"])
    expect(panel.field("steps").get_by_text("5 values")).to_be_visible()
    expect(_values(panel, "steps")).to_have_value("10..50 by 10")


def test_a_second_press_ends_it(panel: PanelPage) -> None:
    """The control is back with its value."""
    panel.start(state(_axes=axes(2, {"steps": "20, 30"})))
    _toggle(panel, "steps").click()
    assert _messages(panel, 1) == {"*steps": None}
    expect(panel.field("steps").get_by_role("spinbutton")).to_have_value("20")
    expect(_values(panel, "steps")).to_have_count(0)


def test_width_and_height_are_varied_together(panel: PanelPage) -> None:
    """Each has a field of its own."""
    panel.start(state())
    _toggle(panel, "width").click()
    assert _messages(panel, 1) == {"*width": True, "*height": True}
    expect(panel.field("width").locator(".axes textarea")).to_have_count(2)
    expect(panel.field("width").get_by_role("textbox", name="Height, values")).to_be_visible()


def test_a_wrong_axis_holds_run_back(panel: PanelPage) -> None:
    """Its error stands beside it, and it takes the focus; nothing is sent."""
    wrong = {"*steps": "must be between 1 and 50, not 300"}
    panel.start(state(_axes=axes(0, {"steps": "20, 300"}), _errors=wrong))
    expect(panel.field("steps").get_by_text("not 300")).to_be_visible()
    panel.button("Run").click()
    expect(_values(panel, "steps")).to_be_focused()
    expect(_values(panel, "steps")).to_have_attribute("aria-invalid", "true")
    assert panel.sent_messages("run") == []


def test_run_sends_the_axes_first(panel: PanelPage) -> None:
    """What was typed a moment ago is what runs."""
    panel.start(state(_axes=axes(2, {"seed": "1, 2"})))
    _values(panel, "seed").fill("1..4")
    panel.page.keyboard.press("Control+Enter")
    panel.await_sent("run")
    kinds = [message["type"] for message in panel.sent_messages() if message["type"] in ("values", "run")]
    assert kinds == ["values", "run"]
    assert panel.sent_messages("values")[0]["patch"] == {"*seed": "1..4"}


def test_a_required_prompt_may_be_empty_beneath(panel: PanelPage) -> None:
    """Its axis has some."""
    values = state()["values"] | {"prompt": ""}
    panel.start(state(values=values, _axes=axes(2, {"prompt": "a cat\na dog"}, prompt="2 values")))
    panel.button("Run 2").click()
    assert len(panel.await_sent("run")) == 1


def test_files_are_gone_through(panel: PanelPage) -> None:
    """A field for one file takes several while it is varied."""
    refs = [
        {"id": f"f{n}", "name": f"{n}.png", "mime": "image/png", "size": 1, "url": None, "facts": "PNG"}
        for n in range(2)
    ]
    trait = axes(2, {"inputImage": ""}, inputImage="2 files")
    trait["shown"]["inputImage"] = refs
    panel.start(state(_axes=trait))
    field = panel.field("inputImage")
    expect(field.locator(".files li")).to_have_count(2)
    expect(field.get_by_text("Drop, paste or")).to_be_visible()
    expect(field.get_by_text("2 files")).to_be_visible()
    files: list[FilePayload] = [{"name": f"{n}.png", "mimeType": "image/png", "buffer": b"x"} for n in "ab"]
    field.locator("input[type=file]").set_input_files(files)
    assert {chunk["name"] for chunk in panel.await_sent("file", 2)} == {"a.png", "b.png"}


def test_two_views_agree_on_an_axis(panel: PanelPage) -> None:
    """What is varied in one is varied in the other."""
    panel.start(state())
    panel.open_view()
    panel.update(_axes=axes(2, {"steps": "20, 30"}, steps="2 values: 20, 30"))
    for index in range(2):
        expect(panel.view(index).locator("[data-field=steps] .axes textarea")).to_have_value("20, 30")
        expect(panel.view(index).get_by_role("button", name="Run 2")).to_be_visible()
