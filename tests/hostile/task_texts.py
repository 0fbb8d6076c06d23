"""The texts of a task's events."""

from wiro_widgets.client.sync_client import Task
from wiro_widgets.protocol.events import Log, Notice


def notices(task: Task) -> list[str]:
    """Return the texts of the client's own notices."""
    return [event.text for event in task.events_so_far() if isinstance(event, Notice)]


def lines(task: Task) -> list[str]:
    """Return the log."""
    return [event.text for event in task.events_so_far() if isinstance(event, Log)]
