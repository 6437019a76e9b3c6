//! Projects. The row is also the head of the project's audit chain, so locking it orders all its changes.

use super::{Arg, Db, Row, StoreError, Tx};

/// A project.
#[derive(Debug, Clone)]
pub struct Project {
    /// Its id.
    pub id: String,
    /// Its key.
    pub key: String,
    /// Its name, for people.
    pub name: String,
    /// What it is, for people.
    pub description: String,
    /// Its version.
    pub version: i64,
    /// How many entries its audit chain has.
    pub audit_seq: i64,
    /// The hash of the last of them, "" before the first.
    pub audit_head: String,
    /// When it was made, microseconds.
    pub created_at: i64,
    /// When it was last changed, microseconds.
    pub updated_at: i64,
    /// When it was archived, microseconds.
    pub archived_at: Option<i64>,
}

statements! {
    INSERT = "INSERT INTO project (id, key, name, description, version, audit_seq, audit_head, created_at, updated_at) \
              VALUES ($1, $2, $3, $4, 1, 0, '', $5, $5)";
    SELECT = "SELECT id, key, name, description, version, audit_seq, audit_head, created_at, updated_at, archived_at \
              FROM project WHERE key = $1 AND archived_at IS NULL";
    PAGE = "SELECT id, key, name, description, version, audit_seq, audit_head, created_at, updated_at, archived_at \
            FROM project WHERE archived_at IS NULL AND key > $1 ORDER BY key LIMIT $2";
    LOCK = "UPDATE project SET audit_seq = audit_seq WHERE key = $1 AND archived_at IS NULL \
            RETURNING id, key, name, description, version, audit_seq, audit_head, created_at, updated_at, archived_at";
    UPDATE = "UPDATE project SET name = $2, description = $3, version = version + 1, updated_at = $4 \
              WHERE id = $1 AND version = $5";
    ARCHIVE = "UPDATE project SET archived_at = $2, version = version + 1, updated_at = $2 \
               WHERE id = $1 AND version = $3";
    SET_AUDIT = "UPDATE project SET audit_seq = $2, audit_head = $3 WHERE id = $1";
}

/// Makes a project.
pub async fn insert(tx: &mut Tx, project: &Project) -> Result<(), StoreError> {
    let args = [
        Arg::Text(&project.id),
        Arg::Text(&project.key),
        Arg::Text(&project.name),
        Arg::Text(&project.description),
        Arg::Int(project.created_at),
    ];
    tx.execute(INSERT, &args).await.map(|_| ())
}

/// Reads a project by its key; an archived one is not there.
pub async fn get(db: &Db, key: &str) -> Result<Option<Project>, StoreError> {
    db.fetch_optional(SELECT, &[Arg::Text(key)]).await?.map(|row| read(&row)).transpose()
}

/// Reads a project by its key inside a transaction.
pub async fn get_in(tx: &mut Tx, key: &str) -> Result<Option<Project>, StoreError> {
    tx.fetch_optional(SELECT, &[Arg::Text(key)]).await?.map(|row| read(&row)).transpose()
}

/// Reads a page of projects after a key.
pub async fn page(db: &Db, after: &str, limit: i64) -> Result<Vec<Project>, StoreError> {
    db.fetch_all(PAGE, &[Arg::Text(after), Arg::Int(limit)]).await?.iter().map(read).collect()
}

/// Locks a project: every change of it comes first to here.
pub async fn lock(tx: &mut Tx, key: &str) -> Result<Option<Project>, StoreError> {
    tx.fetch_optional(LOCK, &[Arg::Text(key)]).await?.map(|row| read(&row)).transpose()
}

/// Stores name and description; false when the version has moved.
pub async fn update(tx: &mut Tx, project: &Project, expected: i64, now: i64) -> Result<bool, StoreError> {
    let args = [
        Arg::Text(&project.id),
        Arg::Text(&project.name),
        Arg::Text(&project.description),
        Arg::Int(now),
        Arg::Int(expected),
    ];
    Ok(tx.execute(UPDATE, &args).await? == 1)
}

/// Archives a project; false when the version has moved.
pub async fn archive(tx: &mut Tx, id: &str, expected: i64, now: i64) -> Result<bool, StoreError> {
    Ok(tx.execute(ARCHIVE, &[Arg::Text(id), Arg::Int(now), Arg::Int(expected)]).await? == 1)
}

/// Stores the new head of the audit chain.
pub async fn set_audit(tx: &mut Tx, id: &str, seq: i64, head: &str) -> Result<(), StoreError> {
    tx.execute(SET_AUDIT, &[Arg::Text(id), Arg::Int(seq), Arg::Text(head)]).await.map(|_| ())
}

fn read(row: &Row) -> Result<Project, StoreError> {
    Ok(Project {
        id: row.text("id")?,
        key: row.text("key")?,
        name: row.text("name")?,
        description: row.text("description")?,
        version: row.int("version")?,
        audit_seq: row.int("audit_seq")?,
        audit_head: row.text("audit_head")?,
        created_at: row.int("created_at")?,
        updated_at: row.int("updated_at")?,
        archived_at: row.opt_int("archived_at")?,
    })
}
