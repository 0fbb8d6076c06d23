"""What stands behind the model's name, and the row of examples."""

import pytest
from playwright.sync_api import expect

from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import SEED_MODEL, Payload, image, state

MODEL = "tencent/hunyuan-flux-srpo"
EXAMPLES = ["A lighthouse in a storm", "The same harbour in winter \N{MIDDLE DOT} 1 file", "A bridge"]
EVIL = "<img src=x onerror='window.hurt = 1'><script>window.hurt = 1</script>"
ABOUT: Payload = {
    "title": "Hunyuan FLUX SRPO",
    "description": f"Text to image. {EVIL}",
    "categories": ["image-to-image", EVIL],
    "price": "about $0.0023 a run",
    "readme": f"## Use\n\nPaints from a **prompt**.\n\n- one\n- {EVIL}\n\n[page](https://wiro.ai/x) "
    "[bad](javascript:alert(1))",
    "cover": "c1",
    "samples": ["c2", "c1"],
    "page": f"https://wiro.ai/models/{MODEL}",
}


def start(panel: PanelPage, *, searchable: bool = False) -> None:
    """Show the seed's form with examples."""
    panel.start(state(_form=SEED_MODEL | {"models": searchable}, _examples=EXAMPLES))
    expect(panel.page.get_by_role("group", name="Examples").get_by_role("button")).to_have_count(3)


def open_about(panel: PanelPage, name: str = f"About {MODEL.replace('/', ' / ')}") -> None:
    """Press the model's name, and answer what it asks."""
    panel.button(name).click()
    panel.reply(panel.await_sent("about")[-1]["rev"], about=ABOUT)
    expect(panel.page.get_by_role("heading", name="Hunyuan FLUX SRPO")).to_be_visible()


def test_an_example_is_asked_for_by_its_place(panel: PanelPage) -> None:
    """What was typed goes up first; what came of it is read out, and a refusal is seen."""
    start(panel)
    panel.field("prompt").locator("textarea").first.fill("mine")
    panel.button(EXAMPLES[1]).click()
    question = panel.await_sent("example")[0]
    assert (question["model"], question["index"]) == (MODEL, 1)
    assert panel.sent_messages("values")[-1]["rev"] < question["rev"]
    panel.reply(question["rev"])
    expect(panel.view().get_by_role("status")).to_contain_text("Undo takes it back")
    panel.button(EXAMPLES[0]).click()
    panel.reply(panel.await_sent("example", 2)[1]["rev"], error="The model has no examples.")
    expect(panel.page.locator(".examples .bad")).to_have_text("The model has no examples.")


def test_the_row_is_one_stop_of_tab(panel: PanelPage) -> None:
    """Left and right go along it; other examples take the place of these, and none takes the row away."""
    start(panel)
    first, second = panel.button(EXAMPLES[0]), panel.button(EXAMPLES[1])
    first.focus()
    panel.page.keyboard.press("ArrowRight")
    expect(second).to_be_focused()
    assert [one.get_attribute("tabindex") for one in (first, second)] == ["-1", "0"]
    panel.page.keyboard.press("Tab")
    expect(panel.button(EXAMPLES[2])).not_to_be_focused()
    panel.update(_examples=["Another"])
    expect(panel.button("Another")).to_be_visible()
    panel.update(_examples=[])
    expect(panel.page.locator(".examples")).to_be_hidden()


def test_without_examples_nothing_is_asked_for(panel: PanelPage) -> None:
    """A model without any costs its panel nothing."""
    panel.answers_modules = False
    panel.start(state())
    panel.wait_until_painted()
    assert panel.sent_messages("module") == []
    panel.update(_examples=["One"])
    assert panel.await_sent("module")[0]["name"] == "about"


