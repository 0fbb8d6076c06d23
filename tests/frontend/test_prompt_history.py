"""Earlier prompts: the arrow keys walk through them, and a list of them can be searched."""

import pytest
from playwright.sync_api import Locator, expect

from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import SEED_VALUES, run, snapshot, state

PROMPTS = ["a red fox\nin the snow", "a hen", "a lighthouse at dusk"]


def _start(panel: PanelPage, prompt: str = "") -> Locator:
    panel.start(state(values={**SEED_VALUES, "prompt": prompt}))
    return panel.field("prompt").locator("textarea").first


def _answer(panel: PanelPage, count: int = 1) -> None:
    panel.reply(panel.await_sent("prompts", count)[-1]["rev"], prompts=PROMPTS)


def test_up_walks_back_and_down_walks_forth(panel: PanelPage) -> None:
    """From an empty field to the newest prompt, to older ones, and back to the empty field."""
    box = _start(panel)
    box.press("ArrowUp")
    _answer(panel)
    expect(box).to_have_value(PROMPTS[0])
    box.press("ArrowUp")
    expect(box).to_have_value("a hen")
    box.press("ArrowUp")
    box.press("ArrowUp")
    expect(box).to_have_value("a lighthouse at dusk")
    box.press("End")
    for expected in ("a hen", PROMPTS[0], ""):
        box.press("ArrowDown")
        expect(box).to_have_value(expected)
    assert len(panel.sent_messages("prompts")) == 1
    last = "() => host.model.sent.filter((one) => one.type === 'values').at(-1)?.patch.prompt"
    panel.page.wait_for_function(f"() => ({last})() === ''")


def test_what_stood_there_comes_back(panel: PanelPage) -> None:
    """A prompt that Python set counts as unchanged, is no step of the walk, and is not lost."""
    box = _start(panel, "a hen")
    box.focus()
    box.press("Control+Home")
    box.press("ArrowUp")
    _answer(panel)
    expect(box).to_have_value(PROMPTS[0])
    box.press("ArrowUp")
    expect(box).to_have_value("a lighthouse at dusk")
    box.press("End")
    box.press("ArrowDown")
    box.press("ArrowDown")
    expect(box).to_have_value("a hen")


def _press_at_once(box: Locator, *keys: str) -> None:
    """Press keys faster than any timer of the page runs, as a busy page gets them."""
    script = """(box, keys) => {
      for (const key of keys) box.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    }"""
    box.evaluate(script, list(keys))


def test_keys_that_come_together_all_count(panel: PanelPage) -> None:
    """A busy page gets several before its timers; each walks from where the one before it has led."""
    box = _start(panel, "a hen")
    box.focus()
    box.press("Control+Home")
    box.press("ArrowUp")
    _answer(panel)
    expect(box).to_have_value(PROMPTS[0])
    _press_at_once(box, "ArrowUp", "ArrowUp")
    expect(box).to_have_value("a lighthouse at dusk")
    box.press("End")
    _press_at_once(box, "ArrowDown", "ArrowDown")
    expect(box).to_have_value("a hen")


def test_keys_before_the_prompts_are_here_count_too(panel: PanelPage) -> None:
    """They are asked for once, and the walk goes on as far as was pressed; nothing is taken that is not there."""
    box = _start(panel)
    box.focus()
    _press_at_once(box, "ArrowUp", "ArrowUp")
    _answer(panel)
    expect(box).to_have_value("a hen")
    assert len(panel.sent_messages("prompts")) == 1
    _press_at_once(box, "ArrowUp", "ArrowUp", "ArrowUp")
    expect(box).to_have_value("a lighthouse at dusk")


def test_what_is_typed_while_the_prompts_come_stays(panel: PanelPage) -> None:
    """The answer to the arrow key is late then, and the next one asks again."""
    box = _start(panel)
    box.press("ArrowUp")
    panel.await_sent("prompts")
    box.press_sequentially("x")
    _answer(panel)
    expect(box).to_have_value("x")
    box.fill("")
    box.press("ArrowUp")
    _answer(panel, 2)
    expect(box).to_have_value(PROMPTS[0])


