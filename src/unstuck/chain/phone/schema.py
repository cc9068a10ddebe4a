"""Tables of the journal. An older journal is brought up to date, a newer one is refused, never guessed at."""

APPLICATION_ID = 0x556E5374
"""In SQLite's ``application_id``: "UnSt", so that no other database is taken for a journal."""

STEPS = (
    """
CREATE TABLE tracker (
    tracker TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    seen_s INTEGER NOT NULL,
    status BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE batch (
    id INTEGER PRIMARY KEY,
    tracker TEXT NOT NULL,
    boot INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    raw BLOB NOT NULL,
    drained_s INTEGER NOT NULL,
    UNIQUE (tracker, boot, first, last)
);
CREATE TABLE held (
    tracker TEXT NOT NULL,
    state TEXT NOT NULL,
    boot INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (tracker, state, boot, first)
) WITHOUT ROWID;
CREATE TABLE rejection (
    tracker TEXT NOT NULL,
    boot INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    code TEXT NOT NULL,
    rejected_s INTEGER NOT NULL,
    PRIMARY KEY (tracker, boot, first, last)
) WITHOUT ROWID;
CREATE TABLE attempt (
    id INTEGER PRIMARY KEY,
    tracker TEXT NOT NULL,
    side TEXT NOT NULL,
    began_s INTEGER NOT NULL,
    ended_s INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL,
    records INTEGER NOT NULL
);
CREATE INDEX attempt_by_time ON attempt (tracker, ended_s);
""",
    """
ALTER TABLE attempt ADD COLUMN causes TEXT NOT NULL DEFAULT '';
ALTER TABLE batch ADD COLUMN login TEXT NOT NULL DEFAULT '';
CREATE TABLE login (
    id TEXT PRIMARY KEY,
    server TEXT NOT NULL,
    account TEXT NOT NULL,
    name TEXT NOT NULL
) WITHOUT ROWID;
""",
    # Null also for what an older journal knows as confirmed: since when is not in it, so its stay begins at the next
    # look.
    """
ALTER TABLE batch ADD COLUMN confirmed_s INTEGER;
CREATE TABLE looked (
    tracker TEXT PRIMARY KEY,
    seen_s INTEGER NOT NULL
) WITHOUT ROWID;
""",
)
"""What leads from each version to the next; the first step makes the tables of version 1 in an empty file."""

VERSION = len(STEPS)
"""In SQLite's ``user_version``."""
