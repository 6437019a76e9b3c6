//! Pennon.
