"""What VS Code does to a widget, without VS Code: its colours, its white ground, its page of many cells."""

import pytest
from playwright.sync_api import Page, expect

from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import snapshot, state
from wiro_widgets.widget.static_card import StaticCard

# ipywidgets' own style sheet, which VS Code loads whatever the theme.
JUPYTERS = (
    "--jp-layout-color0:white;--jp-layout-color1:white;--jp-ui-font-color0:black;"
    "--jp-ui-font-color1:rgba(0,0,0,.87);--jp-brand-color1:#2196f3;--jp-error-color1:#f44336;"
)
THEMES = {
    "Dark+": (
        "--vscode-editor-background:#1e1e1e;--vscode-editor-foreground:#d4d4d4;--vscode-errorForeground:#f48771;"
        "--vscode-textLink-foreground:#3794ff;--vscode-button-background:#0e639c;--vscode-button-foreground:#fff"
    ),
    "Light+": (
        "--vscode-editor-background:#ffffff;--vscode-editor-foreground:#000000;--vscode-errorForeground:#a1260d;"
        "--vscode-textLink-foreground:#006ab1;--vscode-button-background:#007acc;--vscode-button-foreground:#fff"
    ),
}
GROUND = ".cell-output-ipywidget-background { background: white; }"
WRAP = """() => {
  const ground = document.createElement("div");
  ground.className = "cell-output-ipywidget-background";
  const [{ el }] = host.views;
  el.replaceWith(ground);
  ground.append(el);
}"""


def _opened(page: Page, theme: str) -> PanelPage:
    panel = PanelPage(page, style=f":root {{ {JUPYTERS}{THEMES[theme]} }} {GROUND}")
    panel.start(state(_card_id="c1"))
    panel.tell(snapshot([]))
    page.evaluate(WRAP)
    return panel


@pytest.mark.parametrize(
    ("theme", "ground"), [("Dark+", "rgb(30, 30, 30)"), ("Light+", "rgb(255, 255, 255)")]
)
def test_the_editors_colours_come_first(page: Page, theme: str, ground: str) -> None:
    """The panel wears the theme of the editor, not the light one that ipywidgets brings along."""
    panel = _opened(page, theme)
    expect(panel.view()).to_have_css("background-color", ground)
    scheme = panel.page.locator(".wiro-widgets").evaluate("(host) => host.style.colorScheme")
    assert scheme == ("dark" if theme == "Dark+" else "light")


def test_the_card_hides_and_takes_the_white_away(page: Page) -> None:
    """A card that comes after the living view is hidden at once, and nothing white is left behind the panel."""
    panel = _opened(page, "Dark+")
    html = StaticCard.of("c1", model="a/b", run=None, values={}).html
    page.evaluate("(html) => document.body.insertAdjacentHTML('beforeend', html)", html)
    expect(page.locator(".wiro-card")).to_be_hidden()
    expect(page.locator(".cell-output-ipywidget-background")).to_have_css(
        "background-color", "rgba(0, 0, 0, 0)"
    )
    assert panel.problems == []
