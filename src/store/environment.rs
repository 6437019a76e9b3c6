//! Environments: the row that numbers every change of a snapshot.

use super::{Arg, Db, Row, StoreError, Tx};

/// An environment of a project.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Its id.
    pub id: String,
    /// Its project's id.
    pub project_id: String,
    /// Its project's key.
    pub project_key: String,
    /// Its key.
    pub key: String,
    /// Its name, for people.
    pub name: String,
    /// Whether changing what it serves needs an admin and a reason.
    pub protected: bool,
    /// Milliseconds at which this line of history began.
    pub epoch: i64,
    /// Grows by one with every change of its snapshot.
    pub revision: i64,
    /// The version of the row itself (name, protection).
    pub version: i64,
    /// When it was made, microseconds.
    pub created_at: i64,
    /// When the row was last changed, microseconds.
    pub updated_at: i64,
}

/// What the poll reads of one environment: where its history stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The environment's id.
    pub id: String,
    /// Its project's id.
    pub project_id: String,
    /// Its project's key.
    pub project: String,
    /// Its key.
    pub key: String,
    /// Its epoch.
    pub epoch: i64,
    /// Its revision.
    pub revision: i64,
    /// The id of the change with that revision, if it is kept.
    pub head: Option<String>,
}

statements! {
    INSERT = "INSERT INTO environment \
              (id, project_id, key, name, protected, epoch, revision, version, created_at, updated_at) \
              VALUES ($1, $2, $3, $4, $5, $6, 0, 1, $7, $7)";
    SELECT = "SELECT e.id, e.project_id, p.key AS project_key, e.key, e.name, e.protected, e.epoch, e.revision, e.version, \
              e.created_at, e.updated_at FROM environment e JOIN project p ON p.id = e.project_id \
              WHERE p.key = $1 AND e.key = $2 AND e.archived_at IS NULL AND p.archived_at IS NULL";
    OF_PROJECT = "SELECT e.id, e.project_id, p.key AS project_key, e.key, e.name, e.protected, e.epoch, e.revision, \
                  e.version, e.created_at, e.updated_at FROM environment e JOIN project p ON p.id = e.project_id \
                  WHERE e.project_id = $1 AND e.archived_at IS NULL ORDER BY e.id";
    BUMP = "UPDATE environment SET revision = revision + 1 WHERE id = $1 RETURNING revision, epoch";
    UPDATE = "UPDATE environment SET name = $2, protected = $3, version = version + 1, updated_at = $4 \
              WHERE id = $1 AND version = $5";
    NEW_EPOCH = "UPDATE environment SET epoch = $2, version = version + 1, updated_at = $3 WHERE id = $1 AND version = $4";
    ARCHIVE = "UPDATE environment SET archived_at = $2, version = version + 1, updated_at = $2 \
               WHERE id = $1 AND version = $3";
    POSITIONS = "SELECT e.id, e.project_id, p.key AS project, e.key, e.epoch, e.revision, c.id AS head \
                 FROM environment e JOIN project p ON p.id = e.project_id \
                 LEFT JOIN change c ON c.environment_id = e.id AND c.revision = e.revision AND c.seq = 0 \
                 WHERE e.archived_at IS NULL AND p.archived_at IS NULL ORDER BY e.id";
    POSITION = "SELECT e.id, e.project_id, p.key AS project, e.key, e.epoch, e.revision, c.id AS head \
                FROM environment e JOIN project p ON p.id = e.project_id \
                LEFT JOIN change c ON c.environment_id = e.id AND c.revision = e.revision AND c.seq = 0 \
                WHERE e.id = $1 AND e.archived_at IS NULL AND p.archived_at IS NULL";
}

/// Makes an environment at revision 0; its first change brings it to 1.
pub async fn insert(tx: &mut Tx, environment: &Environment) -> Result<(), StoreError> {
    let args = [
        Arg::Text(&environment.id),
        Arg::Text(&environment.project_id),
        Arg::Text(&environment.key),
        Arg::Text(&environment.name),
        Arg::Int(i64::from(environment.protected)),
        Arg::Int(environment.epoch),
        Arg::Int(environment.created_at),
    ];
    tx.execute(INSERT, &args).await.map(|_| ())
}

