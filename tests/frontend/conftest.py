"""Lend a test the built panel in a page of its own."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.frontend.panel_page import BUNDLE, PanelPage


@pytest.fixture(scope="module")
def shared_page(browser: Browser) -> Iterator[Page]:
    """Open one page a module: a new one for each of a hundred tests would take longer than they do."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture
def page(shared_page: Page) -> Page:
    """Empty the page and give it its usual size; the document, and all that lived in it, is gone."""
    shared_page.goto("about:blank")
    shared_page.set_viewport_size({"width": 1200, "height": 900})
    shared_page.emulate_media(media="null", color_scheme="null", reduced_motion="null", forced_colors="null")
    shared_page.set_default_timeout(30_000)
    return shared_page


@pytest.fixture
def panel(page: Page) -> Iterator[PanelPage]:
    """Return a page for one panel; whatever it complains about on the console fails the test."""
    assert BUNDLE.is_file(), "the bundle is not built: python tools/front_end.py build"
    panel = PanelPage(page)
    yield panel
    panel.leave()
    assert panel.problems == []
