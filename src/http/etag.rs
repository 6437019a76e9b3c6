//! Entity tags and preconditions (RFC 9110, sections 8.8.3 and 13): lists, `*`, strong and weak comparison.

use axum::http::{HeaderMap, HeaderName, header};

use super::problem::Problem;
use crate::service::IfMatch;

/// Reads If-Match. Weak tags never match strongly, so they are left out.
pub fn if_match(headers: &HeaderMap) -> Result<IfMatch, Problem> {
    match tags(headers, &header::IF_MATCH)? {
        None => Ok(IfMatch::Absent),
        Some(Tags::Any) => Ok(IfMatch::Any),
        Some(Tags::List(tags)) => {
            Ok(IfMatch::Tags(tags.into_iter().filter(|(weak, _)| !weak).map(|(_, tag)| tag).collect()))
        }
    }
}

/// Whether If-None-Match names this tag (compared weakly), so that the answer is 304.
#[must_use]
pub fn not_modified(headers: &HeaderMap, tag: &str) -> bool {
    match tags(headers, &header::IF_NONE_MATCH) {
        Ok(Some(Tags::Any)) => true,
        Ok(Some(Tags::List(tags))) => tags.iter().any(|(_, own)| own == tag),
        _ => false,
    }
}

enum Tags {
    Any,
    List(Vec<(bool, String)>),
}

fn tags(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Tags>, Problem> {
    let mut list = Vec::new();
    let mut found = false;
    for value in headers.get_all(name) {
        found = true;
        let bad = || {
            let detail = format!("the header {name} is a list of quoted tags, such as \"17\", or *");
            Problem::new(axum::http::StatusCode::BAD_REQUEST, "invalid_header", detail)
        };
        let text = value.to_str().map_err(|_| bad())?;
        if text.trim() == "*" {
            return Ok(Some(Tags::Any));
        }
        parse(text, &mut list).ok_or_else(bad)?;
    }
    Ok(found.then_some(Tags::List(list)))
}

/// A quoted tag may hold commas, so a split at commas would be wrong.
fn parse(text: &str, list: &mut Vec<(bool, String)>) -> Option<()> {
    let mut rest = text.trim();
    while !rest.is_empty() {
        let weak = rest.starts_with("W/");
        rest = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"')?;
        let (tag, after) = rest.split_once('"')?;
        list.push((weak, tag.to_owned()));
        rest = after.trim_start();
        if !rest.is_empty() {
            rest = rest.strip_prefix(',')?.trim_start();
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::{IfMatch, if_match, not_modified};

    fn headers(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn if_match_compares_strongly_and_knows_lists() {
        assert_eq!(if_match(&HeaderMap::new()).unwrap(), IfMatch::Absent);
        assert_eq!(if_match(&headers(header::IF_MATCH, "*")).unwrap(), IfMatch::Any);
        let tags = if_match(&headers(header::IF_MATCH, r#""1", W/"2" ,"a,b""#)).unwrap();
        assert_eq!(tags, IfMatch::Tags(vec!["1".into(), "a,b".into()]));
        for bad in ["17", "\"1", "\"1\" \"2\"", "W/1"] {
            assert!(if_match(&headers(header::IF_MATCH, bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn if_none_match_compares_weakly_and_knows_lists() {
        assert!(not_modified(&headers(header::IF_NONE_MATCH, r#""x", W/"17""#), "17"));
        assert!(not_modified(&headers(header::IF_NONE_MATCH, "*"), "17"));
        assert!(!not_modified(&headers(header::IF_NONE_MATCH, r#""18""#), "17"));
        assert!(!not_modified(&HeaderMap::new(), "17"));
    }
}
