"""How people write: with an input method, whose keys are not the panel's, and with a decimal comma."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, CDPSession, Locator, expect

from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import SEED_VALUES, delta, model, run, state, summary

ENDS = ("Enter", "Escape", "ArrowDown", "ArrowUp", "ArrowRight", "PageDown")
PROCESS_KEY = 229  # what Chromium reports for each key that an input method takes
CONTROL = 2


class InputMethod:
    """An input method that composes in whatever has the focus."""

    def __init__(self, panel: PanelPage) -> None:
        self._session: CDPSession = panel.page.context.new_cdp_session(panel.page)

    def compose(self, text: str) -> None:
        """Show a text that is not written yet."""
        ends = {"selectionStart": len(text), "selectionEnd": len(text)}
        self._session.send("Input.imeSetComposition", {"text": text, **ends})

    def press(self, key: str, modifiers: int = 0) -> None:
        """Press a key that the input method takes."""
        facts = {"key": key, "code": key, "windowsVirtualKeyCode": PROCESS_KEY, "modifiers": modifiers}
        for kind in ("rawKeyDown", "keyUp"):
            self._session.send("Input.dispatchKeyEvent", {"type": kind, **facts})

    def write(self, text: str) -> None:
        """End the composition with this text."""
        self._session.send("Input.insertText", {"text": text})


@pytest.fixture
def input_method(panel: PanelPage) -> InputMethod:
    """Lend an input method to the page's keyboard."""
    return InputMethod(panel)


@pytest.fixture(params=["de-DE", "tr-TR", "a page in German"])
def comma_panel(request: pytest.FixtureRequest, browser: Browser) -> Iterator[PanelPage]:
    """Lend a panel where decimals are written with a comma."""
    is_page = " " in request.param
    context = browser.new_context(locale="en-US" if is_page else request.param)
    panel = PanelPage(context.new_page())
    panel.start(state())
    if is_page:
        panel.page.evaluate("() => { document.documentElement.lang = 'de'; }")
    yield panel
    assert panel.problems == []
    context.close()


def _number(panel: PanelPage, identifier: str) -> Locator:
    return panel.field(identifier).get_by_role("spinbutton")


def test_keys_of_a_composition_choose_no_model(panel: PanelPage, input_method: InputMethod) -> None:
    """In search the Enter, Escape and arrows of an input method are its own; the next Enter chooses."""
    panel.start(state(_form={"v": 1, "models": True}, values={}))
    field = panel.page.get_by_role("combobox", name="Search models")
    models = [model("a/one", "One", "", "llm"), model("a/two", "Two", "", "llm")]
    question = panel.await_sent("search")[0]
    panel.tell({"type": "models", "to": "me", "rev": question["rev"], "models": models, "error": None})
    field.press("ArrowDown")
    chosen = field.get_attribute("aria-activedescendant")
    input_method.compose("\u3076\u3093")
    for key in ENDS:
        input_method.press(key)
    assert field.get_attribute("aria-activedescendant") == chosen
    assert panel.sent_messages("model") == []
    expect(field).to_have_value("\u3076\u3093")
    input_method.write("\u6587")
    expect(field).to_have_value("\u6587")
    field.press("Escape")
    expect(field).to_have_value("")


def test_keys_of_a_composition_run_nothing(panel: PanelPage, input_method: InputMethod) -> None:
    """In the prompt Control Enter runs only if no composition takes it, and what was composed goes with the run."""
    panel.start(state(values={**SEED_VALUES, "prompt": ""}))
    prompt = panel.field("prompt").get_by_role("textbox")
    prompt.focus()
    input_method.compose("neko")
    input_method.press("Enter", CONTROL)
    input_method.press("Enter")
    assert panel.sent_messages("run") == []
    input_method.write("\u732b")
    prompt.press("Control+Enter")
    assert panel.await_sent("run")[0]["values"]["prompt"] == "\u732b"


def test_keys_of_a_composition_keep_the_address(panel: PanelPage, input_method: InputMethod) -> None:
    """In the field of a URL, Escape discards the composition and not the field, and Enter adds nothing."""
    panel.start(state())
    panel.button("or enter a URL").click()
    address = panel.page.get_by_label("Input image, URL")
    address.fill("https://example.com/")
    input_method.compose("a.png")
    for key in ENDS:
        input_method.press(key)
    expect(address).to_be_visible()
    assert panel.sent_messages("values") == []
    input_method.write("a.png")
    address.press("Enter")
    assert panel.await_sent("values")[0]["patch"] == {"inputImage": [{"url": "https://example.com/a.png"}]}


def test_keys_of_a_composition_keep_the_filter(panel: PanelPage, input_method: InputMethod) -> None:
    """In the log's filter Escape discards the composition and not the words before it."""
    panel.start(state())
    panel.tell(delta([[0, 0.1, "output", "a cat", None]], run=run(), runs=[summary(1, "running")]))
    panel.button("Log").click()
    find = panel.page.get_by_label("Find in the log")
    find.fill("cat")
    input_method.compose("x")
    input_method.press("Escape")
    expect(find).to_have_value("catx")
    input_method.write("")
    find.press("Escape")
    expect(find).to_have_value("")


def test_keys_of_a_composition_step_no_number(panel: PanelPage, input_method: InputMethod) -> None:
    """In a number the arrows of an input method step nothing, and full-width digits are digits."""
    panel.start(state())
    scale = _number(panel, "scale")
    scale.fill("")
    input_method.compose("\uff12")
    for key in ENDS:
        input_method.press(key)
    expect(scale).to_have_value("\uff12")
    input_method.write("\uff12\uff0e\uff15")
    panel.page.wait_for_function("() => host.model.sent.at(-1)?.patch?.scale === 2.5")


def test_keys_of_a_composition_reach_no_notebook(panel: PanelPage, input_method: InputMethod) -> None:
    """No key that is pressed in the panel reaches the page around it, composing or not."""
    panel.start(state())
    panel.page.evaluate(
        "() => { window.keys = 0; addEventListener('keydown', () => { window.keys += 1; }); }"
    )
    panel.field("prompt").get_by_role("textbox").focus()
    input_method.compose("neko")
    input_method.press("Enter")
    input_method.write("\u732b")
    panel.page.keyboard.press("a")
    assert panel.page.evaluate("() => window.keys") == 0


@pytest.mark.parametrize(
    ("typed", "value"), [("0,5", 0.5), ("7,25", 7.25), ("0.5", 0.5), ("10,0", 10), (",5", 0.5)]
)
def test_a_decimal_comma_is_read(comma_panel: PanelPage, typed: str, value: object) -> None:
    """Where decimals are written with a comma a number is read as it was meant, and shown with a point afterwards."""
    scale = _number(comma_panel, "scale")
    scale.fill(typed)
    assert comma_panel.await_sent("values")[-1]["patch"] == {"scale": value}
    expect(scale).to_have_value(typed)
    scale.blur()
    expect(scale).to_have_value(str(value))


def test_a_comma_elsewhere_names_the_point(panel: PanelPage) -> None:
    """Where a comma parts thousands it is not guessed what was meant."""
    panel.start(state())
    _number(panel, "scale").fill("0,5")
    expect(panel.field("scale")).to_contain_text("A number, 0 to 10; decimals with a point, as in 0.5")
    _number(panel, "steps").fill("1,0")
    expect(panel.field("steps")).to_contain_text("A whole number, 1 to 50, without a comma")
    panel.button("Run").click()
    assert panel.sent_messages("run") == []
