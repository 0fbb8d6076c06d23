"""Selects of real catalogues: many options, and options with pictures."""

import pytest
from playwright.sync_api import Locator, expect

from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import Payload, form, image, parameter, state

NAMES = ("Ada", "Bo", "Cy", "Di", "Eve")
VOICES = [{"value": f"{name[0].lower()}{n}", "label": f"{name} {n}"} for n in range(43) for name in NAMES]
STYLES = [{"value": f"s{n}", "label": f"Style {n}", "cover": f"c{n}"} for n in range(60)]


def _start(panel: PanelPage, options: list[Payload], value: str | None = None) -> Locator:
    many = parameter("many", "select", "Voice", options=options, required=True)
    panel.start(
        state(_form=form(parameter("a", "text"), many), values={"many": value or options[0]["value"]})
    )
    return panel.field("many").get_by_role("combobox")


def _options(panel: PanelPage) -> Locator:
    return panel.field("many").get_by_role("option")


def test_a_few_options_keep_the_systems_menu(panel: PanelPage) -> None:
    """Nobody has to search among three."""
    box = _start(panel, VOICES[:3])
    assert box.evaluate("(box) => box.tagName") == "SELECT"


def test_typing_narrows_the_options(panel: PanelPage) -> None:
    """The list has what contains every word typed, what begins with it first; Enter takes the first."""
    box = _start(panel, VOICES)
    expect(box).to_have_value("Ada 0")
    box.click()
    expect(box).to_have_attribute("aria-expanded", "true")
    expect(_options(panel)).to_have_count(215)
    box.fill("eve 4")
    expect(_options(panel).first).to_have_text("Eve 4")
    expect(panel.view().get_by_role("status")).to_contain_text("options")
    box.press("ArrowDown")
    box.press("Enter")
    expect(box).to_have_value("Eve 14")
    expect(box).to_have_attribute("aria-expanded", "false")
    assert panel.await_sent("values")[-1]["patch"] == {"many": "e14"}


def test_the_keys_of_a_combobox(panel: PanelPage) -> None:
    """Down opens at the chosen one, Escape and leaving close and change nothing, the active option is named."""
    box = _start(panel, VOICES, "a7")
    box.focus()
    box.press("ArrowDown")
    active = (
        "(box) => box.getRootNode().getElementById(box.getAttribute('aria-activedescendant')).textContent"
    )
    assert box.evaluate(active) == "Ada 7"
    box.press("PageDown")
    assert box.evaluate(active) != "Ada 7"
    box.press("Escape")
    expect(box).to_have_attribute("aria-expanded", "false")
    box.fill("nobody")
    expect(panel.field("many").get_by_text("Nothing is called so")).to_be_visible()
    box.press("Enter")
    panel.field("a").locator("input").focus()
    expect(box).to_have_value("Ada 7")
    assert panel.sent_messages("values") == []


def test_a_click_chooses_and_the_focus_stays(panel: PanelPage) -> None:
    """What Python sets then shows as well."""
    box = _start(panel, VOICES)
    box.click()
    panel.field("many").get_by_role("option", name="Bo 1", exact=True).click()
    expect(box).to_have_value("Bo 1")
    expect(box).to_be_focused()
    panel.reply(panel.await_sent("values")[-1]["rev"])
    panel.update(values={"many": "a9"})
    expect(box).to_have_value("Ada 9")


def test_a_value_outside_the_options_stays(panel: PanelPage) -> None:
    """Catalogues have defaults outside their own lists."""
    expect(_start(panel, VOICES, "someone")).to_have_value("someone")


def test_covers_come_from_the_kernel_when_they_are_in_sight(panel: PanelPage) -> None:
    """The page asks for those it shows, a few dozen at a time, and fetches nothing by itself."""
    requests: list[str] = []
    panel.page.on("request", lambda request: requests.append(request.url))
    box = _start(panel, STYLES)
    assert [one["ids"] for one in panel.await_sent("covers")] == [["c0"]]
    box.click()
    first = panel.await_sent("covers", 2)[1]["ids"]
    assert 3 < len(first) <= 24
    for name in ("c0", *first[:3]):
        panel.tell(image(name, "cover", width=96, height=96), {"hue": 200})
    pictures = panel.field("many").locator("li img[src^='blob:']")
    expect(pictures).to_have_count(4)
    expect(panel.field("many").locator(".cover")).to_be_visible()
    _options(panel).last.scroll_into_view_if_needed()
    later = panel.await_sent("covers", 3)[-1]["ids"]
    assert not set(first) & set(later)
    box.press("Escape")
    box.click()
    panel.wait_until_painted()
    names = [name for message in panel.sent_messages("covers") for name in message["ids"]]
    assert len(names) == len(set(names))
    assert [url for url in requests if not url.startswith(("blob:", "about:", "data:"))] == []


def test_215_options_open_without_a_stutter(panel: PanelPage) -> None:
    """Opened, and narrowed down by a letter, within a few frames each."""
    box = _start(panel, VOICES)
    slowest = box.evaluate(
        """async (box) => {
          const took = [];
          for (const typed of ["", "e", "ev", "eve 1"]) {
            const begun = performance.now();
            if (typed) box.value = typed;
            box.dispatchEvent(new Event(typed ? "input" : "click", { bubbles: true }));
            await new Promise((go) => requestAnimationFrame(() => setTimeout(go)));
            took.push(performance.now() - begun);
          }
          return Math.max(...took);
        }"""
    )
    assert slowest < 500


@pytest.mark.parametrize("width", [1200, 400])
def test_the_list_stays_within_the_panel(panel: PanelPage, width: int) -> None:
    """The panel clips what stands out of it: at its end the list opens above."""
    panel.page.set_viewport_size({"width": width, "height": 800})
    items = [parameter(f"t{n}", "textarea", rows=2) for n in range(9)]
    voice = parameter("many", "select", "Voice", options=VOICES, required=True)
    panel.start(state(_form=form(*items, voice), values={"many": "a0"}))
    panel.field("many").get_by_role("combobox").click()
    panel.wait_until_painted()
    inner = panel.field("many").get_by_role("listbox").bounding_box()
    outer = panel.view().bounding_box()
    assert inner is not None
    assert outer is not None
    assert inner["y"] >= outer["y"]
    assert inner["y"] + inner["height"] <= outer["y"] + outer["height"]
    assert inner["x"] + inner["width"] <= outer["x"] + outer["width"]
