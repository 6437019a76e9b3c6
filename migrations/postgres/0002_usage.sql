-- What SDKs report and what this service evaluates: counts, last seen, unknown flags, instances, exposures, tracks.
-- Everything here is written in batches of many rows and deleted in time; nothing refers to it. Times are BIGINT microseconds UTC,
-- booleans are 0 or 1. `trusted` is 1 for what came with a server key: client keys are public, so anybody can send what they send.
-- The SQLite folder holds the same tables.

-- Many rows as one argument, spelt as SQLite spells it: json_each('[["a", 1], ["b", 2]]') has a row for each element.
CREATE FUNCTION json_each(document TEXT) RETURNS TABLE (value JSONB) LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT element.value FROM jsonb_array_elements(CAST(document AS JSONB)) AS element(value)
$$;

-- Which batches of a session were taken over: `high` is the highest number, and bit n of `seen` stands for high - n.
-- environment_id is the key's environment; a node that reports what it has evaluated itself has sessions of its own.
CREATE TABLE event_session (
    environment_id TEXT COLLATE "C" NOT NULL,
    trusted        BIGINT NOT NULL,
    session        TEXT COLLATE "C" NOT NULL,
    high           BIGINT NOT NULL,
    seen           BIGINT NOT NULL,
    seen_at        BIGINT NOT NULL,
    PRIMARY KEY (environment_id, trusted, session)
);
CREATE INDEX event_session_seen ON event_session (trusted, seen_at);

-- Evaluations rolled up by minute and by hour: `span` is 60 or 3600 (seconds), `at` where it begins. `outcome` is the reason, or, of
-- an error, its code. `source` is server, client (reported by SDKs with such a key), ofrep (asked of this service by name) or bulk.
CREATE TABLE evaluation (
    environment_id TEXT COLLATE "C" NOT NULL,
    flag           TEXT COLLATE "C" NOT NULL,
    span           BIGINT NOT NULL,
    at             BIGINT NOT NULL,
    variant        TEXT COLLATE "C" NOT NULL,
    outcome        TEXT COLLATE "C" NOT NULL,
    source         TEXT COLLATE "C" NOT NULL,
    count          BIGINT NOT NULL,
    PRIMARY KEY (environment_id, flag, span, at, variant, outcome, source)
);
CREATE INDEX evaluation_at ON evaluation (at);

-- When a flag was first and last evaluated, outliving the roll-ups.
CREATE TABLE flag_seen (
    environment_id TEXT COLLATE "C" NOT NULL,
    flag           TEXT COLLATE "C" NOT NULL,
    source         TEXT COLLATE "C" NOT NULL,
    first_at       BIGINT NOT NULL,
    last_at        BIGINT NOT NULL,
    PRIMARY KEY (environment_id, flag, source)
);

-- Flags that were asked for and are not defined.
CREATE TABLE unknown_flag (
    environment_id TEXT COLLATE "C" NOT NULL,
    flag           TEXT COLLATE "C" NOT NULL,
    trusted        BIGINT NOT NULL,
    first_at       BIGINT NOT NULL,
    last_at        BIGINT NOT NULL,
    count          BIGINT NOT NULL,
    PRIMARY KEY (environment_id, flag, trusted)
);

-- What each process said last of itself; seen_at is when this service heard it.
CREATE TABLE instance (
    environment_id      TEXT COLLATE "C" NOT NULL,
    instance_id         TEXT COLLATE "C" NOT NULL,
    session             TEXT COLLATE "C" NOT NULL,
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
);
CREATE INDEX instance_trusted ON instance (environment_id, trusted);

-- The first time a unit met an arm of a run. `unit` is a keyed hash: who it is cannot be told from it.
CREATE TABLE exposure (
    environment_id TEXT COLLATE "C" NOT NULL,
    run            TEXT COLLATE "C" NOT NULL,
    unit           TEXT COLLATE "C" NOT NULL,
    trusted        BIGINT NOT NULL,
    flag           TEXT COLLATE "C" NOT NULL,
    arm            TEXT COLLATE "C" NOT NULL,
    variant        TEXT COLLATE "C" NOT NULL,
    at             BIGINT NOT NULL,
    PRIMARY KEY (environment_id, run, unit, trusted)
);
CREATE INDEX exposure_at ON exposure (at);

-- How many units that are, kept with every exposure.
CREATE TABLE exposure_total (
    environment_id TEXT COLLATE "C" NOT NULL,
    flag           TEXT COLLATE "C" NOT NULL,
    run            TEXT COLLATE "C" NOT NULL,
    arm            TEXT COLLATE "C" NOT NULL,
    variant        TEXT COLLATE "C" NOT NULL,
    trusted        BIGINT NOT NULL,
    units          BIGINT NOT NULL,
    first_at       BIGINT NOT NULL,
    last_at        BIGINT NOT NULL,
    PRIMARY KEY (environment_id, flag, run, arm, variant, trusted)
);

-- Metrics that were tracked: what bounds them, since their names are the callers'.
CREATE TABLE metric_seen (
    environment_id TEXT COLLATE "C" NOT NULL,
    metric         TEXT COLLATE "C" NOT NULL,
    trusted        BIGINT NOT NULL,
    first_at       BIGINT NOT NULL,
    last_at        BIGINT NOT NULL,
    PRIMARY KEY (environment_id, metric, trusted)
);

-- Tracked values rolled up by minute and by hour, as evaluations are.
CREATE TABLE track (
    environment_id TEXT COLLATE "C" NOT NULL,
    metric         TEXT COLLATE "C" NOT NULL,
    span           BIGINT NOT NULL,
    at             BIGINT NOT NULL,
    trusted        BIGINT NOT NULL,
    count          BIGINT NOT NULL,
    sum            DOUBLE PRECISION NOT NULL,
    sum_squares    DOUBLE PRECISION NOT NULL,
    min            DOUBLE PRECISION NOT NULL,
    max            DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (environment_id, metric, span, at, trusted)
);
CREATE INDEX track_at ON track (at);
