"""Each kind of parameter has its control, and what is done there goes up as the schema's value."""

import pytest
from playwright.sync_api import expect

from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import SEED_VALUES, Payload, form, parameter, state, whole

OPTIONS = [{"value": "", "label": ""}, {"value": "5", "label": "Five"}]


def _start(panel: PanelPage, *parameters: Payload, **values: object) -> None:
    panel.start(state(_form=form(*parameters), values=values))


def _sent_value(panel: PanelPage, identifier: str) -> object:
    return panel.await_sent("values")[-1]["patch"][identifier]


def test_the_seeds_model_has_its_controls(panel: PanelPage) -> None:
    """A prompt to write in, sliders with their numbers, a size pair, a seed, a file."""
    panel.start(state())
    expect(panel.field("prompt").get_by_role("textbox")).to_have_value(SEED_VALUES["prompt"])
    for name in ("steps", "scale", "strength", "samples"):
        expect(panel.field(name).get_by_role("slider")).to_be_visible()
        expect(panel.field(name).get_by_role("spinbutton")).to_have_value(str(SEED_VALUES[name]))
    expect(panel.field("width").get_by_role("spinbutton")).to_have_count(2)
    expect(panel.field("seed").get_by_role("textbox")).to_have_value("7350148318")
    expect(panel.button("choose a file, Input image")).to_be_visible()
    expect(panel.page.get_by_text("Callback URL")).to_be_hidden()


def test_labels_are_bound(panel: PanelPage) -> None:
    """Every control answers to its label, an id made readable."""
    panel.start(state())
    for label in ("Prompt", "Steps", "Width \u00d7 height", "Seed"):
        expect(panel.page.get_by_label(label).first).to_be_visible()
    panel.page.get_by_text("More", exact=True).click()
    callback = panel.page.get_by_label("Callback URL")
    expect(callback).to_have_accessible_description("Called when the task ends.")


def test_typing_arrives_as_the_last_word_typed(panel: PanelPage) -> None:
    """Keys pressed in a row are not a message each, and the last is not lost."""
    panel.start(state(values=SEED_VALUES | {"prompt": ""}))
    prompt = panel.field("prompt").locator("textarea")
    keys = (
        "(box) => { for (const c of 'a red fox') { box.value += c; box.dispatchEvent(new Event('input')); } }"
    )
    prompt.evaluate(keys)
    assert _sent_value(panel, "prompt") == "a red fox"
    assert len(panel.sent_messages("values")) == 1


def test_a_slider_and_its_number_agree(panel: PanelPage) -> None:
    """Keys on the slider move the number, and numbers move the slider."""
    panel.start(state())
    field = panel.field("scale")
    field.get_by_role("slider").press("ArrowRight")
    expect(field.get_by_role("spinbutton")).to_have_value("3.6")
    assert _sent_value(panel, "scale") == 3.6
    field.get_by_role("spinbutton").fill("7")
    expect(field.get_by_role("slider")).to_have_value("7")


def test_arrow_keys_step_a_number(panel: PanelPage) -> None:
    """Up and down go by the step and stop at the bounds."""
    _start(panel, whole("n", 1, 5_000, slider=False), n=4_999)
    number = panel.field("n").get_by_role("spinbutton")
    expect(panel.field("n").get_by_role("slider")).to_have_count(0)
    number.press("ArrowUp")
    number.press("ArrowUp")
    expect(number).to_have_value("5000")


def test_swap_turns_the_size(panel: PanelPage) -> None:
    """Width and height change places in one patch."""
    panel.start(state(values=SEED_VALUES | {"width": 1024, "height": 768}))
    panel.button("Swap width and height").click()
    patch = panel.await_sent("values")[-1]["patch"]
    assert patch == {"width": 768, "height": 1024}


def test_a_big_seed_keeps_its_digits(panel: PanelPage) -> None:
    """A seed longer than a double travels as text."""
    panel.start(state())
    panel.field("seed").locator("input").fill("9007199254740993123")
    assert _sent_value(panel, "seed") == "9007199254740993123"


def test_random_gives_another_seed(panel: PanelPage) -> None:
    """The Random button writes a whole number that a double can hold."""
    panel.start(state())
    panel.button("Random seed").click()
    seed = _sent_value(panel, "seed")
    assert isinstance(seed, str)
    assert seed != SEED_VALUES["seed"]
    assert 0 <= int(seed) < 2**53


def test_a_select_shows_and_sends_its_values(panel: PanelPage) -> None:
    """The empty value is Automatic, a value outside the options stays."""
    _start(panel, parameter("mode", "select", "Mode", options=OPTIONS), mode="7")
    select = panel.field("mode").get_by_role("combobox")
    expect(select.locator("option")).to_have_text(["Automatic", "Five", "7"])
    select.select_option("Five")
    assert _sent_value(panel, "mode") == "5"


def test_a_text_that_says_false_is_false(panel: PanelPage) -> None:
    """Catalogues write booleans as text; what is sent is a boolean."""
    _start(panel, parameter("enhance", "boolean", "Enhance"), enhance="false")
    box = panel.page.get_by_role("checkbox", name="Enhance")
    expect(box).not_to_be_checked()
    box.check()
    assert _sent_value(panel, "enhance") is True


@pytest.mark.parametrize("text", ["twenty", "51", "2.5"])
def test_a_wrong_number_is_told_beside_it(panel: PanelPage, text: str) -> None:
    """The rule is said at once, bound to the field."""
    panel.start(state())
    number = panel.field("steps").get_by_role("spinbutton")
    number.fill(text)
    expect(number).to_have_attribute("aria-invalid", "true")
    expect(number).to_have_accessible_description("A whole number, 1 to 50")
    number.fill("50")
    expect(number).not_to_have_attribute("aria-invalid", "true")


def test_pythons_error_shows_beside_the_field(panel: PanelPage) -> None:
    """What the kernel says about a field is told there until it is edited."""
    panel.start(state())
    panel.update(_errors={"prompt": "The model refused this prompt."})
    prompt = panel.field("prompt").locator("textarea")
    expect(prompt).to_have_accessible_description("The model refused this prompt.")
    prompt.fill("another")
    expect(prompt).to_have_accessible_description("")


def test_an_empty_required_field_is_not_scolded_before_it_was_visited(panel: PanelPage) -> None:
    """A new panel shows no errors; leaving the field does."""
    panel.start(state(values=SEED_VALUES | {"prompt": ""}))
    prompt = panel.field("prompt").locator("textarea")
    expect(panel.page.get_by_text("This cannot be empty")).to_be_hidden()
    prompt.focus()
    prompt.blur()
    expect(panel.page.get_by_text("This cannot be empty")).to_be_visible()


def test_two_views_agree(panel: PanelPage) -> None:
    """What is typed in one view shows in the other, and so does what Python sets."""
    panel.start(state())
    panel.open_view()
    panel.view(0).locator("textarea").fill("shared")
    expect(panel.view(1).locator("textarea")).to_have_value("shared")
    panel.update(values=SEED_VALUES | {"steps": 33})
    for index in (0, 1):
        expect(panel.view(index).locator("[data-field=steps]").get_by_role("spinbutton")).to_have_value("33")


def test_a_new_form_takes_the_place_of_the_old_one(panel: PanelPage) -> None:
    """Another model's parameters arrive in the same panel."""
    panel.start(state())
    panel.update(_form=form(parameter("text", "text", "Text"), name="other"), values={"text": "hi"})
    expect(panel.page.get_by_label("Text")).to_have_value("hi")
    expect(panel.field("steps")).to_have_count(0)
