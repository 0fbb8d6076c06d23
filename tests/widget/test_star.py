"""A star on a run of a panel."""

from wiro_widgets import Client, Panel


def test_a_star_stands_in_the_history(panel: Panel, client: Client) -> None:
    """A run that is starred in the panel is starred in the history, until it is not."""
    panel.run()
    task_id = panel.wait().record.task_id
    panel.star(1)
    assert [record.task_id for record in client.history.find(star=True)] == [task_id]
    panel.star(1, on=False)
    assert client.history.find(star=True) == []
