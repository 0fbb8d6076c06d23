"""Lend the tests one page with JupyterLab in it: loading the application takes longer than most of them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.jupyter import JupyterServer
from tests.notebook_page import CLOSE_DOCUMENTS

FAILURE = pytest.StashKey[bool]()


def pytest_exception_interact(node: pytest.Item) -> None:
    """Note that a test went wrong."""
    node.stash[FAILURE] = True


@pytest.fixture
def page(request: pytest.FixtureRequest, browser: Browser, lab: JupyterServer) -> Iterator[Page]:
    """Lend the page in which the test before had its notebook, which is closed; a new one after a failure."""
    pages = [page for context in browser.contexts for page in context.pages]
    page = next((page for page in pages if page.url.startswith(lab.base_url)), None)
    if page is None:
        page = browser.new_context(viewport={"width": 1200, "height": 900}).new_page()
    yield page
    if request.node.stash.get(FAILURE, False):
        page.context.close()
    elif not page.is_closed():
        page.evaluate(CLOSE_DOCUMENTS)
