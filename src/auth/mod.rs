//! Who is calling, and what they may do. Verifies from memory: the database is not on the authentication path.

pub mod channel;
pub mod origin;
pub mod policy;
pub mod secret;
pub mod verifiers;
