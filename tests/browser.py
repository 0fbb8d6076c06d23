"""Where the browser tests find Chromium, and how they start it.

`python -m tests.browser` prints the path, or exits with 1 when there is none.
"""

import os
import shutil
import sys
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, sync_playwright

CHROME_ARGS = [
    "--headless",
    "--no-sandbox",  # root in a container, as CI is, may not use Chromium's own
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium_path() -> str | None:
    """Return WIRO_CHROMIUM, or the first Chromium or Chrome on PATH."""
    names = [os.environ.get("WIRO_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"]
    return next((path for name in names if name and (path := shutil.which(name))), None)


def find_chromium() -> str:
    """Return the browser to start; without one the test is skipped, or fails where CI is set."""
    path = chromium_path()
    if path is None:
        reason = "no Chromium: install Debian's chromium or set WIRO_CHROMIUM"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


class SharedChromium:
    """One Chromium for all tests of a process; closed before a test that needs none, and opened again later.

    As long as it is open, Playwright's event loop counts as running in this thread, so that no other loop can.
    """

    def __init__(self) -> None:
        self._resources = ExitStack()
        self._browser: Browser | None = None

    def open(self) -> Browser:
        """Return the browser; start it if it is closed."""
        if self._browser is None:
            executable = find_chromium()
            playwright = self._resources.enter_context(sync_playwright())
            self._browser = playwright.chromium.launch(
                executable_path=executable, headless=True, args=CHROME_ARGS
            )
            self._resources.callback(self._browser.close)
        return self._browser

    def close(self) -> None:
        """End the browser and Playwright's loop; closing twice is fine."""
        self._browser = None
        self._resources.close()


if __name__ == "__main__":
    path = chromium_path()
    sys.stdout.write(f"{path}\n" if path else "")
    sys.exit(path is None)
