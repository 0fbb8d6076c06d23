"""Several runs at one press, the seed that counts up, undo, and a result on its way to another model."""

from playwright.sync_api import expect

from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import STAGES, axes, delta, image, model, output, run, state


def test_several_runs_at_one_press(panel: PanelPage) -> None:
    """The number beside Run is on its button and in the price, and goes up with the press."""
    panel.start(state(_outlook={"price": "$0.002", "reason": ""}))
    number = panel.page.get_by_role("spinbutton", name="How many runs")
    number.fill("4")
    expect(panel.page.locator(".act .aside")).to_have_text("4 \N{MULTIPLICATION SIGN} $0.002")
    panel.button("Run 4").click()
    assert panel.await_sent("run")[0]["times"] == 4


def test_a_wrong_number_is_one_that_can_be(panel: PanelPage) -> None:
    """Nothing, zero and too many become what the kernel takes, when the field is left."""
    panel.start(state())
    number = panel.page.get_by_role("spinbutton", name="How many runs")
    for typed, after in (("", "1"), ("0", "1"), ("900", "50"), ("2.7", "2")):
        number.fill(typed)
        number.blur()
        expect(number).to_have_value(after)


def test_what_varies_has_its_own_number(panel: PanelPage) -> None:
    """With axes the number is not asked for."""
    panel.start(state())
    panel.page.get_by_role("spinbutton", name="How many runs").fill("4")
    panel.update(_axes=axes(6, {"seed": "1..6"}, seed="6 values"))
    expect(panel.button("Run 6")).to_be_visible()
    expect(panel.page.get_by_role("spinbutton", name="How many runs")).to_be_hidden()


def test_the_seed_counts_up(panel: PanelPage) -> None:
    """The button beside the seed asks the kernel, and shows what it says."""
    panel.start(state())
    toggle = panel.button("Count the seed up with each run")
    expect(toggle).to_have_attribute("aria-pressed", "false")
    toggle.click()
    assert panel.await_sent("lock")[0]["on"] is False
    panel.update(_axes=axes(1, {}) | {"locked": False})
    expect(toggle).to_have_attribute("aria-pressed", "true")
    toggle.click()
    assert panel.await_sent("lock", 2)[1]["on"] is True


def test_the_last_change_is_taken_back(panel: PanelPage) -> None:
    """The button names the change; what is still being typed goes up first."""
    panel.start(state())
    expect(panel.page.get_by_role("button", name="Undo")).to_have_count(0)
    panel.update(_axes=axes(1, {}) | {"undo": "Steps"})
    panel.field("prompt").locator("textarea").fill("fog")
    panel.button("Undo Steps").click()
    panel.await_sent("undo")
    kinds = [message["type"] for message in panel.sent_messages()]
    assert kinds.index("values") < kinds.index("undo")


def test_a_picture_goes_to_another_model(panel: PanelPage) -> None:
    """Send to opens the search, and the model that is chosen gets the picture; a refusal is said there."""
    panel.start(state())
    panel.update(status="succeeded")
    done = run(status="succeeded", stages=STAGES, progress=None, outputs=[output("1-0", "0.png")])
    panel.tell(delta([], run=done))
    panel.tell(image("1-0"), {"hue": 250})
    panel.button("Send to").click()
    expect(panel.button("Send to")).to_have_attribute("aria-expanded", "true")
    [question] = panel.await_sent("search")
    upscale = model("wiro/sandbox-upscale", "Upscale", "Enlarges.", "upscale")
    panel.tell({"type": "models", "to": "me", "rev": question["rev"], "models": [upscale], "error": None})
    panel.page.get_by_role("listbox").get_by_role("option").click()
    [message] = panel.await_sent("model")
    assert (message["model"], message["output"]) == ("wiro/sandbox-upscale", "1-0")
    panel.reply(message["rev"], error="It takes no picture to start from.")
    expect(panel.page.locator(".tools ~ .drawer .said")).to_have_text("It takes no picture to start from.")
    panel.page.get_by_role("button", name="Close the search").click()
    expect(panel.page.get_by_role("combobox", name="Search models")).to_be_hidden()
