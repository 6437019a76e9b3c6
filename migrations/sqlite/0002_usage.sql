-- What SDKs report and what this service evaluates: counts, last seen, unknown flags, instances, exposures, tracks.
-- Everything here is written in batches of many rows and deleted in time; nothing refers to it. Times are BIGINT microseconds UTC,
-- booleans are 0 or 1. `trusted` is 1 for what came with a server key: client keys are public, so anybody can send what they send.
-- The Postgres folder holds the same tables, and the function json_each, which SQLite has.

-- Which batches of a session were taken over: `high` is the highest number, and bit n of `seen` stands for high - n.
-- environment_id is the key's environment; a node that reports what it has evaluated itself has sessions of its own.
CREATE TABLE event_session (
    environment_id TEXT   NOT NULL,
    trusted        BIGINT NOT NULL,
    session        TEXT   NOT NULL,
    high           BIGINT NOT NULL,
    seen           BIGINT NOT NULL,
    seen_at        BIGINT NOT NULL,
    PRIMARY KEY (environment_id, trusted, session)
) WITHOUT ROWID;
CREATE INDEX event_session_seen ON event_session (trusted, seen_at);

-- Evaluations rolled up by minute and by hour: `span` is 60 or 3600 (seconds), `at` where it begins. `outcome` is the reason, or, of
-- an error, its code. `source` is server, client (reported by SDKs with such a key), ofrep (asked of this service by name) or bulk.
CREATE TABLE evaluation (
    environment_id TEXT   NOT NULL,
    flag           TEXT   NOT NULL,
    span           BIGINT NOT NULL,
    at             BIGINT NOT NULL,
    variant        TEXT   NOT NULL,
    outcome        TEXT   NOT NULL,
    source         TEXT   NOT NULL,
    count          BIGINT NOT NULL,
    PRIMARY KEY (environment_id, flag, span, at, variant, outcome, source)
) WITHOUT ROWID;
CREATE INDEX evaluation_at ON evaluation (at);

-- When a flag was first and last evaluated, outliving the roll-ups.
CREATE TABLE flag_seen (
    environment_id TEXT   NOT NULL,
    flag           TEXT   NOT NULL,
    source         TEXT   NOT NULL,
    first_at       BIGINT NOT NULL,
    last_at        BIGINT NOT NULL,
    PRIMARY KEY (environment_id, flag, source)
) WITHOUT ROWID;

-- Flags that were asked for and are not defined.
CREATE TABLE unknown_flag (
    environment_id TEXT   NOT NULL,
    flag           TEXT   NOT NULL,
    trusted        BIGINT NOT NULL,
    first_at       BIGINT NOT NULL,
    last_at        BIGINT NOT NULL,
    count          BIGINT NOT NULL,
    PRIMARY KEY (environment_id, flag, trusted)
) WITHOUT ROWID;

-- What each process said last of itself; seen_at is when this service heard it.
CREATE TABLE instance (
    environment_id      TEXT   NOT NULL,
    instance_id         TEXT   NOT NULL,
    session             TEXT   NOT NULL,
    trusted             BIGINT NOT NULL,
    sdk                 TEXT   NOT NULL,
    sdk_version         TEXT   NOT NULL,
    started_at          BIGINT,
    seen_at             BIGINT NOT NULL,
    state               TEXT   NOT NULL,
    revision            TEXT   NOT NULL,
    healthy             BIGINT NOT NULL,
    labels              TEXT   NOT NULL,
    dropped_exposures   BIGINT NOT NULL,
    dropped_tracks      BIGINT NOT NULL,
    dropped_evaluations BIGINT NOT NULL,
    PRIMARY KEY (environment_id, instance_id, session, trusted)
) WITHOUT ROWID;
CREATE INDEX instance_trusted ON instance (environment_id, trusted);

-- The first time a unit met an arm of a run. `unit` is a keyed hash: who it is cannot be told from it.
CREATE TABLE exposure (
    environment_id TEXT   NOT NULL,
    run            TEXT   NOT NULL,
    unit           TEXT   NOT NULL,
    trusted        BIGINT NOT NULL,
    flag           TEXT   NOT NULL,
    arm            TEXT   NOT NULL,
    variant        TEXT   NOT NULL,
    at             BIGINT NOT NULL,
    PRIMARY KEY (environment_id, run, unit, trusted)
) WITHOUT ROWID;
CREATE INDEX exposure_at ON exposure (at);

-- How many units that are, kept with every exposure.
CREATE TABLE exposure_total (
    environment_id TEXT   NOT NULL,
    flag           TEXT   NOT NULL,
    run            TEXT   NOT NULL,
    arm            TEXT   NOT NULL,
    variant        TEXT   NOT NULL,
    trusted        BIGINT NOT NULL,
    units          BIGINT NOT NULL,
    first_at       BIGINT NOT NULL,
    last_at        BIGINT NOT NULL,
    PRIMARY KEY (environment_id, flag, run, arm, variant, trusted)
) WITHOUT ROWID;

-- Metrics that were tracked: what bounds them, since their names are the callers'.
CREATE TABLE metric_seen (
    environment_id TEXT   NOT NULL,
    metric         TEXT   NOT NULL,
    trusted        BIGINT NOT NULL,
    first_at       BIGINT NOT NULL,
    last_at        BIGINT NOT NULL,
    PRIMARY KEY (environment_id, metric, trusted)
) WITHOUT ROWID;

-- Tracked values rolled up by minute and by hour, as evaluations are.
CREATE TABLE track (
    environment_id TEXT   NOT NULL,
    metric         TEXT   NOT NULL,
    span           BIGINT NOT NULL,
    at             BIGINT NOT NULL,
    trusted        BIGINT NOT NULL,
    count          BIGINT NOT NULL,
    sum            REAL   NOT NULL,
    sum_squares    REAL   NOT NULL,
    min            REAL   NOT NULL,
    max            REAL   NOT NULL,
    PRIMARY KEY (environment_id, metric, span, at, trusted)
) WITHOUT ROWID;
CREATE INDEX track_at ON track (at);
