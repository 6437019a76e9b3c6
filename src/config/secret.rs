//! A text that must not be shown: neither Debug nor Display gives it away.

use std::fmt;

/// A secret setting. `expose` is the one way to the text, so each use can be found.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text itself, for the one who has to present it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// A URL without its password and parameters. When in doubt it hides too much: what stands before
    /// the last `@` is taken for credentials, since passwords are not always escaped.
    #[must_use]
    pub fn redacted_url(&self) -> String {
        let Some((scheme, rest)) = self.0.split_once("://") else {
            return if self.0.starts_with("sqlite:") { self.0.clone() } else { self.to_string() };
        };
        let (credentials, rest) = match rest.rsplit_once('@') {
            Some((credentials, rest)) => (Some(credentials), rest),
            None => (None, rest),
        };
        let rest = match rest.split_once('?') {
            Some((address, _)) => format!("{address}?[redacted]"),
            None => rest.to_owned(),
        };
        match credentials.map(|text| text.split_once(':').map_or((text, false), |(user, _)| (user, true))) {
            None => format!("{scheme}://{rest}"),
            Some((user, false)) => format!("{scheme}://{user}@{rest}"),
            Some((user, true)) => format!("{scheme}://{user}:[redacted]@{rest}"),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_formatted() {
        let secret = Secret::new("postgres://u:hunter2@h/d");
        assert_eq!(format!("{secret} {secret:?}"), "[redacted] [redacted]");
    }

    #[test]
    fn a_url_loses_its_password_and_parameters_only() {
        for (url, shown) in [
            ("postgres://u:hunter2@h:5432/d", "postgres://u:[redacted]@h:5432/d"),
            ("postgres://u:hun/te@r2?@h/d", "postgres://u:[redacted]@h/d"),
            ("postgres://u@h/d?password=hunter2", "postgres://u@h/d?[redacted]"),
            ("postgres:///d?host=/run", "postgres:///d?[redacted]"),
            ("sqlite:some.db", "sqlite:some.db"),
            ("sqlite:///var/p.db", "sqlite:///var/p.db"),
            ("host=h password=hunter2", "[redacted]"),
        ] {
            assert_eq!(Secret::new(url).redacted_url(), shown);
        }
    }
}