/// Reads an environment by the keys of its project and its own.
pub async fn get(db: &Db, project: &str, key: &str) -> Result<Option<Environment>, StoreError> {
    db.fetch_optional(SELECT, &[Arg::Text(project), Arg::Text(key)]).await?.map(|row| read(&row)).transpose()
}

/// Reads a project's environments, ordered by id: the order in which they are locked.
pub async fn of_project(tx: &mut Tx, project_id: &str) -> Result<Vec<Environment>, StoreError> {
    tx.fetch_all(OF_PROJECT, &[Arg::Text(project_id)]).await?.iter().map(read).collect()
}

/// The same, outside a transaction.
pub async fn list(db: &Db, project_id: &str) -> Result<Vec<Environment>, StoreError> {
    db.fetch_all(OF_PROJECT, &[Arg::Text(project_id)]).await?.iter().map(read).collect()
}

/// Locks and numbers: the one place where a revision grows. Answers revision and epoch.
pub async fn bump(tx: &mut Tx, id: &str) -> Result<(i64, i64), StoreError> {
    let row = tx.fetch_one(BUMP, &[Arg::Text(id)]).await?;
    Ok((row.int("revision")?, row.int("epoch")?))
}

/// Stores name and protection; false when the version has moved.
pub async fn update(tx: &mut Tx, new: &Environment, expected: i64, now: i64) -> Result<bool, StoreError> {
    let args = [
        Arg::Text(&new.id),
        Arg::Text(&new.name),
        Arg::Int(i64::from(new.protected)),
        Arg::Int(now),
        Arg::Int(expected),
    ];
    Ok(tx.execute(UPDATE, &args).await? == 1)
}

/// Begins a new line of history; false when the version has moved.
pub async fn new_epoch(
    tx: &mut Tx,
    id: &str,
    epoch: i64,
    expected: i64,
    now: i64,
) -> Result<bool, StoreError> {
    let args = [Arg::Text(id), Arg::Int(epoch), Arg::Int(now), Arg::Int(expected)];
    Ok(tx.execute(NEW_EPOCH, &args).await? == 1)
}

/// Archives an environment; false when the version has moved.
pub async fn archive(tx: &mut Tx, id: &str, expected: i64, now: i64) -> Result<bool, StoreError> {
    Ok(tx.execute(ARCHIVE, &[Arg::Text(id), Arg::Int(now), Arg::Int(expected)]).await? == 1)
}

/// Where every environment stands: what the poll reads.
pub async fn positions(db: &Db) -> Result<Vec<Position>, StoreError> {
    db.fetch_all(POSITIONS, &[]).await?.iter().map(read_position).collect()
}

/// Where one environment stands, in a transaction that also reads its documents.
pub async fn position(tx: &mut Tx, id: &str) -> Result<Option<Position>, StoreError> {
    tx.fetch_optional(POSITION, &[Arg::Text(id)]).await?.map(|row| read_position(&row)).transpose()
}

fn read_position(row: &Row) -> Result<Position, StoreError> {
    Ok(Position {
        id: row.text("id")?,
        project_id: row.text("project_id")?,
        project: row.text("project")?,
        key: row.text("key")?,
        epoch: row.int("epoch")?,
        revision: row.int("revision")?,
        head: row.opt_text("head")?,
    })
}

fn read(row: &Row) -> Result<Environment, StoreError> {
    Ok(Environment {
        id: row.text("id")?,
        project_id: row.text("project_id")?,
        project_key: row.text("project_key")?,
        key: row.text("key")?,
        name: row.text("name")?,
        protected: row.flag("protected")?,
        epoch: row.int("epoch")?,
        revision: row.int("revision")?,
        version: row.int("version")?,
        created_at: row.int("created_at")?,
        updated_at: row.int("updated_at")?,
    })
}
