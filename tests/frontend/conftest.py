"""Lend a test the built panel in a page of its own."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.frontend.panel_page import BUNDLE, PanelPage


@pytest.fixture
def panel(page: Page) -> Iterator[PanelPage]:
    """Return a page for one panel; whatever it complains about on the console fails the test."""
    assert BUNDLE.is_file(), "the bundle is not built: python tools/front_end.py build"
    page.set_default_timeout(5_000)
    panel = PanelPage(page)
    yield panel
    assert panel.complaints == []
