//! Plain types and the rules of change. No IO, no SQL, no HTTP: what a flag is here, it is everywhere.

pub mod action;
pub mod create;
pub mod flag;
pub mod images;
pub mod issue;
pub mod json;
pub mod key;
pub mod role;
pub mod tally;

/// A new id for a request that came without one.
#[must_use]
pub fn new_request_id() -> String {
    uuid::Uuid::now_v7().simple().to_string()
}
