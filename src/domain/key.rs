//! Keys: the names people give to projects, environments, flags, segments and layers.

use std::fmt;

/// Most characters of a key; with the grammar below it needs no escaping in a path.
pub const KEY_LIMIT: usize = 100;

/// A key: `[A-Za-z0-9][A-Za-z0-9._-]{0,99}`; case matters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Key(String);

/// Why a text is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is not a key: 1 to 100 characters of A-Z, a-z, 0-9, '.', '_' and '-', the first a letter or a digit"
)]
pub struct KeyError(String);

impl Key {
    /// Parses a key.
    pub fn parse(text: &str) -> Result<Key, KeyError> {
        let mut bytes = text.bytes();
        let head = bytes.next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        let tail = bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
        if head && tail && text.len() <= KEY_LIMIT {
            Ok(Key(text.to_owned()))
        } else {
            Err(KeyError(text.chars().take(KEY_LIMIT + 1).collect()))
        }
    }

    /// The key's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Key {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl<'de> serde::Deserialize<'de> for Key {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Key::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn keys_follow_the_grammar() {
        for good in ["a", "9", "new_checkout_flow", "A.b-c_d", &"x".repeat(100)] {
            assert!(Key::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "_a", "-", ".a", "a b", "a/b", "é", "a%20", &"x".repeat(101)] {
            assert!(Key::parse(bad).is_err(), "{bad}");
        }
    }
}