def test_what_was_written_by_hand_is_left_alone(panel: PanelPage) -> None:
    """The keys move the caret as in any field; once the field is empty again they walk."""
    box = _start(panel)
    box.press_sequentially("a cat")
    box.press("Home")
    box.press("ArrowUp")
    box.press("ArrowDown")
    panel.wait_until_painted()
    expect(box).to_have_value("a cat")
    assert panel.sent_messages("prompts") == []
    box.fill("")
    box.press("ArrowUp")
    _answer(panel)
    expect(box).to_have_value(PROMPTS[0])


def test_within_several_lines_the_caret_moves_first(panel: PanelPage) -> None:
    """A recalled prompt can be gone through line by line."""
    box = _start(panel)
    box.press("ArrowUp")
    _answer(panel)
    expect(box).to_have_value(PROMPTS[0])
    box.press("Control+End")
    box.press("ArrowUp")
    panel.wait_until_painted()
    expect(box).to_have_value(PROMPTS[0])
    assert box.evaluate("(box) => box.selectionStart") < PROMPTS[0].index("\n") + 1


def test_a_run_makes_the_prompt_an_earlier_one(panel: PanelPage) -> None:
    """What was typed and run is unchanged from then on."""
    box = _start(panel)
    box.press_sequentially("a hen")
    panel.tell(snapshot([], run=run()))
    box.press("Control+Home")
    box.press("ArrowUp")
    _answer(panel)
    expect(box).to_have_value(PROMPTS[0])


@pytest.mark.parametrize("key", ["Shift+ArrowUp", "Control+ArrowUp"])
def test_other_keys_are_the_browser_s(panel: PanelPage, key: str) -> None:
    """With Shift the arrow selects."""
    box = _start(panel)
    box.press(key)
    panel.wait_until_painted()
    assert panel.sent_messages("prompts") == []


def test_a_key_of_an_input_method_is_none_of_ours(panel: PanelPage) -> None:
    """The arrow that chooses among its proposals does not walk."""
    box = _start(panel)
    box.evaluate(
        "(box) => box.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowUp', isComposing: true, bubbles: true}))"
    )
    panel.wait_until_painted()
    assert panel.sent_messages("prompts") == []


def test_a_list_that_is_searched(panel: PanelPage) -> None:
    """Alt and up open it; all words count, in any case and order; Enter takes the first."""
    box = _start(panel, "something else")
    box.press("Alt+ArrowUp")
    _answer(panel)
    search = panel.page.get_by_role("combobox", name="Search earlier prompts")
    expect(search).to_be_focused()
    expect(panel.page.get_by_role("listbox").get_by_role("option")).to_have_count(3)
    search.press_sequentially("DUSK light")
    _answer(panel, 2)
    expect(panel.page.get_by_role("listbox").get_by_role("option")).to_have_text(["a lighthouse at dusk"])
    expect(panel.page.get_by_text("1 prompt", exact=True).first).to_be_visible()
    search.press("Enter")
    expect(box).to_have_value("a lighthouse at dusk")
    expect(box).to_be_focused()
    expect(search).to_be_hidden()
    assert panel.await_sent("values")[-1]["patch"] == {"prompt": "a lighthouse at dusk"}


def test_the_list_opens_by_hand_and_closes(panel: PanelPage) -> None:
    """The button above the field opens it, Escape leads back, and nothing is changed."""
    box = _start(panel, "something else")
    panel.button("Earlier").click()
    panel.reply(panel.await_sent("prompts")[-1]["rev"], prompts=[])
    expect(panel.page.get_by_text("No run of this model has had a prompt yet.").first).to_be_visible()
    panel.page.get_by_role("combobox", name="Search earlier prompts").press("Escape")
    expect(box).to_be_focused()
    expect(box).to_have_value("something else")


def test_an_error_is_told(panel: PanelPage) -> None:
    """As when there is no key."""
    _start(panel)
    panel.button("Earlier").click()
    panel.reply(panel.await_sent("prompts")[-1]["rev"], error="There is no API key.")
    expect(panel.page.get_by_text("There is no API key.").first).to_be_visible()
