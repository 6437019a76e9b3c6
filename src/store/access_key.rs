//! Keys and tokens: a public selector and the verifier of a secret that is not stored.

use super::{Arg, Db, Row, StoreError, Tx};

/// A stored key.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AccessKey {
    /// Its id.
    pub id: String,
    /// The public part by which it is found.
    pub selector: String,
    /// `server`, `client` or `api`.
    pub kind: String,
    /// The project's id; None for a token of the installation.
    pub project_id: Option<String>,
    /// The project's key.
    pub project: Option<String>,
    /// The environment's id, of a server or client key.
    pub environment_id: Option<String>,
    /// The environment's key.
    pub environment: Option<String>,
    /// Its name, for people.
    pub name: String,
    /// sha256 of the secret, hex.
    pub verifier: String,
    /// Grants, JSON; `[]` for server and client keys.
    pub grants: String,
    /// Origins from which a client key may be used, JSON; `[]` is any.
    pub origins: String,
    /// When it was made, microseconds.
    pub created_at: i64,
    /// Who made it.
    pub created_by: String,
    /// When it ends, microseconds.
    pub expires_at: Option<i64>,
    /// When it was revoked, microseconds.
    pub revoked_at: Option<i64>,
    /// When it was last used, microseconds; written now and then.
    pub last_used_at: Option<i64>,
    /// The id of the key that took its place.
    pub rotated_to: Option<String>,
}

statements! {
    INSERT = "INSERT INTO access_key (id, selector, kind, project_id, environment_id, name, verifier, grants, origins, \
              created_at, created_by, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    ALL = "SELECT k.id, k.selector, k.kind, k.project_id, p.key AS project, k.environment_id, e.key AS environment, k.name, \
           k.verifier, k.grants, k.origins, k.created_at, k.created_by, k.expires_at, k.revoked_at, k.last_used_at, k.rotated_to \
           FROM access_key k LEFT JOIN project p ON p.id = k.project_id LEFT JOIN environment e ON e.id = k.environment_id \
           WHERE p.archived_at IS NULL AND e.archived_at IS NULL ORDER BY k.id";
    SELECT = "SELECT k.id, k.selector, k.kind, k.project_id, p.key AS project, k.environment_id, e.key AS environment, k.name, \
              k.verifier, k.grants, k.origins, k.created_at, k.created_by, k.expires_at, k.revoked_at, k.last_used_at, k.rotated_to \
              FROM access_key k LEFT JOIN project p ON p.id = k.project_id LEFT JOIN environment e ON e.id = k.environment_id \
              WHERE k.id = $1";
    PAGE = "SELECT k.id, k.selector, k.kind, k.project_id, p.key AS project, k.environment_id, e.key AS environment, k.name, \
            k.verifier, k.grants, k.origins, k.created_at, k.created_by, k.expires_at, k.revoked_at, k.last_used_at, k.rotated_to \
            FROM access_key k LEFT JOIN project p ON p.id = k.project_id LEFT JOIN environment e ON e.id = k.environment_id \
            WHERE COALESCE(k.project_id, '') = $1 AND k.id > $2 ORDER BY k.id LIMIT $3";
    TOKENS = "SELECT k.id, k.selector, k.kind, k.project_id, NULL AS project, k.environment_id, NULL AS environment, k.name, \
              k.verifier, k.grants, k.origins, k.created_at, k.created_by, k.expires_at, k.revoked_at, k.last_used_at, k.rotated_to \
              FROM access_key k WHERE k.project_id IS NULL AND k.revoked_at IS NULL \
              AND (k.expires_at IS NULL OR k.expires_at > $1) ORDER BY k.id";
    REVOKE = "UPDATE access_key SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
    ROTATE = "UPDATE access_key SET expires_at = $2, rotated_to = $3 WHERE id = $1 AND revoked_at IS NULL AND rotated_to IS NULL";
    STAMP = "SELECT COALESCE(MAX(id), '') || '/' || COALESCE(CAST(MAX(revoked_at) AS TEXT), '') AS stamp FROM access_key";
    USED = "UPDATE access_key SET last_used_at = $2 WHERE id = $1 AND COALESCE(last_used_at, 0) < $2";
}

