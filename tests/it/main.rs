//! One binary for all tests that see the server from outside: it starts the true server, on both databases.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::too_many_lines,
    reason = "a test fails by panicking, and reads like a list of steps"
)]

#[macro_use]
mod support;

mod admin;
mod architecture;
mod cli;
mod crash;
mod credentials;
mod disk;
mod effects;
mod harness;
mod limits;
mod nodes;
mod ofrep;
mod openapi;
mod operation;
mod outage;
mod owners;
mod pages;
mod refusal;
mod refusals;
mod store;
mod streams;
mod tail;
mod usage;
mod wire;
