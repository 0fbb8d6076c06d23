"""Who runs which test: the order of the tests, and what pytest-xdist hands to one worker.

The tests of a folder in `LANES` share a browser and a JupyterLab, which costs more to start than most tests take, so
one worker runs the whole folder, but for a file that takes as long as all others of its folder. They also need the
processors most. The other workers run the remaining tests meanwhile, file by file: these wait for timers and processes
more than they compute.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

LANES = ("tests/e2e/", "tests/frontend/test_accessibility.py", "tests/frontend/", "tests/hosts/")
# Long files go first, so that no worker is left alone with one at the end.
LONG = (
    "tests/attacks/",
    "tests/test_benchmarks.py",
    "tests/test_notebooks.py",
    "tests/transport/",
    "tests/commands/",
    "tests/sweeps/",
    "tests/runs/",
    "tests/client/",
)


def lane_order(item: pytest.Item) -> int:
    """Return the sort key of a test: the place of its folder or file among the lanes and the long ones."""
    prefixes = LANES + LONG
    return next(
        (place for place, prefix in enumerate(prefixes) if item.nodeid.startswith(prefix)), len(prefixes)
    )


class LaneScheduling(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist is not typed
    """Schedule whole lanes, and whole files outside of the lanes, in the order of the collection."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # which would begin with the file that has the most tests

    def _split_scope(self, nodeid: str) -> str:
        return next((lane for lane in LANES if nodeid.startswith(lane)), nodeid.partition("::")[0])
