//! Flags: the definition that environments share, and the configuration of each.

use super::{Arg, Db, Row, StoreError, Tx};

/// A flag's definition.
#[derive(Debug, Clone)]
pub struct Flag {
    /// Its id.
    pub id: String,
    /// Its key.
    pub key: String,
    /// The definition's version.
    pub version: i64,
    /// The definition, JSON as it was written.
    pub definition: String,
    /// When it was made, microseconds.
    pub created_at: i64,
    /// When the definition was last changed, microseconds.
    pub updated_at: i64,
    /// When it was archived, microseconds.
    pub archived_at: Option<i64>,
}

/// A flag's configuration in one environment.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// The flag's id.
    pub flag_id: String,
    /// The environment's id.
    pub environment_id: String,
    /// The configuration's version.
    pub version: i64,
    /// The configuration, JSON as it was written.
    pub document: String,
    /// When it was last changed, microseconds.
    pub updated_at: i64,
    /// Who changed it last.
    pub updated_by: String,
}

/// What a snapshot is made of: one flag with its configuration.
#[derive(Debug, Clone)]
pub struct Served {
    /// The flag's key.
    pub key: String,
    /// The configuration's version.
    pub version: i64,
    /// The definition.
    pub definition: String,
    /// The configuration.
    pub configuration: String,
}

statements! {
    INSERT = "INSERT INTO flag (id, project_id, key, version, definition, created_at, updated_at) \
              VALUES ($1, $2, $3, 1, $4, $5, $5)";
    SELECT = "SELECT id, key, version, definition, created_at, updated_at, archived_at FROM flag \
              WHERE project_id = $1 AND key = $2";
    PAGE = "SELECT id, key, version, definition, created_at, updated_at, archived_at FROM flag \
            WHERE project_id = $1 AND key > $2 AND ((archived_at IS NULL AND $4 = 0) OR (archived_at IS NOT NULL AND $4 = 1)) \
            ORDER BY key LIMIT $3";
    COUNT = "SELECT COUNT(*) AS total FROM flag WHERE project_id = $1 AND archived_at IS NULL";
    UPDATE = "UPDATE flag SET definition = $2, version = version + 1, updated_at = $3 WHERE id = $1 AND version = $4";
    ARCHIVE = "UPDATE flag SET archived_at = $2, version = version + 1, updated_at = $3 WHERE id = $1 AND version = $4";
    INSERT_CONFIGURATION = "INSERT INTO configuration (flag_id, environment_id, version, document, updated_at, updated_by) \
                            VALUES ($1, $2, $3, $4, $5, $6)";
    SELECT_CONFIGURATION = "SELECT flag_id, environment_id, version, document, updated_at, updated_by \
                            FROM configuration WHERE flag_id = $1 AND environment_id = $2";
    OF_FLAG = "SELECT flag_id, environment_id, version, document, updated_at, updated_by \
               FROM configuration WHERE flag_id = $1 ORDER BY environment_id";
    UPDATE_CONFIGURATION = "UPDATE configuration SET document = $3, version = version + 1, updated_at = $4, updated_by = $5 \
                            WHERE flag_id = $1 AND environment_id = $2 AND version = $6";
    SERVED = "SELECT f.key, c.version, f.definition, c.document AS configuration \
              FROM configuration c JOIN flag f ON f.id = c.flag_id \
              WHERE c.environment_id = $1 AND f.archived_at IS NULL ORDER BY f.key";
    PAGE_CONFIGURATIONS = "SELECT c.flag_id, c.environment_id, c.version, c.document, c.updated_at, c.updated_by \
                           FROM configuration c JOIN flag f ON f.id = c.flag_id \
                           WHERE f.project_id = $1 AND f.key >= $2 AND f.key <= $3 \
                           AND ((f.archived_at IS NULL AND $4 = 0) OR (f.archived_at IS NOT NULL AND $4 = 1)) ORDER BY f.key";
    ALL_OF_PROJECT = "SELECT id, key, version, definition, created_at, updated_at, archived_at FROM flag \
                      WHERE project_id = $1 ORDER BY key";
}

/// Makes a flag.
pub async fn insert(tx: &mut Tx, project_id: &str, flag: &Flag) -> Result<(), StoreError> {
    let args = [
        Arg::Text(&flag.id),
        Arg::Text(project_id),
        Arg::Text(&flag.key),
        Arg::Text(&flag.definition),
        Arg::Int(flag.created_at),
    ];
    tx.execute(INSERT, &args).await.map(|_| ())
}

/// Reads a flag, archived or not.
pub async fn get(db: &Db, project_id: &str, key: &str) -> Result<Option<Flag>, StoreError> {
    db.fetch_optional(SELECT, &[Arg::Text(project_id), Arg::Text(key)])
        .await?
        .map(|row| read(&row))
        .transpose()
}

/// Reads a flag inside a transaction, archived or not.
pub async fn get_in(tx: &mut Tx, project_id: &str, key: &str) -> Result<Option<Flag>, StoreError> {
    tx.fetch_optional(SELECT, &[Arg::Text(project_id), Arg::Text(key)])
        .await?
        .map(|row| read(&row))
        .transpose()
}

/// Reads a page of flags after a key: the living ones, or the archived ones.
pub async fn page(
    db: &Db,
    project_id: &str,
    after: &str,
    limit: i64,
    archived: i64,
) -> Result<Vec<Flag>, StoreError> {
    let args = [Arg::Text(project_id), Arg::Text(after), Arg::Int(limit), Arg::Int(archived)];
    db.fetch_all(PAGE, &args).await?.iter().map(read).collect()
}