def test_what_wiro_tells_becomes_no_markup(panel: PanelPage) -> None:
    """The readme is elements of ours, everything else text; the page fetches nothing."""
    requests: list[str] = []
    panel.page.on("request", lambda request: requests.append(request.url))
    start(panel)
    open_about(panel)
    drawer = panel.page.locator(".about-drawer")
    expect(drawer.locator("strong")).to_have_text("prompt")
    expect(drawer.get_by_text("about $0.0023 a run")).to_be_visible()
    expect(drawer.get_by_text("window.hurt = 1")).to_have_count(3)
    links = drawer.get_by_role("link").evaluate_all("(all) => all.map((one) => one.href)")
    assert links == [ABOUT["page"], "https://wiro.ai/x"]
    assert drawer.locator("img, script").count() == 0
    assert panel.page.evaluate("() => window.hurt") is None
    assert [url for url in requests if not url.startswith(("blob:", "about:", "data:"))] == []


def test_cover_and_samples_come_from_the_kernel(panel: PanelPage) -> None:
    """They are asked for once, when they are wanted; those that cannot be had leave no gap."""
    start(panel)
    assert panel.sent_messages("covers") == []
    open_about(panel)
    assert panel.await_sent("covers")[0]["ids"] == ["c1", "c2"]
    shots = panel.page.locator(".shots img")
    expect(shots).to_have_count(0)
    panel.tell(image("c1", "cover", width=512, height=320), {"hue": 200})
    expect(shots).to_have_count(1)
    expect(shots.first).to_have_attribute("alt", "Cover of Hunyuan FLUX SRPO")
    panel.button("Close").click()
    expect(shots.first).to_be_hidden()
    expect(panel.page.locator(".model")).to_be_focused()
    panel.page.locator(".model").click()
    expect(shots.first).to_be_visible()
    panel.page.keyboard.press("Escape")
    assert (len(panel.sent_messages("about")), len(panel.sent_messages("covers"))) == (1, 1)


def test_where_the_catalogue_is_offered_a_sign_opens_it(panel: PanelPage) -> None:
    """The name itself goes on to open the search."""
    start(panel, searchable=True)
    open_about(panel, f"About {MODEL}")
    panel.button(f"Change model, {MODEL}").click()
    expect(panel.page.get_by_role("combobox", name="Search models")).to_be_focused()


def test_an_answer_that_does_not_come(panel: PanelPage) -> None:
    """The reason stands there, and the next time it is asked again."""
    start(panel)
    name = panel.page.locator(".model")
    name.click()
    panel.reply(panel.await_sent("about")[0]["rev"], error="there is no model a/b")
    expect(panel.page.locator(".about-drawer .bad")).to_have_text("there is no model a/b")
    name.click()
    name.click()
    panel.reply(panel.await_sent("about", 2)[1]["rev"], about=ABOUT)
    expect(panel.page.get_by_role("heading", name="Hunyuan FLUX SRPO")).to_be_visible()


def test_a_module_that_does_not_come(panel: PanelPage) -> None:
    """A page that forbids modules says so; nothing else of the panel is lost, and the next press asks again."""
    panel.answers_modules = False
    panel.start(state())
    name = panel.page.locator(".model")
    name.click()
    panel.reply(panel.await_sent("module")[0]["rev"], text="no module (")
    expect(panel.page.get_by_text("It cannot be loaded here.")).to_be_visible()
    name.click()
    name.click()
    panel.await_sent("module", 2)


@pytest.mark.parametrize("width", [360, 700, 1200])
def test_it_fits(panel: PanelPage, width: int) -> None:
    """Nothing is wider than the panel, however long the words are."""
    panel.page.set_viewport_size({"width": width, "height": 900})
    start(panel)
    panel.update(_examples=["x" * 48, *EXAMPLES] * 6)
    open_about(panel)
    panel.tell(image("c1", "cover", width=512, height=320), {"hue": 200})
    assert panel.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    inner = panel.page.locator(".about-drawer").evaluate("(one) => [one.scrollWidth, one.clientWidth]")
    assert inner[0] <= inner[1]
