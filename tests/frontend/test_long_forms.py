"""Forms of real models: long ones stay usable."""

from playwright.sync_api import expect

from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import Payload, delta, form, parameter, run, state, whole

LONG = "A harbour at dusk, boats at rest, the light of one window on the water. " * 6
HELP = "Lower is more deterministic, higher is more random; 0.75 is a good value to begin with, and 1 is the most."
TALL = [parameter(f"text{n}", "textarea", f"Text {n}", default="") for n in range(14)]


def _start(panel: PanelPage, *parameters: Payload, **values: object) -> None:
    panel.start(state(_form=form(*parameters), values=values, _outlook={"price": "$0.42", "reason": ""}))


def test_run_price_and_status_stay_in_sight(panel: PanelPage) -> None:
    """The bar sticks to the end of the window beside a long form, and to its top beside the stage of a narrow one."""
    for width in (1200, 400):
        panel.page.set_viewport_size({"width": width, "height": 600})
        _start(panel, *TALL)
        bar = panel.view().locator(".act")
        for at in ("0", "400", "document.body.scrollHeight"):
            panel.page.evaluate(f"() => scrollTo(0, {at})")
            expect(panel.button("Run")).to_be_in_viewport(ratio=1)
            expect(bar.get_by_text("$0.42")).to_be_in_viewport()
        panel.tell(delta([], run=run(status="failed", progress=None)))
        panel.update(status="failed")
        expect(bar.get_by_text("last run: failed")).to_be_in_viewport()


def test_the_stage_stays_beside_a_long_form(panel: PanelPage) -> None:
    """Whoever is at the last field sees the result."""
    panel.page.set_viewport_size({"width": 1200, "height": 700})
    _start(panel, *TALL)
    panel.page.get_by_label("Text 13").focus()
    expect(panel.view().locator(".frame")).to_be_in_viewport(ratio=0.9)


def test_what_has_the_focus_is_not_under_the_bar(panel: PanelPage) -> None:
    """Tab goes through a long form, and each field is seen."""
    panel.page.set_viewport_size({"width": 1200, "height": 500})
    _start(panel, *TALL)
    top = panel.view().locator(".act").bounding_box()
    assert top is not None
    for n in range(10):
        panel.page.get_by_label(f"Text {n}", exact=True).focus()
        box = panel.page.get_by_label(f"Text {n}", exact=True).bounding_box()
        assert box is not None
        assert box["y"] + 20 < top["y"], n


def test_more_says_how_many_differ(panel: PanelPage) -> None:
    """What is folded away and changed is counted, also when Python changed it."""
    hidden = [whole(f"n{n}", 0, 9, default=3, advanced=True) for n in range(3)]
    _start(panel, parameter("a", "text"), *hidden, n0=3, n1=3, n2=3)
    more = panel.view().locator("summary", has_text="More")
    expect(more).to_have_text("More")
    panel.update(values={"n0": 3, "n1": 4, "n2": 5})
    expect(more).to_have_text("More \N{MIDDLE DOT} 2 changed")
    expect(panel.field("n1")).to_be_hidden()
    more.click()
    expect(panel.field("n1")).to_be_visible()


def test_a_help_longer_than_a_line_opens_on_demand(panel: PanelPage) -> None:
    """A short one stands below its field, a long one behind a question mark, also beside a checkbox."""
    _start(
        panel,
        parameter("short", "textarea", help="What to draw."),
        parameter("long", "textarea", help=HELP),
        parameter("box", "boolean", help=HELP),
    )
    expect(panel.field("short").get_by_text("What to draw.")).to_be_visible()
    for name in ("long", "box"):
        words = panel.field(name).get_by_text(HELP)
        expect(words).to_be_hidden()
        panel.button(f"About {name.capitalize()}").click()
        expect(words).to_be_visible()


