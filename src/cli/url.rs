//! Addresses of a server, and texts within a path or a query.

use super::failure::Failure;

/// The address of a server: http or https, a base path if it has one, no trailing slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// Reads what the user gave.
    pub fn parse(text: &str) -> Result<Address, Failure> {
        let trimmed = text.trim_end_matches('/');
        let rest = trimmed.strip_prefix("http://").or_else(|| trimmed.strip_prefix("https://"));
        let refused = |what: &str| {
            Err(Failure::Usage(format!("--url (PENNON_URL) {what}: write http(s)://HOST[:PORT][/BASE_PATH]")))
        };
        match rest {
            None => refused("does not begin with http:// or https://"),
            Some(rest) if rest.contains('@') => refused("holds credentials, which belong into --token"),
            Some(rest) if rest.is_empty() || rest.starts_with('/') || rest.contains(['?', '#', ' ']) => {
                refused("is not an address")
            }
            Some(_) => Ok(Address(trimmed.to_owned())),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True for this machine itself.
    pub fn is_loopback(&self) -> bool {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        let authority = rest.split('/').next().unwrap_or_default();
        let host = match authority.strip_prefix('[') {
            Some(six) => six.split(']').next().unwrap_or_default(),
            None => authority.split(':').next().unwrap_or_default(),
        };
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

/// A text as one segment of a path, or one value of a query.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push('%');
            let nibbles = [byte >> 4, byte & 15].into_iter();
            let digits = nibbles.filter_map(|nibble| char::from_digit(u32::from(nibble), 16));
            escaped.extend(digits.map(|digit| digit.to_ascii_uppercase()));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_the_last_slash_and_nothing_else() {
        assert_eq!(Address::parse("https://x.example/flags/").unwrap().as_str(), "https://x.example/flags");
        for text in ["localhost:8080", "http://", "http:///x", "http://x?y", "ftp://x", "http://u:p@x"] {
            assert!(matches!(Address::parse(text), Err(Failure::Usage(_))), "{text}");
        }
    }

    #[test]
    fn loopback_is_recognised_by_host() {
        for text in ["http://127.0.0.1:8080", "http://localhost", "https://[::1]:1/x", "http://127.8.8.8"] {
            assert!(Address::parse(text).unwrap().is_loopback(), "{text}");
        }
        for text in ["http://example.com", "http://10.0.0.1", "http://localhost.example.com"] {
            assert!(!Address::parse(text).unwrap().is_loopback(), "{text}");
        }
    }

    #[test]
    fn what_does_not_belong_into_a_path_is_escaped() {
        assert_eq!(escaped("new_checkout-1.~"), "new_checkout-1.~");
        assert_eq!(escaped("a/b?c é"), "a%2Fb%3Fc%20%C3%A9");
    }
}
