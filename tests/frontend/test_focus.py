"""The keyboard's place in the panel: always somewhere, always visible, with targets that can be hit."""

from playwright.sync_api import expect

from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import (
    SEED_MODEL,
    STAGES,
    delta,
    form,
    image,
    output,
    parameter,
    run,
    state,
    summary,
)

INSIDE = "() => host.root().activeElement?.matches('section.panel, section.panel *') ?? false"
# What can be pressed and how large it is; a ring around a mark counts, as a pointer does not see the difference.
SMALL = """() => [...host.root().querySelectorAll("button, select, input, textarea, summary, a")]
  .filter((one) => one.checkVisibility() && one.type !== "file")
  .map((one) => {
    const box = one.getBoundingClientRect();
    const ring = getComputedStyle(one, "::after").content === '""' ? 10 : 0;
    return [one.ariaLabel || one.textContent || one.type, box.width + ring, box.height + ring];
  })
  .filter(([, width, height]) => width < 24 || height < 24)"""


def _full(panel: PanelPage) -> None:
    panel.start(state())
    outputs = [output("1-0", "0.png"), output("1-1", "1.png")]
    done = run(status="succeeded", stages=STAGES, progress=None, outputs=outputs)
    panel.tell(delta([], run=done, runs=[summary(1, "running"), summary(2, "succeeded")]))
    panel.tell(image("1-0"), {"hue": 20})
    panel.button("Log").click()


def test_every_target_can_be_hit(panel: PanelPage) -> None:
    """At least 24 pixels each way."""
    _full(panel)
    assert panel.page.evaluate(SMALL) == []


def test_every_target_can_be_hit_on_a_phone(panel: PanelPage) -> None:
    """The same at 360 pixels, and nothing overflows there."""
    panel.page.set_viewport_size({"width": 360, "height": 800})
    _full(panel)
    assert panel.page.evaluate(SMALL) == []
    assert panel.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_tab_reaches_everything_once_and_leaves(panel: PanelPage) -> None:
    """Each stop shows an outline, and the order is the order on the page."""
    _full(panel)
    panel.page.mouse.click(1, 1)
    names: list[str] = []
    for _ in range(80):
        panel.page.keyboard.press("Tab")
        focus = panel.page.evaluate(
            """() => {
              const one = host.root()?.activeElement;
              if (!one) return null;
              const ring = getComputedStyle(one).outlineStyle !== "none";
              const name = one.title || one.ariaLabel || one.textContent.slice(0, 20) || one.id;
              return `${ring} ${one.tagName} ${name}`;
            }"""
        )
        if focus is None:
            break
        names.append(focus)
    assert 20 < len(names) < 75
    assert len(set(names)) == len(names)
    assert [one for one in names if not one.startswith("true")] == []


def test_another_form_takes_the_focus_along(panel: PanelPage) -> None:
    """What had it is gone; its first field has it then."""
    panel.start(state())
    panel.field("steps").get_by_role("spinbutton").focus()
    panel.update(_form=form(parameter("text", "text", "Text"), name="other"), values={"text": "hi"})
    expect(panel.page.get_by_label("Text")).to_be_focused()


def test_a_form_that_comes_takes_no_focus(panel: PanelPage) -> None:
    """Somebody may be typing elsewhere in the notebook."""
    panel.start(state(_form={}))
    panel.update(_form=SEED_MODEL)
    expect(panel.button("Run")).to_be_visible()
    assert not panel.page.evaluate(INSIDE)


def test_what_hides_under_the_focus_hands_it_on(panel: PanelPage) -> None:
    """A tool that is used while the next run starts does not drop the keyboard out of the panel."""
    _full(panel)
    panel.button("Same seed").press("Enter")
    panel.tell(delta([], run=run(number=3)))
    expect(panel.button("Same seed")).to_be_hidden()
    assert panel.page.evaluate(INSIDE)


def test_on_paper_there_is_nothing_to_press(panel: PanelPage) -> None:
    """Values and pictures stay, controls go."""
    _full(panel)
    panel.page.emulate_media(media="print")
    expect(panel.button("Run")).to_be_hidden()
    expect(panel.button("Download")).to_be_hidden()
    expect(panel.field("prompt").locator("textarea")).to_be_visible()
    expect(panel.page.locator(".large img")).to_be_visible()
    panel.page.emulate_media(media="screen")


def test_nothing_moves_for_whom_motion_is_reduced(panel: PanelPage) -> None:
    """The bar of unknown length stands still."""
    panel.page.emulate_media(reduced_motion="reduce")
    panel.start(state())
    panel.tell(delta([], run=run(status="queued", progress=None)))
    assert panel.page.evaluate("() => host.root().getAnimations().length") == 0
    panel.page.emulate_media(reduced_motion="no-preference")
