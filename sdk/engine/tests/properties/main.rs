//! What holds for every input.

#![allow(
    clippy::panic,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::format_push_string,
    reason = "a test says what is wrong by panicking, and is not fast"
)]

mod buckets;
mod documents;
mod generate;
mod inputs;
mod reach;
mod rebalance;
