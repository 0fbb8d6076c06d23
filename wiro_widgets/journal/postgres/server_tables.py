"""The tables of a team's journal: those of the file (`journal.database`), in a schema of their own."""

from __future__ import annotations

from typing import Final

VERSION: Final = 1
SCHEMA: Final = "wiro_widgets"
LOCKS: Final = 0x5769726F  # "Wiro", the first key of our advisory locks
SETUP_LOCK: Final = 0  # the second key; a session's own is above these
CHANGE_LOCK: Final = 1
CONTENT_LOCKS: Final = LOCKS + 1  # the first key of the locks of contents, whose second is a hash
# Times are texts of one length, as in the file; `copies` has, for each host, where the outputs of a run are there, as
# a text of JSON: JSON itself cannot hold every path. `begun_at` is by the server's clock. Indexes of texts that come
# from elsewhere are hashes, since a long text does not fit into a tree.
TABLES: Final = f"""
CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    server TEXT NOT NULL,
    model TEXT NOT NULL,
    parameters TEXT NOT NULL,
    intent_at TEXT COLLATE "C" NOT NULL,
    outcome TEXT NOT NULL,
    task_id TEXT,
    submitted_at TEXT,
    settled_at TEXT,
    record TEXT,
    error TEXT,
    pid BIGINT,
    host TEXT,
    tags TEXT NOT NULL DEFAULT '[]',
    notes TEXT NOT NULL DEFAULT '',
    star BOOLEAN NOT NULL DEFAULT FALSE,
    content TEXT,
    cell BIGINT,
    born TEXT,
    reuses BIGINT NOT NULL DEFAULT 0,
    parents TEXT NOT NULL DEFAULT '[]',
    copies JSONB NOT NULL DEFAULT '{{}}',
    session BIGINT,
    begun_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    rowid BIGINT GENERATED ALWAYS AS IDENTITY
);
CREATE INDEX runs_by_time ON runs (intent_at, rowid);
CREATE UNIQUE INDEX runs_by_number ON runs (rowid);
CREATE INDEX runs_by_task ON runs USING hash (task_id);
CREATE INDEX runs_by_content ON runs USING hash (content);
CREATE INDEX open_runs ON runs (intent_at)
    WHERE outcome IN ('submitting', 'running', 'unknown') OR (outcome = 'succeeded' AND settled_at IS NULL);
CREATE INDEX runs_with_parents ON runs (rowid) WHERE parents <> '[]';
CREATE TABLE events (run_id TEXT PRIMARY KEY, lines BYTEA NOT NULL);

CREATE SEQUENCE change_numbers;
CREATE TABLE changes (
    number BIGINT PRIMARY KEY DEFAULT nextval('{SCHEMA}.change_numbers'), run_id TEXT UNIQUE NOT NULL
);
-- At the end of each transaction, one transaction after the other: who has read the changes up to a number never finds
-- a smaller one later.
CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock({LOCKS}, {CHANGE_LOCK});
    INSERT INTO {SCHEMA}.changes (run_id) VALUES (coalesce(NEW.id, OLD.id))
        ON CONFLICT (run_id) DO UPDATE SET number = nextval('{SCHEMA}.change_numbers');
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER run_changes AFTER INSERT OR UPDATE OR DELETE ON runs
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_change();

CREATE TABLE presets (
    model TEXT NOT NULL, name TEXT NOT NULL, parameters TEXT NOT NULL, saved_at TEXT NOT NULL,
    is_default INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (model, name)
);
CREATE TABLE picks (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    better TEXT NOT NULL, worse TEXT NOT NULL, is_tie INTEGER NOT NULL, picked_at TEXT NOT NULL
);
CREATE INDEX picks_by_better ON picks (better);
CREATE INDEX picks_by_worse ON picks (worse);

CREATE TABLE journal_identity (id TEXT PRIMARY KEY, version INTEGER NOT NULL);
"""  # noqa: S608 - constants
CONDITIONS: Final = {
    "id": "id = %(id)s",
    "ids": "id = ANY(%(ids)s)",
    "server": "server = %(server)s",
    "task_id": "task_id = %(task_id)s",
    "models": "model = ANY(%(models)s)",
    "since": "intent_at >= %(since)s",
    "until": "intent_at <= %(until)s",
    "outcomes": "outcome = ANY(%(outcomes)s)",
    "parent": "parents <> '[]' AND position(%(parent)s IN parents) > 0",
    "contents": "content = ANY(%(contents)s)",
    "typed": "(content IS NULL OR content NOT LIKE 'untyped-%%') = %(typed)s",
    "star": "star = %(star)s",
    "open": (
        "(outcome IN ('submitting', 'running', 'unknown') OR (outcome = 'succeeded' AND settled_at IS NULL))"
    ),
}
# How far a run has come. What a machine wrote down while the server was away takes effect if it is further than what
# the server has by then, in whatever order such news arrives: a task is never lost, a settled run never unsettled.
PROGRESS: Final = """CASE
    WHEN {0}.settled_at IS NOT NULL AND {0}.task_id IS NOT NULL THEN 5
    WHEN {0}.outcome IN ('succeeded', 'failed', 'cancelled') THEN 4
    WHEN {0}.task_id IS NOT NULL THEN 3
    WHEN {0}.settled_at IS NOT NULL THEN 2
    WHEN {0}.outcome = 'unknown' THEN 1
    ELSE 0 END"""
