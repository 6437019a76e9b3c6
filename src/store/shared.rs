//! Segments and layers: documents that all environments of a project share.

use super::{Arg, Db, Row, StoreError, Tx};

/// A segment or a layer.
#[derive(Debug, Clone)]
pub struct Shared {
    /// Its id.
    pub id: String,
    /// Its key.
    pub key: String,
    /// Its version.
    pub version: i64,
    /// The document, JSON as it was written.
    pub document: String,
    /// When it was made, microseconds.
    pub created_at: i64,
    /// When it was last changed, microseconds.
    pub updated_at: i64,
    /// When it was archived, microseconds.
    pub archived_at: Option<i64>,
}

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A segment.
    Segment,
    /// A layer.
    Layer,
}

impl Kind {
    /// The kind's name, in the database and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Segment => "segment",
            Kind::Layer => "layer",
        }
    }
}

statements! {
    INSERT = "INSERT INTO shared (id, project_id, kind, key, version, document, created_at, updated_at) \
              VALUES ($1, $2, $3, $4, 1, $5, $6, $6)";
    SELECT = "SELECT id, key, version, document, created_at, updated_at, archived_at FROM shared \
              WHERE project_id = $1 AND kind = $2 AND key = $3";
    PAGE = "SELECT id, key, version, document, created_at, updated_at, archived_at FROM shared \
            WHERE project_id = $1 AND kind = $2 AND archived_at IS NULL AND key > $3 ORDER BY key LIMIT $4";
    ALL = "SELECT id, key, version, document, created_at, updated_at, archived_at FROM shared \
           WHERE project_id = $1 AND kind = $2 AND archived_at IS NULL ORDER BY key";
    UPDATE = "UPDATE shared SET document = $2, version = version + 1, updated_at = $3 WHERE id = $1 AND version = $4";
    ARCHIVE = "UPDATE shared SET archived_at = $2, version = version + 1, updated_at = $3 WHERE id = $1 AND version = $4";
}

/// Makes a segment or a layer.
pub async fn insert(tx: &mut Tx, project_id: &str, kind: Kind, new: &Shared) -> Result<(), StoreError> {
    let args = [
        Arg::Text(&new.id),
        Arg::Text(project_id),
        Arg::Text(kind.as_str()),
        Arg::Text(&new.key),
        Arg::Text(&new.document),
        Arg::Int(new.created_at),
    ];
    tx.execute(INSERT, &args).await.map(|_| ())
}

/// Reads one, archived or not.
pub async fn get(db: &Db, project_id: &str, kind: Kind, key: &str) -> Result<Option<Shared>, StoreError> {
    let args = [Arg::Text(project_id), Arg::Text(kind.as_str()), Arg::Text(key)];
    db.fetch_optional(SELECT, &args).await?.map(|row| read(&row)).transpose()
}

/// Reads one inside a transaction, archived or not.
pub async fn get_in(
    tx: &mut Tx,
    project_id: &str,
    kind: Kind,
    key: &str,
) -> Result<Option<Shared>, StoreError> {
    let args = [Arg::Text(project_id), Arg::Text(kind.as_str()), Arg::Text(key)];
    tx.fetch_optional(SELECT, &args).await?.map(|row| read(&row)).transpose()
}

/// Reads a page after a key.
pub async fn page(
    db: &Db,
    project_id: &str,
    kind: Kind,
    after: &str,
    limit: i64,
) -> Result<Vec<Shared>, StoreError> {
    let args = [Arg::Text(project_id), Arg::Text(kind.as_str()), Arg::Text(after), Arg::Int(limit)];
    db.fetch_page(PAGE, &args, "document").await?.iter().map(read).collect()
}

/// Reads all of a kind.
pub async fn all(tx: &mut Tx, project_id: &str, kind: Kind) -> Result<Vec<Shared>, StoreError> {
    tx.fetch_all(ALL, &[Arg::Text(project_id), Arg::Text(kind.as_str())]).await?.iter().map(read).collect()
}

/// Stores a document; false when the version has moved.
pub async fn update(
    tx: &mut Tx,
    id: &str,
    document: &str,
    expected: i64,
    now: i64,
) -> Result<bool, StoreError> {
    let args = [Arg::Text(id), Arg::Text(document), Arg::Int(now), Arg::Int(expected)];
    Ok(tx.execute(UPDATE, &args).await? == 1)
}

/// Archives one, or brings it back with `None`; false when the version has moved.
pub async fn set_archived(
    tx: &mut Tx,
    id: &str,
    archived_at: Option<i64>,
    expected: i64,
    now: i64,
) -> Result<bool, StoreError> {
    let args = [Arg::Text(id), Arg::OptInt(archived_at), Arg::Int(now), Arg::Int(expected)];
    Ok(tx.execute(ARCHIVE, &args).await? == 1)
}

fn read(row: &Row) -> Result<Shared, StoreError> {
    Ok(Shared {
        id: row.text("id")?,
        key: row.text("key")?,
        version: row.int("version")?,
        document: row.text("document")?,
        created_at: row.int("created_at")?,
        updated_at: row.int("updated_at")?,
        archived_at: row.opt_int("archived_at")?,
    })
}
