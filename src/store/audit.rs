//! The audit log: append-only (triggers refuse the rest), one hash chain per project and one for the installation.

use super::{Arg, Db, Row, StoreError, Tx};

/// One entry as it is stored.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The chain: a project's id, or "" for the installation.
    pub chain: String,
    /// Its place in the chain, from 1.
    pub seq: i64,
    /// sha256(previous hash || entry), hex.
    pub hash: String,
    /// The exact text that was hashed, JSON.
    pub entry: String,
}

/// Columns to search by; all of them stand in the entry too.
#[derive(Debug, Clone, Copy)]
pub struct Columns<'a> {
    /// When, microseconds.
    pub at: i64,
    /// Who.
    pub actor: &'a str,
    /// What was done.
    pub action: &'a str,
    /// The kind of the resource.
    pub kind: &'a str,
    /// The key of the resource.
    pub key: &'a str,
    /// The environment's key, "" for none.
    pub environment: &'a str,
}

/// What to look for; "" means anything.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The kind of the resource.
    pub kind: String,
    /// The key of the resource.
    pub key: String,
    /// The environment's key.
    pub environment: String,
    /// Who.
    pub actor: String,
}

statements! {
    INSERT = "INSERT INTO audit (chain, seq, hash, entry, at, actor, action, kind, key, environment) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    PAGE = "SELECT chain, seq, hash, entry FROM audit WHERE chain = $1 AND seq < $2 \
            AND ($4 = '' OR kind = $4) AND ($5 = '' OR key = $5) AND ($6 = '' OR environment = $6) \
            AND ($7 = '' OR actor = $7) ORDER BY seq DESC LIMIT $3";
    PAGE_OF = "SELECT chain, seq, hash, entry FROM audit WHERE chain = $1 AND seq < $2 AND kind = $4 AND key = $5 \
               AND ($6 = '' OR environment = $6) AND ($7 = '' OR actor = $7) ORDER BY seq DESC LIMIT $3";
    AFTER = "SELECT chain, seq, hash, entry FROM audit WHERE chain = $1 AND seq > $2 ORDER BY seq LIMIT $3";
}

/// Appends an entry.
pub async fn insert(tx: &mut Tx, entry: &Entry, columns: Columns<'_>) -> Result<(), StoreError> {
    let args = [
        Arg::Text(&entry.chain),
        Arg::Int(entry.seq),
        Arg::Text(&entry.hash),
        Arg::Text(&entry.entry),
        Arg::Int(columns.at),
        Arg::Text(columns.actor),
        Arg::Text(columns.action),
        Arg::Text(columns.kind),
        Arg::Text(columns.key),
        Arg::Text(columns.environment),
    ];
    tx.execute(INSERT, &args).await.map(|_| ())
}

/// Reads entries below a place, newest first, as long as they fit a page.
pub async fn page(
    db: &Db,
    chain: &str,
    below: i64,
    limit: i64,
    filter: &Filter,
) -> Result<Vec<Entry>, StoreError> {
    let args = [
        Arg::Text(chain),
        Arg::Int(below),
        Arg::Int(limit),
        Arg::Text(&filter.kind),
        Arg::Text(&filter.key),
        Arg::Text(&filter.environment),
        Arg::Text(&filter.actor),
    ];
    // Of one resource there is an index.
    let sql = if filter.kind.is_empty() || filter.key.is_empty() { PAGE } else { PAGE_OF };
    db.fetch_page(sql, &args, "entry").await?.iter().map(read).collect()
}

/// Reads entries after a place, oldest first, as long as they fit a page: for export and verification.
pub async fn after(db: &Db, chain: &str, seq: i64, limit: i64) -> Result<Vec<Entry>, StoreError> {
    let args = [Arg::Text(chain), Arg::Int(seq), Arg::Int(limit)];
    db.fetch_page(AFTER, &args, "entry").await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Entry, StoreError> {
    Ok(Entry {
        chain: row.text("chain")?,
        seq: row.int("seq")?,
        hash: row.text("hash")?,
        entry: row.text("entry")?,
    })
}
