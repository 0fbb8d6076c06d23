"""A star on a run of a panel."""

from wiro_widgets import Client, Panel


def test_a_star_stands_in_the_history(panel: Panel, sandbox_client: Client) -> None:
    """A star in the panel is a star in the history, until it is taken away."""
    panel.run()
    task_id = panel.wait().record.task_id
    panel.star(1)
    assert [record.task_id for record in sandbox_client.history.find(star=True)] == [task_id]
    panel.star(1, on=False)
    assert sandbox_client.history.find(star=True) == []