def test_numbers_typed_as_text_stand_two_to_a_row(panel: PanelPage) -> None:
    """At the width of a narrow cell too."""
    names = ("temperature", "topP")
    for width in (1200, 700, 400):
        panel.page.set_viewport_size({"width": width, "height": 700})
        _start(panel, *(parameter(name, "text", narrow=True) for name in names))
        boxes = [panel.field(name).bounding_box() for name in names]
        assert boxes[0] is not None
        assert boxes[1] is not None
        assert boxes[0]["y"] == boxes[1]["y"]
        assert boxes[0]["x"] < boxes[1]["x"]


def test_a_long_default_takes_four_lines_until_focused(panel: PanelPage) -> None:
    """What the person wrote stays whole."""
    prompt = parameter("prompt", "textarea", default=LONG)
    _start(panel, prompt, parameter("other", "text"), prompt=LONG)
    box = panel.field("prompt").locator("textarea")
    height = "(box) => box.offsetHeight"
    assert box.evaluate(height) < 100
    box.focus()
    assert box.evaluate(height) > 120
    box.fill(LONG + "And a gull.")
    panel.field("other").locator("input").focus()
    assert box.evaluate(height) > 120


def test_a_field_goes_back_to_its_default(panel: PanelPage) -> None:
    """One press resets it; the button is there while something else is said."""
    _start(
        panel, whole("steps", 1, 50, default=20), parameter("on", "boolean", default=True), steps=20, on=True
    )
    reset = panel.field("steps").get_by_role("button", name="Reset to 20")
    expect(reset).to_be_hidden()
    panel.field("steps").get_by_role("spinbutton").fill("31")
    expect(reset).to_have_accessible_description("Steps")
    reset.click()
    expect(panel.field("steps").get_by_role("spinbutton")).to_have_value("20")
    expect(panel.field("steps").get_by_role("spinbutton")).to_be_focused()
    assert panel.await_sent("values")[-1]["patch"] == {"steps": 20}
    panel.page.get_by_role("checkbox").uncheck()
    panel.field("on").get_by_role("button", name="Reset to true").click()
    expect(panel.page.get_by_role("checkbox")).to_be_checked()


def test_json_is_checked_while_it_is_typed(panel: PanelPage) -> None:
    """It says where the mistake is, and Run is held back."""
    _start(panel, parameter("shots", "textarea", json="list"), shots='[{"index": 1}]')
    box = panel.field("shots").locator("textarea")
    box.fill('[{"index": 1},\n{"index" 2}]')
    expect(box).to_have_accessible_description("This is not valid JSON: line 2, character 10")
    panel.button("Run").click()
    assert panel.sent_messages("run") == []
    box.fill('[{"index": 1}]')
    expect(box).to_have_accessible_description("")


def test_the_empty_stage_names_what_will_come(panel: PanelPage) -> None:
    """A language model answers, a video model makes a video, and Python has each by its own name."""
    words = {
        "text": ("The answer appears here", "panel.text"),
        "video": ("The video appears here", "panel.outputs"),
        "audio": ("The sound appears here", "panel.outputs"),
        "image": ("Results appear here", "panel.images"),
        None: ("Results appear here", "panel.outputs"),
    }
    for kind, (sentence, attribute) in words.items():
        panel.start(state(_form=form(parameter("a", "text"), makes=kind), values={}))
        expect(panel.view().locator(".empty")).to_have_text(f"{sentence}and in Python as {attribute}")


def test_one_file_is_not_called_several(panel: PanelPage) -> None:
    """A first frame is one; references are as many as the model says."""
    image: Payload = {"accept": "image", "multiple": True}
    _start(
        panel,
        parameter("first", "file", "First Frame", accept="image", multiple=False, max_files=1),
        parameter("garments", "file", **image, max_files=2),
        parameter("photos", "file", **image),
    )
    expect(panel.field("first").locator(".label")).to_have_text("First Frame \N{MIDDLE DOT} optional")
    expect(panel.field("garments").locator(".label")).to_contain_text("optional, up to 2")
    expect(panel.field("photos").locator(".label")).to_contain_text("optional, several")
