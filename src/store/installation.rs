//! The installation's one row: its identity, its secret, and the revision under which keys and environments change.

use super::{Arg, Db, Row, StoreError, Tx, new_id};

/// The installation.
#[derive(Debug, Clone)]
pub struct Installation {
    /// Its identity.
    pub key: String,
    /// The secret under which channel tokens are signed, hex.
    pub secret: String,
    /// Grows with every change of keys, environments and projects.
    pub revision: i64,
    /// How many entries the installation's audit chain has.
    pub audit_seq: i64,
    /// The hash of the last of them.
    pub audit_head: String,
}

statements! {
    INSERT = "INSERT INTO installation (id, key, secret, revision, audit_seq, audit_head, created_at) \
              VALUES (1, $1, $2, 1, 0, '', $3) ON CONFLICT (id) DO NOTHING";
    SELECT = "SELECT key, secret, revision, audit_seq, audit_head FROM installation WHERE id = 1";
    LOCK = "UPDATE installation SET audit_seq = audit_seq WHERE id = 1 \
            RETURNING key, secret, revision, audit_seq, audit_head";
    BUMP = "UPDATE installation SET revision = revision + 1 WHERE id = 1 RETURNING revision";
    SET_AUDIT = "UPDATE installation SET audit_seq = $1, audit_head = $2 WHERE id = 1";
}

/// Makes the row; answers whether it was new, so that exactly one node does the first run.
pub async fn create(tx: &mut Tx, secret: &str, now: i64) -> Result<bool, StoreError> {
    let id = new_id();
    Ok(tx.execute(INSERT, &[Arg::Text(&id), Arg::Text(secret), Arg::Int(now)]).await? == 1)
}

/// Reads the row, if the first run has happened.
pub async fn get(db: &Db) -> Result<Option<Installation>, StoreError> {
    db.fetch_optional(SELECT, &[]).await?.map(|row| read(&row)).transpose()
}

/// Reads the row inside a transaction.
pub async fn get_in(tx: &mut Tx) -> Result<Option<Installation>, StoreError> {
    tx.fetch_optional(SELECT, &[]).await?.map(|row| read(&row)).transpose()
}

/// Locks the row: the head of the installation's audit chain.
pub async fn lock(tx: &mut Tx) -> Result<Installation, StoreError> {
    read(&tx.fetch_one(LOCK, &[]).await?)
}

/// Counts one more change of keys, environments or projects.
pub async fn bump(tx: &mut Tx) -> Result<i64, StoreError> {
    tx.fetch_one(BUMP, &[]).await?.int("revision")
}

/// Stores the new head of the audit chain.
pub async fn set_audit(tx: &mut Tx, seq: i64, head: &str) -> Result<(), StoreError> {
    tx.execute(SET_AUDIT, &[Arg::Int(seq), Arg::Text(head)]).await.map(|_| ())
}

fn read(row: &Row) -> Result<Installation, StoreError> {
    Ok(Installation {
        key: row.text("key")?,
        secret: row.text("secret")?,
        revision: row.int("revision")?,
        audit_seq: row.int("audit_seq")?,
        audit_head: row.text("audit_head")?,
    })
}
