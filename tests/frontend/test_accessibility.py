"""The panel for everybody: axe-core finds nothing in any state, and a keyboard is enough for all of it."""

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import FloatRect, Page, expect

from tests.frontend.gallery import DIALOGS, STATES, THEMES
from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import delta, image, output, run, state
from tests.hosts.test_vscode import JUPYTERS
from tests.hosts.test_vscode import THEMES as VSCODE

RIM = 6  # pixels around an element in which its focus ring is drawn
AXE = Path(__file__).parents[2] / "js" / "node_modules" / "axe-core" / "axe.min.js"
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "forced_colors": "none"},
    "dark": {"color_scheme": "dark", "forced_colors": "none"},
    "plain": {"color_scheme": "dark", "forced_colors": "none"},
    "Dark+": {"color_scheme": "dark", "forced_colors": "none"},
    "Light+": {"color_scheme": "light", "forced_colors": "none"},
    "forced": {"color_scheme": "dark", "forced_colors": "active"},
}
STYLES = THEMES | {
    theme: f"{JUPYTERS}{style}; background: var(--vscode-editor-background)"
    for theme, style in VSCODE.items()
}
# A page's own business is where its landmarks and headings are.
PAGES_OWN = ("region", "page-has-heading-one", "landmark-one-main")
# Under forced colours Chromium still tells axe the author's -webkit-text-fill-color; what is drawn is the system's.
SYSTEMS_OWN = ("color-contrast",)
# Markup is the same in every theme: all rules run in one look and under forced colours, these in the others too.
COLOUR_RULES = ("color-contrast", "link-in-text-block")
ALL_RULES_LOOKS = ("light", "forced")
# What axe looks at: colours are the same at every width.
SIGHTS = [(look, width) for look in LOOKS for width in ((360, 1200) if look in ALL_RULES_LOOKS else (1200,))]
RUN_AXE = """async (options) => {
  const { violations } = await axe.run(document, { ...options, resultTypes: ["violations"] });
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary}`));
}"""
LABEL = '(at) => (at.getAttribute("aria-label") ?? at.labels?.[0]?.textContent ?? at.textContent).trim()'
FOCUSED = f"""() => {{
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  if (!at || at === document.body) return null;
  const {{ x, y, width, height }} = at.getBoundingClientRect();
  return {{ tag: at.localName, type: at.type ?? "", label: ({LABEL})(at), box: {{ x, y, width, height }} }};
}}"""
WATCH_FOCUS = f"""() => {{
  window.labels = [];
  host.root().addEventListener("focusin", ({{ target }}) => window.labels.push(({LABEL})(target)));
}}"""
BLUR = """() => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  window.blurred = at;
  at.blur();
}"""
FOCUS_AGAIN = "() => window.blurred.focus({ focusVisible: true })"
TABBABLE = """() => [
  ...host.root().querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']"),
].filter((one) => one.checkVisibility({ visibilityProperty: true }) && one.tabIndex >= 0 && !one.disabled
    && !one.closest("dialog:not([open])")).length"""
MOVING = """() => [...host.root().querySelectorAll("*")].filter((one) => {
  const { animationName, animationDuration, transitionDuration } = getComputedStyle(one);
  const slow = (list) => list.split(",").some((time) => Number.parseFloat(time) > 0.01);
  return (animationName !== "none" && slow(animationDuration)) || slow(transitionDuration);
}).map((one) => one.outerHTML.slice(0, 120))"""


def _look(page: Page, look: str) -> None:
    page.emulate_media(reduced_motion="reduce", **LOOKS[look])  # a colour halfway is nobody's choice
    page.evaluate("(style) => { document.body.style.cssText = style; }", STYLES.get(look, ""))


def _complaints(panel: PanelPage, look: str) -> list[str]:
    if not panel.page.evaluate("() => 'axe' in window"):
        panel.page.evaluate(AXE.read_text(encoding="utf-8"))
    options: dict[str, Any] = {"runOnly": COLOUR_RULES}
    if look in ALL_RULES_LOOKS:
        off = PAGES_OWN + (SYSTEMS_OWN if look == "forced" else ())
        options = {"rules": {rule: {"enabled": False} for rule in off}}
    violations: list[str] = panel.page.evaluate(RUN_AXE, options)
    return violations


@pytest.mark.parametrize("name", STATES | DIALOGS)
def test_axe_finds_nothing(panel: PanelPage, name: str) -> None:
    """No state has a violation in any host's colours, light, dark or forced, at 360 and at 1200 pixels."""
    (STATES | DIALOGS)[name](panel)
    violations = {}
    for look, width in SIGHTS:
        _look(panel.page, look)
        panel.page.set_viewport_size({"width": width, "height": 900})
        panel.wait_until_painted()
        violations[look, width] = _complaints(panel, look)
    assert {key: words for key, words in violations.items() if words} == {}


def _tab(panel: PanelPage) -> dict[str, Any] | None:
    panel.page.keyboard.press("Tab")
    focus: dict[str, Any] | None = panel.page.evaluate(FOCUSED)
    return focus


def _tab_to(panel: PanelPage, label: str) -> None:
    """Press Tab until something of this name has the focus."""
    for _ in range(60):
        stop = _tab(panel)
        if stop is not None and stop["label"] == label:
            return
    pytest.fail(f"Tab never came to {label!r}")