/// Every flag of a project, the archived ones too.
pub async fn all_in(tx: &mut Tx, project_id: &str) -> Result<Vec<Flag>, StoreError> {
    tx.fetch_all(ALL_OF_PROJECT, &[Arg::Text(project_id)]).await?.iter().map(read).collect()
}

/// How many living flags a project has.
pub async fn count(tx: &mut Tx, project_id: &str) -> Result<i64, StoreError> {
    tx.fetch_one(COUNT, &[Arg::Text(project_id)]).await?.int("total")
}

/// Stores a definition; false when the version has moved.
pub async fn update(
    tx: &mut Tx,
    id: &str,
    definition: &str,
    expected: i64,
    now: i64,
) -> Result<bool, StoreError> {
    let args = [Arg::Text(id), Arg::Text(definition), Arg::Int(now), Arg::Int(expected)];
    Ok(tx.execute(UPDATE, &args).await? == 1)
}

/// Archives a flag, or brings it back with `None`; false when the version has moved.
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

/// Makes a configuration, at the version it carries.
pub async fn insert_configuration(tx: &mut Tx, configuration: &Configuration) -> Result<(), StoreError> {
    let args = [
        Arg::Text(&configuration.flag_id),
        Arg::Text(&configuration.environment_id),
        Arg::Int(configuration.version),
        Arg::Text(&configuration.document),
        Arg::Int(configuration.updated_at),
        Arg::Text(&configuration.updated_by),
    ];
    tx.execute(INSERT_CONFIGURATION, &args).await.map(|_| ())
}

/// Reads a configuration.
pub async fn configuration(
    db: &Db,
    flag_id: &str,
    environment_id: &str,
) -> Result<Option<Configuration>, StoreError> {
    let args = [Arg::Text(flag_id), Arg::Text(environment_id)];
    db.fetch_optional(SELECT_CONFIGURATION, &args).await?.map(|row| read_configuration(&row)).transpose()
}

/// Reads a configuration inside a transaction.
pub async fn configuration_in(
    tx: &mut Tx,
    flag_id: &str,
    environment_id: &str,
) -> Result<Option<Configuration>, StoreError> {
    let args = [Arg::Text(flag_id), Arg::Text(environment_id)];
    tx.fetch_optional(SELECT_CONFIGURATION, &args).await?.map(|row| read_configuration(&row)).transpose()
}

/// Reads a flag's configurations in every environment.
pub async fn configurations(db: &Db, flag_id: &str) -> Result<Vec<Configuration>, StoreError> {
    db.fetch_all(OF_FLAG, &[Arg::Text(flag_id)]).await?.iter().map(read_configuration).collect()
}

/// The same inside a transaction.
pub async fn configurations_in(tx: &mut Tx, flag_id: &str) -> Result<Vec<Configuration>, StoreError> {
    tx.fetch_all(OF_FLAG, &[Arg::Text(flag_id)]).await?.iter().map(read_configuration).collect()
}

/// Reads the configurations of the flags whose keys lie between two, both included: those of one page of the living
/// flags, or of the archived ones.
pub async fn configurations_between(
    db: &Db,
    project_id: &str,
    (first, last): (&str, &str),
    archived: i64,
) -> Result<Vec<Configuration>, StoreError> {
    let args = [Arg::Text(project_id), Arg::Text(first), Arg::Text(last), Arg::Int(archived)];
    db.fetch_all(PAGE_CONFIGURATIONS, &args).await?.iter().map(read_configuration).collect()
}

/// Stores a configuration: the version in the WHERE is the check. False when it has moved.
pub async fn update_configuration(
    tx: &mut Tx,
    new: &Configuration,
    expected: i64,
) -> Result<bool, StoreError> {
    let args = [
        Arg::Text(&new.flag_id),
        Arg::Text(&new.environment_id),
        Arg::Text(&new.document),
        Arg::Int(new.updated_at),
        Arg::Text(&new.updated_by),
        Arg::Int(expected),
    ];
    Ok(tx.execute(UPDATE_CONFIGURATION, &args).await? == 1)
}

/// Reads all that one environment serves, by key.
pub async fn served(tx: &mut Tx, environment_id: &str) -> Result<Vec<Served>, StoreError> {
    let rows = tx.fetch_all(SERVED, &[Arg::Text(environment_id)]).await?;
    rows.iter()
        .map(|row| {
            Ok(Served {
                key: row.text("key")?,
                version: row.int("version")?,
                definition: row.text("definition")?,
                configuration: row.text("configuration")?,
            })
        })
        .collect()
}

fn read(row: &Row) -> Result<Flag, StoreError> {
    Ok(Flag {
        id: row.text("id")?,
        key: row.text("key")?,
        version: row.int("version")?,
        definition: row.text("definition")?,
        created_at: row.int("created_at")?,
        updated_at: row.int("updated_at")?,
        archived_at: row.opt_int("archived_at")?,
    })
}

fn read_configuration(row: &Row) -> Result<Configuration, StoreError> {
    Ok(Configuration {
        flag_id: row.text("flag_id")?,
        environment_id: row.text("environment_id")?,
        version: row.int("version")?,
        document: row.text("document")?,
        updated_at: row.int("updated_at")?,
        updated_by: row.text("updated_by")?,
    })
}
