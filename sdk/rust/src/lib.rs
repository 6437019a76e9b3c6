//! Pennon's SDK for Rust: feature flags decided in your process.
//!
//! A [`Client`] holds the whole snapshot of its environment, keeps it current over one stream, and decides from memory:
//! without IO, without a lock, without an allocation, and without an error that you would have to handle.
//!
//! ```
//! use pennon_sdk::{Client, Context};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), pennon_sdk::BuildError> {
//! // PENNON_URL and PENNON_SDK_KEY say where to and with which key.
//! let client = Client::from_env()?;
//! client.ready().await;
//!
//! let user = Context::new("user-1").with("plan", "pro");
//! if client.is_enabled("new_checkout_flow", &user) {
//!     // …
//! }
//! let theme = client.string_value("theme", "light", &user);
//! client.close().await;
//! # assert_eq!(theme, "light");
//! # Ok(())
//! # }
//! ```
//!
//! What every SDK of Pennon does alike (states, settings, events) is said in `sdk/README.md`; recipes are in this crate's
//! README. [`mod@test`] is for your tests, [`openfeature`] (with the feature of that name) is a provider.
//!
//! # Map
//!
//! | module | holds |
//! |---|---|
//! | `client`, `builder`, `settings` | what an application holds, and how it is made |
//! | `context`, `details`, `evaluate`, `results` | a question, its answer, and the way between them |
//! | `core`, `image`, `counts`, `moment` | the snapshot that is served, its counters, time and chance |
//! | `status`, `watchers`, `listeners` | who is told of what |
//! | `feed`, `sse`, `wire`, `order`, `backoff`, `http`, `location` | keeping the snapshot current |
//! | `cache` | the file that a later process starts from |
//! | `events` | what the server is told |
//!
//! `order`, `backoff`, `sse`, `wire` and the parts of `events` are pure: time and chance are passed in.
#![deny(missing_docs)]

mod backoff;
mod builder;
mod cache;
mod client;
mod context;
mod core;
mod counts;
mod details;
mod evaluate;
mod events;
mod feed;
mod http;
mod image;
mod listeners;
mod location;
mod moment;
#[cfg(feature = "openfeature")]
pub mod openfeature;
mod order;
mod results;
mod settings;
mod sse;
mod status;
pub mod test;
mod watchers;
mod wire;

pub use builder::{BuildError, Builder};
pub use client::Client;
pub use context::{Context, Value};
pub use details::{Details, ErrorCode, FlagValue, Object, Track};
pub use listeners::Subscription;
pub use order::{NotARevision, Revision};
pub use pennon_engine::{ContextError, Reason, SnapshotError};
pub use settings::SettingError;
pub use status::{Source, State, Status};
pub use watchers::Changed;

/// How this SDK is called on the wire.
pub(crate) const SDK: &str = "pennon-rust";
/// Its version.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
