//! The memory image: one immutable snapshot per environment, swapped whole. Read without a lock, written by one loop.

pub mod answer;
mod catch_up;
pub mod cell;
pub mod disk;
pub mod entry;
pub mod health;
pub mod image;
pub mod keep;
pub mod listen;
pub mod registry;
pub mod replay;
pub mod sync;
pub mod tally;
pub mod trail;
pub mod wire;
