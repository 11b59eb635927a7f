-- One row per session. `doc` is the session; the columns beside it are what statements compare and look for.
-- It stands last, so that a statement that doesn't need it doesn't read a large one's overflow pages.
CREATE TABLE session (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    key            TEXT NOT NULL UNIQUE,
    scope          TEXT NOT NULL,
    revision       BLOB NOT NULL,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    updated_bucket INTEGER NOT NULL,
    wake_at        INTEGER,
    doc            TEXT NOT NULL
) STRICT;

-- For cleanup. An update doesn't touch it: the bucket, of ten minutes, is that of the last update or an earlier one, and
-- cleanup puts it right.
CREATE INDEX session_by_updated_bucket ON session (updated_bucket);

-- For due sessions, which are few.
CREATE INDEX session_by_wake_at ON session (wake_at) WHERE wake_at IS NOT NULL;
