"""What a task has heard, in plain texts."""

from wiro_widgets.client.sync_client import Task
from wiro_widgets.protocol.events import Log, Notice


def notices(task: Task) -> list[str]:
    """Return what the client itself had to say."""
    return [event.text for event in task.events_so_far() if isinstance(event, Notice)]


def lines(task: Task) -> list[str]:
    """Return the log."""
    return [event.text for event in task.events_so_far() if isinstance(event, Log)]
