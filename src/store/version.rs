//! Every version a resource ever had: what history shows and revert restores.

use super::{Arg, Db, Row, StoreError, Tx};

/// One version of a flag's definition, a configuration, a segment or a layer.
#[derive(Debug, Clone)]
pub struct Version {
    /// The resource's id.
    pub resource_id: String,
    /// The environment's id, "" for what environments share.
    pub environment_id: String,
    /// The version.
    pub version: i64,
    /// The document as it was then.
    pub document: String,
    /// What was done.
    pub action: String,
    /// Who did it.
    pub actor: String,
    /// Why, "" when nobody said.
    pub reason: String,
    /// The environment's revision that carried it, 0 for what environments share.
    pub revision: i64,
    /// When, microseconds.
    pub created_at: i64,
}

statements! {
    INSERT = "INSERT INTO resource_version \
              (resource_id, environment_id, version, document, action, actor, reason, revision, created_at) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    SELECT = "SELECT resource_id, environment_id, version, document, action, actor, reason, revision, created_at \
              FROM resource_version WHERE resource_id = $1 AND environment_id = $2 AND version = $3";
    PAGE = "SELECT resource_id, environment_id, version, document, action, actor, reason, revision, created_at \
            FROM resource_version WHERE resource_id = $1 AND environment_id = $2 AND version < $3 \
            ORDER BY version DESC LIMIT $4";
}

/// Stores a version.
pub async fn insert(tx: &mut Tx, new: &Version) -> Result<(), StoreError> {
    let args = [
        Arg::Text(&new.resource_id),
        Arg::Text(&new.environment_id),
        Arg::Int(new.version),
        Arg::Text(&new.document),
        Arg::Text(&new.action),
        Arg::Text(&new.actor),
        Arg::Text(&new.reason),
        Arg::Int(new.revision),
        Arg::Int(new.created_at),
    ];
    tx.execute(INSERT, &args).await.map(|_| ())
}

/// Reads one version.
pub async fn get(
    tx: &mut Tx,
    resource_id: &str,
    environment_id: &str,
    version: i64,
) -> Result<Option<Version>, StoreError> {
    let args = [Arg::Text(resource_id), Arg::Text(environment_id), Arg::Int(version)];
    tx.fetch_optional(SELECT, &args).await?.map(|row| read(&row)).transpose()
}

/// Reads versions below one, newest first.
pub async fn page(
    db: &Db,
    resource_id: &str,
    environment_id: &str,
    below: i64,
    limit: i64,
) -> Result<Vec<Version>, StoreError> {
    let args = [Arg::Text(resource_id), Arg::Text(environment_id), Arg::Int(below), Arg::Int(limit)];
    db.fetch_page(PAGE, &args, "document").await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Version, StoreError> {
    Ok(Version {
        resource_id: row.text("resource_id")?,
        environment_id: row.text("environment_id")?,
        version: row.int("version")?,
        document: row.text("document")?,
        action: row.text("action")?,
        actor: row.text("actor")?,
        reason: row.text("reason")?,
        revision: row.int("revision")?,
        created_at: row.int("created_at")?,
    })
}
