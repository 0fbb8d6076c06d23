"""A panel's runs as a table."""

import pandas as pd

from tests.widget.wire.page import SECONDS
from wiro_widgets import Panel


def test_a_table_of_runs(panel: Panel) -> None:
    """One row for each run, on request with a column for each parameter; none before the first run."""
    assert len(panel.to_pandas()) == 0
    for seed in (1, 2):
        panel.set(seed=seed)
        panel.run()
        panel.wait(SECONDS)
    table = panel.to_pandas(expand=True)
    assert isinstance(table, pd.DataFrame)
    assert list(table["param.seed"]) == [1, 2]
    assert list(table["task_id"]) == [task.id for task in panel.tasks]
