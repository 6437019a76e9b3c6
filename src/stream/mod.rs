//! Streams of server-sent events: who may listen, for how long, and what each listener is sent next. Everything that is
//! sent comes from one image of memory; a listener keeps only where it stands, so who is slow misses nothing and costs
//! nothing. Knows nothing of HTTP: `http` gives these streams their heads.

pub mod borders;
pub mod connection;
pub mod feed;
pub mod hub;
pub mod kind;
pub mod listeners;
pub mod meters;
pub mod position;
pub mod refetch;
pub mod results;
pub mod rules;
pub mod words;

#[cfg(test)]
mod tests;
