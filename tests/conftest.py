"""Keep the tests away from the user's own data, and lend them a browser and a JupyterLab."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, Page, expect
from xdist.remote import Producer

from tests.browser import SharedChromium
from tests.jupyter import JupyterServer, jupyter_server
from tests.lanes import LaneScheduling, lane_order

pytest_plugins = ("tests.hostile.fixtures", "tests.sandbox_clients")  # fixtures that several folders use

CHROMIUM = SharedChromium()
PRIVATE_FOLDERS = (
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_RUNTIME_DIR",
    "IPYTHONDIR",
)


def pytest_configure(config: pytest.Config) -> None:
    """Point every folder a user's data could lie in at an empty one, before any module looks."""
    home = Path(tempfile.mkdtemp(prefix="wiro-tests-"))
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    environment = pytest.MonkeyPatch()
    config.add_cleanup(environment.undo)
    for name in PRIVATE_FOLDERS:
        folder = home / name.lower()
        folder.mkdir()
        environment.setenv(name, str(folder))
    # What runs in the background of a script inherits an ignored SIGINT, and so do the commands that tests interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # The machines are noisy: how long an example takes says nothing.
    settings.register_profile("noisy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("noisy")
    expect.set_options(timeout=30_000)
    environment.setenv("JUPYTER_PLATFORM_DIRS", "1")  # jupyter_core warns without it, and warnings are errors
    environment.delenv("JUPYTER_PATH", raising=False)
    environment.delenv("JUPYTER_CONFIG_PATH", raising=False)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests in the order of the lanes; those that drive a real host may run again."""
    items.sort(key=lane_order)
    for item in items:
        if item.get_closest_marker("host"):
            item.add_marker(pytest.mark.flaky(reruns=2))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LaneScheduling:
    """Give each worker whole files, and whole folders where the tests of a folder share a browser."""
    return LaneScheduling(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Close the browser before a test that needs none."""
    if "browser" not in getattr(item, "fixturenames", ()):
        CHROMIUM.close()


def pytest_sessionfinish() -> None:
    """Close the browser at the end."""
    CHROMIUM.close()


@pytest.fixture(autouse=True)
def no_wiro_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the user's credentials and addresses out of every test; which browser to use may stay."""
    for name in list(os.environ):
        if name.startswith("WIRO_") and name != "WIRO_CHROMIUM":
            monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def browser() -> Browser:
    """Lend the one Chromium of this process."""
    return CHROMIUM.open()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Open a page of its own for a test: no cookies, no storage, 1200 px wide."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def lab_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Start one JupyterLab for the whole run."""
    with jupyter_server("lab", folder=tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture
def lab(lab_server: JupyterServer) -> Iterator[JupyterServer]:
    """Lend the JupyterLab to a test, which brings its notebook with `lab.write`, and end its kernels after."""
    yield lab_server
    lab_server.end_kernels()
