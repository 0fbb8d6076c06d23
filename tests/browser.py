"""Where the browser tests find Chromium, and how they start it.

`python -m tests.browser` prints the path, or exits with 1 when there is none.
"""

import os
import shutil
import sys

import pytest

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


if __name__ == "__main__":
    path = chromium_path()
    sys.stdout.write(f"{path}\n" if path else "")
    sys.exit(path is None)
