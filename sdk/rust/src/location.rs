//! Where a `Location` header leads, read against the address that was asked (RFC 3986, section 5.2).
//!
//! Must not decide whether to go there.

use hyper::Uri;

/// The address that a location means; none for one that cannot be read.
pub(crate) fn resolve(asked: &Uri, location: &str) -> Option<Uri> {
    let (location, _fragment) = location.split_once('#').unwrap_or((location, ""));
    let (scheme, authority) = (asked.scheme_str()?, asked.authority()?);
    if let Some(elsewhere) = location.strip_prefix("//") {
        return format!("{scheme}://{elsewhere}").parse().ok();
    }
    if location.contains("://") {
        return location.parse().ok();
    }
    let (path, query) = location.split_once('?').unwrap_or((location, ""));
    let path = match path {
        // The same path with another query, if there is anything at all.
        "" if location.is_empty() => return None,
        "" => asked.path().to_owned(),
        _ if path.starts_with('/') => without_dots(path),
        _ => {
            let folder = asked.path().rsplit_once('/').map_or("", |(folder, _)| folder);
            without_dots(&format!("{folder}/{path}"))
        }
    };
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    format!("{scheme}://{authority}{path}{query}").parse().ok()
}

/// The path without `.` and `..`.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if is_last {
                    kept.push("");
                }
            }
            other => kept.push(other),
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(location: &str) -> Option<String> {
        let asked = "http://a.example:8080/base/api/stream?x=1".parse().unwrap();
        resolve(&asked, location).map(|uri| uri.to_string())
    }

    #[test]
    fn a_location_is_read_against_what_was_asked() {
        for (location, wanted) in [
            ("https://b.example/c?d=1#e", "https://b.example/c?d=1"),
            ("//b.example/c", "http://b.example/c"),
            ("/c/./d/../e", "http://a.example:8080/c/e"),
            ("other", "http://a.example:8080/base/api/other"),
            ("../../../moved?x=1", "http://a.example:8080/moved?x=1"),
            ("../..", "http://a.example:8080/"),
            ("./", "http://a.example:8080/base/api/"),
            ("?y=2", "http://a.example:8080/base/api/stream?y=2"),
        ] {
            assert_eq!(resolved(location).as_deref(), Some(wanted), "{location}");
        }
    }

    #[test]
    fn what_leads_nowhere_is_none() {
        for bad in ["", "#x", "http://", "//", "http://[", "\u{7f}", "a b"] {
            assert_eq!(resolved(bad), None, "{bad}");
        }
    }
}
