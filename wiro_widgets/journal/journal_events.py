"""The event logs of a journal's runs: in its file, or in memory until the file takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wiro_widgets.journal.database import Store
    from wiro_widgets.journal.journal_file import JournalFile


class JournalEvents:
    """Not for several threads at once: the journal calls it under its lock."""

    def __init__(self) -> None:
        self._waiting: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return f"<JournalEvents, {len(self._waiting)} logs not on disk>"

    def keep(self, file: JournalFile, logs: Mapping[str, bytes]) -> None:
        """Take logs by run, and bring to the file whatever is not there yet."""
        waiting = self._waiting = {**self._waiting, **logs}

        def save(store: Store) -> bool:
            for run_id, lines in waiting.items():
                store.save_events(run_id, lines)
            return True

        done = file.use(save) if waiting else None
        if done:
            self._waiting = {}

    def find(self, file: JournalFile, run_id: str) -> bytes | None:
        """Return the log of a run, where one is kept."""
        return self._waiting.get(run_id) or file.use(lambda store: store.events(run_id))

    def forget(self, run_id: str) -> None:
        """Let go of a log that is not in the file yet."""
        self._waiting.pop(run_id, None)
