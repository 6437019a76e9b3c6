//! The admin API, route by route.

mod audit;
mod configurations;
mod environments;
mod flags;
mod idempotency;
mod keys;
mod pages;
mod preconditions;
mod projects;
mod protection;
mod shared;