@pytest.mark.parametrize("name", STATES)
def test_tab_reaches_everything_and_leaves_again(panel: PanelPage, name: str) -> None:
    """Tab stops once at every control that can be seen, each has a name, and the last one lets the focus go."""
    STATES[name](panel)
    panel.wait_until_painted()
    panel.page.mouse.click(1, 1)
    expected = panel.page.evaluate(TABBABLE)
    panel.page.evaluate(WATCH_FOCUS)
    for _ in range(expected + 1):
        panel.page.keyboard.press("Tab")
    labels = panel.page.evaluate("() => window.labels")
    assert panel.page.evaluate(FOCUSED) is None, labels
    assert "" not in labels
    assert len(labels) == expected, labels


def _edge_changed(before: bytes, after: bytes, rim: float) -> bool:
    """Tell whether two pictures differ outside of what lies `rim` pixels within them."""
    difference = ImageChops.difference(
        *(Image.open(io.BytesIO(data)).convert("RGB") for data in (before, after))
    )
    inside = (round(rim), round(rim), round(difference.width - rim), round(difference.height - rim))
    if inside[0] < inside[2] and inside[1] < inside[3]:
        difference.paste((0, 0, 0), inside)
    return difference.getbbox() is not None


@pytest.mark.parametrize("look", ["light", "dark", "forced"])
@pytest.mark.parametrize("name", ["running", "done"])
def test_the_focus_can_be_seen(panel: PanelPage, name: str, look: str) -> None:
    """Whatever has the focus looks different at its edge, not only in its text."""
    panel.page.set_viewport_size({"width": 1200, "height": 3000})  # nothing scrolls
    STATES[name](panel)
    _look(panel.page, look)
    panel.wait_until_painted()
    panel.page.mouse.click(1, 1)
    while (stop := _tab(panel)) is not None:
        # A loaded machine may move or draw the control only after the pictures: then they are taken once more.
        assert any(_focus_is_drawn(panel) for _ in range(5)), stop


def _focus_is_drawn(panel: PanelPage) -> bool:
    """Tell whether what has the focus looks different without it; it has the focus again then."""
    panel.wait_until_painted()
    stop = panel.page.evaluate(FOCUSED)
    around = _around(stop["box"])
    focus = panel.page.screenshot(clip=around)
    panel.page.evaluate(BLUR)
    panel.wait_until_painted()
    without_focus = panel.page.screenshot(clip=around)
    panel.page.evaluate(FOCUS_AGAIN)
    rim = 2 * RIM if stop["type"] != "range" else 999  # the ring of a slider is around its thumb
    return _edge_changed(focus, without_focus, rim)


def _around(box: dict[str, float]) -> FloatRect:
    x, y = max(0, box["x"] - RIM), max(0, box["y"] - RIM)
    return {"x": x, "y": y, "width": box["width"] + 2 * RIM, "height": box["height"] + 2 * RIM}


def test_a_whole_session_by_keyboard(panel: PanelPage) -> None:
    """Write a prompt, set a slider, unfold, run, stop, look at a picture and at the log without a mouse."""
    page, keyboard = panel.page, panel.page.keyboard
    panel.start(state(values={"prompt": "", "steps": 20, "samples": 2}))
    page.mouse.click(1, 1)
    _tab_to(panel, "Prompt")
    keyboard.type("A quiet harbour")
    _tab_to(panel, "Steps, slider")
    keyboard.press("ArrowRight")
    _tab_to(panel, "More")
    keyboard.press("Enter")
    expect(panel.field("callbackUrl")).to_be_visible()
    _tab_to(panel, "Run")
    keyboard.press("Space")
    values = panel.await_sent("run")[0]["values"]
    assert (values["prompt"], values["steps"]) == ("A quiet harbour", 21)
    panel.update(status="running")
    panel.tell(delta([], run=run()))
    _tab_to(panel, "Stop")
    keyboard.press("Enter")
    panel.await_sent("stop")
    pictures = [output("o0", "0.png"), output("o1", "1.png")]
    panel.update(status="succeeded")
    panel.tell(delta([], run=run(status="succeeded", progress=None, outputs=pictures)))
    for hue, one in enumerate(pictures):
        panel.tell(image(one["id"]), {"hue": 100 * hue})
    _tab_to(panel, "Picture 1 of 2, open full size")
    keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Picture 1 of 2")).to_be_visible()
    keyboard.press("ArrowRight")
    expect(page.get_by_role("dialog", name="Picture 2 of 2")).to_be_visible()
    keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.evaluate(FOCUSED)["label"].endswith("open full size")
    _tab_to(panel, "Log")
    keyboard.press("Enter")
    expect(page.get_by_role("log")).to_be_visible()


@pytest.mark.parametrize("name", STATES)
def test_nothing_moves_for_those_who_asked_for_that(panel: PanelPage, name: str) -> None:
    """With reduced motion no transition and no animation lasts."""
    panel.page.emulate_media(reduced_motion="reduce")
    STATES[name](panel)
    panel.wait_until_painted()
    assert panel.page.evaluate(MOVING) == []