/// Makes a key.
pub async fn insert(tx: &mut Tx, key: &AccessKey) -> Result<(), StoreError> {
    let args = [
        Arg::Text(&key.id),
        Arg::Text(&key.selector),
        Arg::Text(&key.kind),
        Arg::OptText(key.project_id.as_deref()),
        Arg::OptText(key.environment_id.as_deref()),
        Arg::Text(&key.name),
        Arg::Text(&key.verifier),
        Arg::Text(&key.grants),
        Arg::Text(&key.origins),
        Arg::Int(key.created_at),
        Arg::Text(&key.created_by),
        Arg::OptInt(key.expires_at),
    ];
    tx.execute(INSERT, &args).await.map(|_| ())
}

/// Reads every key of living projects and environments, revoked ones too: what memory holds.
pub async fn all(db: &Db) -> Result<Vec<AccessKey>, StoreError> {
    db.fetch_all(ALL, &[]).await?.iter().map(read).collect()
}

/// What changes with every key that is made or revoked: tells two histories with equal revisions apart.
pub async fn stamp(db: &Db) -> Result<String, StoreError> {
    db.fetch_optional(STAMP, &[]).await?.ok_or(StoreError::Missing)?.text("stamp")
}

/// Reads a key by its id.
pub async fn get(db: &Db, id: &str) -> Result<Option<AccessKey>, StoreError> {
    db.fetch_optional(SELECT, &[Arg::Text(id)]).await?.map(|row| read(&row)).transpose()
}

/// Reads a key by its id inside a transaction.
pub async fn get_in(tx: &mut Tx, id: &str) -> Result<Option<AccessKey>, StoreError> {
    tx.fetch_optional(SELECT, &[Arg::Text(id)]).await?.map(|row| read(&row)).transpose()
}

/// Reads a page of a project's keys after an id; project "" is the installation.
pub async fn page(db: &Db, project_id: &str, after: &str, limit: i64) -> Result<Vec<AccessKey>, StoreError> {
    let args = [Arg::Text(project_id), Arg::Text(after), Arg::Int(limit)];
    db.fetch_all(PAGE, &args).await?.iter().map(read).collect()
}

/// Reads the installation's tokens that are neither revoked nor expired.
pub async fn living_tokens(tx: &mut Tx, now: i64) -> Result<Vec<AccessKey>, StoreError> {
    tx.fetch_all(TOKENS, &[Arg::Int(now)]).await?.iter().map(read).collect()
}

/// Revokes a key; false when it was revoked already.
pub async fn revoke(tx: &mut Tx, id: &str, now: i64) -> Result<bool, StoreError> {
    Ok(tx.execute(REVOKE, &[Arg::Text(id), Arg::Int(now)]).await? == 1)
}

/// Ends a key at a time and names the one that takes its place; false when it was revoked or rotated already.
pub async fn rotate(tx: &mut Tx, id: &str, expires_at: i64, rotated_to: &str) -> Result<bool, StoreError> {
    Ok(tx.execute(ROTATE, &[Arg::Text(id), Arg::Int(expires_at), Arg::Text(rotated_to)]).await? == 1)
}

/// Notes when a key was last used.
pub async fn used(tx: &mut Tx, id: &str, at: i64) -> Result<(), StoreError> {
    tx.execute(USED, &[Arg::Text(id), Arg::Int(at)]).await.map(|_| ())
}

fn read(row: &Row) -> Result<AccessKey, StoreError> {
    Ok(AccessKey {
        id: row.text("id")?,
        selector: row.text("selector")?,
        kind: row.text("kind")?,
        project_id: row.opt_text("project_id")?,
        project: row.opt_text("project")?,
        environment_id: row.opt_text("environment_id")?,
        environment: row.opt_text("environment")?,
        name: row.text("name")?,
        verifier: row.text("verifier")?,
        grants: row.text("grants")?,
        origins: row.text("origins")?,
        created_at: row.int("created_at")?,
        created_by: row.text("created_by")?,
        expires_at: row.opt_int("expires_at")?,
        revoked_at: row.opt_int("revoked_at")?,
        last_used_at: row.opt_int("last_used_at")?,
        rotated_to: row.opt_text("rotated_to")?,
    })
}
