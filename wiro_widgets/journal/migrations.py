"""The journal's tables, version by version, and whose database a file is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3

APPLICATION_ID: Final = 0x5769726F  # "Wiro", in the file's header
MIGRATIONS: Final = (
    """
    CREATE TABLE runs (
        id TEXT PRIMARY KEY NOT NULL,
        server TEXT NOT NULL,
        model TEXT NOT NULL,
        parameters TEXT NOT NULL,
        intent_at TEXT NOT NULL,
        outcome TEXT NOT NULL,
        task_id TEXT,
        submitted_at TEXT,
        settled_at TEXT,
        record TEXT,
        paths TEXT NOT NULL DEFAULT '[]',
        error TEXT,
        pid INTEGER,
        host TEXT,
        tags TEXT NOT NULL DEFAULT '[]',
        notes TEXT NOT NULL DEFAULT '',
        star INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX runs_by_time ON runs (intent_at);
    CREATE INDEX runs_by_task ON runs (task_id);
    """,
    """
    ALTER TABLE runs ADD COLUMN content TEXT;
    ALTER TABLE runs ADD COLUMN cell INTEGER;
    CREATE INDEX runs_by_content ON runs (content);
    CREATE TABLE events (
        run_id TEXT PRIMARY KEY NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        lines BLOB NOT NULL
    );
    """,
    "ALTER TABLE runs ADD COLUMN born TEXT",
    "ALTER TABLE runs ADD COLUMN reuses INTEGER NOT NULL DEFAULT 0",
)


class NewerVersionError(Exception):
    """The database was written by a newer version of this package."""


class ForeignDatabaseError(Exception):
    """The database belongs to another program."""


def wanted(connection: sqlite3.Connection) -> bool:
    """Tell whether the tables are older than this package; raises NewerVersionError or ForeignDatabaseError."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    ours = connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
    used = connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None
    if used and not ours:
        raise ForeignDatabaseError
    if version > len(MIGRATIONS):
        raise NewerVersionError
    return bool(version < len(MIGRATIONS))


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the tables up to date, within the transaction that the caller began."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    for script in MIGRATIONS[version:]:
        for statement in script.split(";"):
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
