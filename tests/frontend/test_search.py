"""A panel without a model: the catalogue is searched, a model is chosen, and the panel changes in place."""

from playwright.sync_api import expect

from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import SEED_MODEL, SEED_VALUES, Payload, model, state

FOUND = [
    model("tencent/hunyuan-flux-srpo", "Hunyuan Flux SRPO", "Portraits with natural light.", "text-to-image"),
    model("wiro/sandbox-chat", "Chat", "Answers in words.", "llm"),
]


def _start(panel: PanelPage) -> None:
    panel.start(state(_form={"v": 1, "models": True}, values={}))


def _answer(panel: PanelPage, question: Payload, *models: Payload, error: str | None = None) -> None:
    panel.tell({"type": "models", "to": "me", "rev": question["rev"], "models": list(models), "error": error})


def test_the_catalogue_is_there_from_the_start(panel: PanelPage) -> None:
    """An empty search lists models: title, model, description, categories."""
    _start(panel)
    question = panel.await_sent("search")[0]
    assert question["text"] == ""
    expect(panel.page.get_by_text("Searching").first).to_be_visible()
    _answer(panel, question, *FOUND)
    option = panel.page.get_by_role("option").first
    for words in ("hunyuan-flux-srpo", "Hunyuan Flux SRPO", "Portraits with natural light.", "text-to-image"):
        expect(option).to_contain_text(words)
    expect(panel.page.locator("[role=status]")).to_have_text("2 models")


def test_typing_searches_once_it_pauses(panel: PanelPage) -> None:
    """One search for a word, and an answer that comes late changes nothing."""
    _start(panel)
    first = panel.await_sent("search")[0]
    panel.page.get_by_role("combobox", name="Search models").press_sequentially("chat", delay=20)
    question = panel.await_sent("search", 2)[-1]
    assert question["text"] == "chat"
    _answer(panel, first, *FOUND)
    expect(panel.page.get_by_role("option")).to_have_count(0)
    _answer(panel, question, FOUND[1])
    expect(panel.page.get_by_role("option")).to_have_count(1)


def test_a_model_is_chosen_by_keyboard(panel: PanelPage) -> None:
    """Down, down, Enter: the focus stays in the field, the panel says what it does."""
    _start(panel)
    _answer(panel, panel.await_sent("search")[0], *FOUND)
    field = panel.page.get_by_role("combobox", name="Search models")
    field.press("ArrowDown")
    field.press("ArrowDown")
    active = panel.page.get_by_role("option", selected=True)
    expect(active).to_contain_text("sandbox-chat")
    assert field.get_attribute("aria-activedescendant") == active.get_attribute("id")
    field.press("Enter")
    assert panel.await_sent("model")[0]["model"] == "wiro/sandbox-chat"
    expect(panel.page.get_by_text("Loading wiro/sandbox-chat").first).to_be_visible()


def test_a_click_chooses_and_the_controls_take_the_place(panel: PanelPage) -> None:
    """The focus is in the new form's first field."""
    _start(panel)
    _answer(panel, panel.await_sent("search")[0], *FOUND)
    panel.page.get_by_role("combobox").focus()
    panel.page.get_by_role("option").first.click()
    question = panel.await_sent("model")[0]
    panel.update(_form=SEED_MODEL | {"models": True}, values=SEED_VALUES)
    panel.reply(question["rev"])
    expect(panel.field("prompt").locator("textarea")).to_be_focused()


def test_nothing_found_and_an_error_are_told(panel: PanelPage) -> None:
    """In words, and the search goes on."""
    _start(panel)
    field = panel.page.get_by_role("combobox")
    field.fill("zzz")
    question = panel.await_sent("search", 2)[-1]
    _answer(panel, question)
    expect(panel.page.get_by_text("No model is found for “zzz”.").first).to_be_visible()
    field.fill("chat")
    _answer(panel, panel.await_sent("search", 3)[-1], error="No API key was found.")
    expect(panel.page.get_by_text("No API key was found.").first).to_be_visible()


def test_a_model_that_cannot_be_had_is_told(panel: PanelPage) -> None:
    """The reply's error stands where the choice was made."""
    _start(panel)
    _answer(panel, panel.await_sent("search")[0], *FOUND)
    panel.page.get_by_role("option").first.click()
    panel.reply(panel.await_sent("model")[0]["rev"], error="There is no such model.")
    expect(panel.page.get_by_text("There is no such model.").first).to_be_visible()


def test_the_model_is_changed_later(panel: PanelPage) -> None:
    """Its name opens the search, Escape closes it and gives the focus back."""
    panel.start(state(_form=SEED_MODEL | {"models": True}))
    opener = panel.page.get_by_role("button", name="Change model, tencent/hunyuan-flux-srpo")
    assert panel.sent_messages("search") == []
    opener.click()
    field = panel.page.get_by_role("combobox", name="Search models")
    expect(field).to_be_focused()
    panel.await_sent("search")
    field.press("Escape")
    expect(field).to_be_hidden()
    expect(opener).to_be_focused()


def test_a_panel_with_a_model_offers_no_other(panel: PanelPage) -> None:
    """The name is a name only."""
    panel.start(state())
    expect(panel.page.get_by_role("button", name="Change model")).to_have_count(0)
