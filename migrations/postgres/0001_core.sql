-- Core tables. Times are BIGINT microseconds UTC, documents are JSON kept as TEXT exactly as written,
-- booleans are 0 or 1. The SQLite folder holds the same tables; they differ only in trigger syntax.

CREATE TABLE installation (
    id          BIGINT PRIMARY KEY CHECK (id = 1),
    key         TEXT COLLATE "C" NOT NULL,
    secret      TEXT   NOT NULL,
    revision    BIGINT NOT NULL,
    audit_seq   BIGINT NOT NULL,
    audit_head  TEXT   NOT NULL,
    created_at  BIGINT NOT NULL
);

CREATE TABLE project (
    id          TEXT COLLATE "C" PRIMARY KEY,
    key         TEXT COLLATE "C" NOT NULL UNIQUE,
    name        TEXT COLLATE "C" NOT NULL,
    description TEXT   NOT NULL,
    version     BIGINT NOT NULL,
    audit_seq   BIGINT NOT NULL,
    audit_head  TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    archived_at BIGINT
);

CREATE TABLE environment (
    id          TEXT COLLATE "C" PRIMARY KEY,
    project_id  TEXT   NOT NULL REFERENCES project (id),
    key         TEXT COLLATE "C" NOT NULL,
    name        TEXT COLLATE "C" NOT NULL,
    protected   BIGINT NOT NULL,
    epoch       BIGINT NOT NULL,
    revision    BIGINT NOT NULL,
    version     BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    archived_at BIGINT,
    UNIQUE (project_id, key)
);

-- The definition is shared by every environment of the project.
CREATE TABLE flag (
    id          TEXT COLLATE "C" PRIMARY KEY,
    project_id  TEXT   NOT NULL REFERENCES project (id),
    key         TEXT COLLATE "C" NOT NULL,
    version     BIGINT NOT NULL,
    definition  TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    archived_at BIGINT,
    UNIQUE (project_id, key)
);

CREATE TABLE configuration (
    flag_id        TEXT   NOT NULL REFERENCES flag (id),
    environment_id TEXT   NOT NULL REFERENCES environment (id),
    version        BIGINT NOT NULL,
    document       TEXT   NOT NULL,
    updated_at     BIGINT NOT NULL,
    updated_by     TEXT   NOT NULL,
    PRIMARY KEY (flag_id, environment_id)
);
CREATE INDEX configuration_environment ON configuration (environment_id);

-- Segments and layers: project-wide documents that every snapshot of the project carries.
CREATE TABLE shared (
    id          TEXT COLLATE "C" PRIMARY KEY,
    project_id  TEXT   NOT NULL REFERENCES project (id),
    kind        TEXT   NOT NULL CHECK (kind IN ('segment', 'layer')),
    key         TEXT COLLATE "C" NOT NULL,
    version     BIGINT NOT NULL,
    document    TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    archived_at BIGINT,
    UNIQUE (project_id, kind, key)
);

-- Every version a resource ever had: what history shows and revert restores.
-- environment_id is '' for what the environments share.
CREATE TABLE resource_version (
    resource_id    TEXT   NOT NULL,
    environment_id TEXT   NOT NULL,
    version        BIGINT NOT NULL,
    document       TEXT   NOT NULL,
    action         TEXT   NOT NULL,
    actor          TEXT   NOT NULL,
    reason         TEXT   NOT NULL,
    revision       BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    PRIMARY KEY (resource_id, environment_id, version)
);

-- What nodes replay: one or more rows a revision, numbered by seq from 0, never a gap in revision.
CREATE TABLE change (
    id             TEXT COLLATE "C" PRIMARY KEY,
    environment_id TEXT   NOT NULL REFERENCES environment (id),
    epoch          BIGINT NOT NULL,
    revision       BIGINT NOT NULL,
    seq            BIGINT NOT NULL,
    kind           TEXT   NOT NULL,
    key            TEXT COLLATE "C" NOT NULL,
    document       TEXT,
    created_at     BIGINT NOT NULL,
    UNIQUE (environment_id, revision, seq)
);

-- Append-only, hash-chained per project, with one more chain (chain = '') for the installation.
-- entry is the exact text that was hashed: hash = sha256(previous hash || entry), in hex.
CREATE TABLE audit (
    chain       TEXT COLLATE "C" NOT NULL,
    seq         BIGINT NOT NULL,
    hash        TEXT   NOT NULL,
    entry       TEXT   NOT NULL,
    at          BIGINT NOT NULL,
    actor       TEXT   NOT NULL,
    action      TEXT   NOT NULL,
    kind        TEXT   NOT NULL,
    key         TEXT COLLATE "C" NOT NULL,
    environment TEXT   NOT NULL,
    PRIMARY KEY (chain, seq)
);
CREATE INDEX audit_resource ON audit (chain, kind, key, seq);

CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END;
$$;
CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();

-- Written with the change it tells of, delivered later (webhooks), pruned after delivery.
CREATE TABLE outbox (
    id          TEXT COLLATE "C" PRIMARY KEY,
    project_id  TEXT   NOT NULL,
    topic       TEXT   NOT NULL,
    payload     TEXT   NOT NULL,
    created_at  BIGINT NOT NULL
);
CREATE INDEX outbox_created ON outbox (created_at);

CREATE TABLE idempotency (
    principal   TEXT   NOT NULL,
    key         TEXT COLLATE "C" NOT NULL,
    request     TEXT   NOT NULL,
    outcome     TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (principal, key)
);
CREATE INDEX idempotency_created ON idempotency (created_at);

-- verifier is sha256(secret) in hex; the secret itself is never stored.
CREATE TABLE access_key (
    id             TEXT COLLATE "C" PRIMARY KEY,
    selector       TEXT   NOT NULL UNIQUE,
    kind           TEXT   NOT NULL CHECK (kind IN ('server', 'client', 'api')),
    project_id     TEXT   REFERENCES project (id),
    environment_id TEXT   REFERENCES environment (id),
    name           TEXT COLLATE "C" NOT NULL,
    verifier       TEXT   NOT NULL,
    grants         TEXT   NOT NULL,
    origins        TEXT   NOT NULL,
    created_at     BIGINT NOT NULL,
    created_by     TEXT   NOT NULL,
    expires_at     BIGINT,
    revoked_at     BIGINT,
    last_used_at   BIGINT,
    rotated_to     TEXT
);
CREATE INDEX access_key_project ON access_key (project_id);
