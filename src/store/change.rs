//! The change table: what nodes replay to keep their memory current.

use super::{Arg, Db, Row, StoreError, Tx, new_id};

/// One change of one environment.
#[derive(Debug, Clone)]
pub struct Change {
    /// Its id; tells two histories with equal numbers apart.
    pub id: String,
    /// The environment's revision.
    pub revision: i64,
    /// Its place within the revision, from 0.
    pub seq: i64,
    /// `flag`, `segment`, `layer`, or `environment` (nothing of the snapshot changed).
    pub kind: String,
    /// The key of what changed.
    pub key: String,
    /// The new document; None when it left the snapshot.
    pub document: Option<String>,
    /// When, microseconds.
    pub created_at: i64,
}

/// What a change touched, without the document.
#[derive(Debug, Clone)]
pub struct Touch {
    /// The environment's revision.
    pub revision: i64,
    /// As in [`Change`].
    pub kind: String,
    /// The key of what changed.
    pub key: String,
    /// When, microseconds.
    pub created_at: i64,
}

/// Where a new change belongs.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The environment's id.
    pub environment_id: &'a str,
    /// Its epoch.
    pub epoch: i64,
    /// The revision just taken.
    pub revision: i64,
    /// The place within the revision.
    pub seq: i64,
    /// Now, microseconds.
    pub now: i64,
}

statements! {
    INSERT = "INSERT INTO change (id, environment_id, epoch, revision, seq, kind, key, document, created_at) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    SINCE = "SELECT id, revision, seq, kind, key, document, created_at FROM change \
             WHERE environment_id = $1 AND revision >= $2 ORDER BY revision, seq LIMIT $3";
    RECENT = "SELECT revision, kind, key, created_at FROM change \
              WHERE environment_id = $1 AND epoch = $2 AND revision > $3 AND revision <= $4 \
              ORDER BY revision DESC, seq DESC LIMIT $5";
    PRUNE = "DELETE FROM change WHERE id IN (SELECT c.id FROM change c JOIN environment e ON e.id = c.environment_id \
             WHERE c.created_at < $1 AND c.revision < e.revision ORDER BY c.created_at LIMIT $2)";
}

/// Stores a change; answers its id.
pub async fn insert(
    tx: &mut Tx,
    place: Place<'_>,
    kind: &str,
    key: &str,
    document: Option<&str>,
) -> Result<String, StoreError> {
    let id = new_id();
    let args = [
        Arg::Text(&id),
        Arg::Text(place.environment_id),
        Arg::Int(place.epoch),
        Arg::Int(place.revision),
        Arg::Int(place.seq),
        Arg::Text(kind),
        Arg::Text(key),
        Arg::OptText(document),
        Arg::Int(place.now),
    ];
    tx.execute(INSERT, &args).await?;
    Ok(id)
}

/// Reads the changes from a revision on, that revision's own included, in order.
pub async fn since(
    db: &Db,
    environment_id: &str,
    revision: i64,
    limit: i64,
) -> Result<Vec<Change>, StoreError> {
    let args = [Arg::Text(environment_id), Arg::Int(revision), Arg::Int(limit)];
    db.fetch_all(SINCE, &args).await?.iter().map(read).collect()
}

/// Reads what the changes of one epoch between two revisions touched, the last ones first, the later one's included.
pub async fn recent(
    tx: &mut Tx,
    environment_id: &str,
    epoch: i64,
    (after, to): (i64, i64),
    limit: i64,
) -> Result<Vec<Touch>, StoreError> {
    let args = [Arg::Text(environment_id), Arg::Int(epoch), Arg::Int(after), Arg::Int(to), Arg::Int(limit)];
    let touch = |row: &Row| {
        Ok(Touch {
            revision: row.int("revision")?,
            kind: row.text("kind")?,
            key: row.text("key")?,
            created_at: row.int("created_at")?,
        })
    };
    tx.fetch_all(RECENT, &args).await?.iter().map(touch).collect()
}

/// Deletes changes older than a time, but for the newest revision of each environment; answers how many.
pub async fn prune(tx: &mut Tx, before: i64, limit: i64) -> Result<u64, StoreError> {
    tx.execute(PRUNE, &[Arg::Int(before), Arg::Int(limit)]).await
}

fn read(row: &Row) -> Result<Change, StoreError> {
    Ok(Change {
        id: row.text("id")?,
        revision: row.int("revision")?,
        seq: row.int("seq")?,
        kind: row.text("kind")?,
        key: row.text("key")?,
        document: row.opt_text("document")?,
        created_at: row.int("created_at")?,
    })
}
