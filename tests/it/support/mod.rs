//! What tests share: a server with a home of its own, both databases, an HTTP client, waiting with a deadline.

#![allow(dead_code, unused_imports, reason = "not every part is used by every set of tests")]

pub mod books;
pub mod cluster;
pub mod follower;
pub mod home;
pub mod http;
pub mod listening;
pub mod nginx;
pub mod paths;
pub mod server;
pub mod stream;
pub mod wait;

pub use books::Books;
pub use cluster::Cluster;
pub use follower::{Follower, Sent};
pub use home::{Database, Home};
pub use http::{Answer, Client};
pub use server::Server;
pub use stream::{Opening, Stream};
pub use wait::wait_until;

/// Runs each test on SQLite and on Postgres: `mod name { sqlite, postgres }`. The argument is anything that can be
/// made from a [`Home`]: a running [`Server`], or the home itself to start servers on.
#[macro_export]
macro_rules! on_both {
    ($($(#[$attribute:meta])* fn $name:ident($argument:ident: $kind:ty) $body:block)*) => {$(
        $(#[$attribute])*
        mod $name {
            use super::*;

            fn body($argument: $kind) $body

            #[test]
            fn sqlite() {
                body($crate::support::Home::sqlite().into());
            }

            #[test]
            fn postgres() {
                body($crate::support::Home::postgres().into());
            }
        }
    )*};
}
