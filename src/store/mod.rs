//! SQL, and nothing but SQL: one file per aggregate, each statement written once for both databases.
//! Decides nothing: who may write what, and what is valid, is the service's.

/// Names the statements of a file, and lists them so that a test can prepare each on both databases.
macro_rules! statements {
    ($($name:ident = $sql:expr;)*) => {
        $(const $name: &str = $sql;)*
        /// Every statement of this file.
        pub const STATEMENTS: &[&str] = &[$($name),*];
    };
}

pub mod access_key;
pub mod audit;
pub mod change;
pub mod compiled;
pub mod db;
pub mod environment;
pub mod error;
pub mod evaluation;
pub mod event_session;
pub mod exposure;
pub mod flag;
pub mod idempotency;
pub mod installation;
pub mod instance;
pub mod listen;
pub mod migrate;
pub mod outbox;
pub mod project;
pub mod shared;
pub mod track;
pub mod unknown_flag;
pub mod version;

pub use db::{Arg, Db, PAGE_BYTES, Row, Tx};
pub use error::StoreError;

/// Every statement of every aggregate.
#[must_use]
pub fn all_statements() -> Vec<&'static str> {
    [
        access_key::STATEMENTS,
        audit::STATEMENTS,
        change::STATEMENTS,
        environment::STATEMENTS,
        evaluation::STATEMENTS,
        event_session::STATEMENTS,
        exposure::STATEMENTS,
        flag::STATEMENTS,
        idempotency::STATEMENTS,
        installation::STATEMENTS,
        instance::STATEMENTS,
        outbox::STATEMENTS,
        project::STATEMENTS,
        shared::STATEMENTS,
        track::STATEMENTS,
        unknown_flag::STATEMENTS,
        version::STATEMENTS,
    ]
    .concat()
}

/// A new time-ordered id (UUIDv7 text).
#[must_use]
pub fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}
