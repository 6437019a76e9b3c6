//! A member of a patch: absent, null (RFC 7396: taken away) or given. Serde takes null and absent for the same.

use serde::{Deserialize, Deserializer};

/// A member of a patch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Patched<T> {
    /// It stays as it is.
    #[default]
    Absent,
    /// It is taken away.
    Null,
    /// It becomes this.
    Given(T),
}

impl<T> Patched<T> {
    /// The new value, if there is one; null is this value.
    pub fn or_when_null(self, null: impl FnOnce() -> T) -> Option<T> {
        match self {
            Patched::Absent => None,
            Patched::Null => Some(null()),
            Patched::Given(value) => Some(value),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patched<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Patched::Null, Patched::Given))
    }
}

/// For a member that cannot be taken away: absent or given, never null.
pub fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
