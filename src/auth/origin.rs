//! Origins of client keys: read strictly when a key is made, so that a request's can be compared as it is.

use std::net::Ipv6Addr;

/// Characters of an origin's host: DNS has no longer names.
const HOST_LIMIT: usize = 253;

/// An origin as browsers send it: in lower case, without the port that the scheme has anyway. None: it is no origin.
#[must_use]
pub fn origin(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let (scheme, rest) = text.split_once("://")?;
    let usual = match scheme {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    let (host, port) = match rest.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            (format!("[{}]", address.parse::<Ipv6Addr>().ok()?), port)
        }
        None => {
            let (host, port) = rest.split_at(rest.find(':').unwrap_or(rest.len()));
            (host.to_owned(), port)
        }
    };
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if host.len() > HOST_LIMIT || !(host.starts_with('[') || host.split('.').all(label)) {
        return None;
    }
    if port.is_empty() {
        return Some(format!("{scheme}://{host}"));
    }
    let digits = port.strip_prefix(':')?;
    let port: u16 =
        digits.parse().ok().filter(|port| *port > 0 && digits.starts_with(|c: char| c.is_ascii_digit()))?;
    Some(if port == usual { format!("{scheme}://{host}") } else { format!("{scheme}://{host}:{port}") })
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn an_origin_is_kept_as_browsers_send_it() {
        for (given, kept) in [
            ("https://shop.example.com", "https://shop.example.com"),
            ("HTTPS://Shop.Example.com:443", "https://shop.example.com"),
            ("http://localhost:080", "http://localhost"),
            ("http://localhost:5173", "http://localhost:5173"),
            ("https://[2001:DB8:0::1]:8443", "https://[2001:db8::1]:8443"),
        ] {
            assert_eq!(origin(given).as_deref(), Some(kept), "{given}");
        }
        for bad in [
            "",
            "*",
            "null",
            "shop.example.com",
            "https://",
            "https://Shop.example.com?x#",
            "https://shop.example.com/",
            "https://*.example.com",
            "https://me@shop.example.com",
            "https://me:secret@shop.example.com",
            "https://shop..example.com",
            "https://shop.example.com:",
            "https://shop.example.com:0",
            "https://shop.example.com:+80",
            "https://shop.example.com:65536",
            "https://[::1",
            "https://[::1]x",
            "https://shöp.example.com",
            "ftp://shop.example.com",
        ] {
            assert_eq!(origin(bad), None, "{bad}");
        }
    }
}
