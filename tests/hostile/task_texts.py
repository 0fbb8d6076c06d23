"""The events of a task as texts."""

from wiro_widgets.client.sync_client import Task
from wiro_widgets.protocol.events import Log, Notice


def notices(task: Task) -> list[str]:
    """Return the texts of the client's own notices."""
    return [event.text for event in task.events_so_far() if isinstance(event, Notice)]


def log_lines(task: Task) -> list[str]:
    """Return the lines of the log."""
    return [event.text for event in task.events_so_far() if isinstance(event, Log)]
