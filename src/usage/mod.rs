//! What is known of use: evaluations, exposures and tracks that SDKs tell of, what this node has evaluated itself, and
//! which processes are there. Everything is aggregated before it is written, and written in groups; nothing here decides what
//! is served. Knows nothing of HTTP.

pub mod batch;
pub mod flush;
mod merged;
mod meters;
pub mod unit;
mod unknown;
mod write;
pub mod writer;
