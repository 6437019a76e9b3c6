//! Text to value, one function a kind of setting. An error says what is wrong and what is allowed, and
//! never repeats a secret.

use std::net::SocketAddr;
use std::time::Duration;

use super::secret::Secret;
use super::{LogFormat, sqlite_path};

/// Time units, longest name first where one ends in another.
const DURATIONS: &[(&str, u64)] = &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];
/// Size units in bytes.
const SIZES: &[(&str, u64)] = &[
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("B", 1),
];

pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let numeric = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    numeric.as_deref().unwrap_or(text).parse().map_err(|_| {
        format!(
            "`{text}` is no address; allowed is IP:PORT, such as 127.0.0.1:8080, 0.0.0.0:8080 (every interface) or [::]:8080"
        )
    })
}

pub(super) fn base_path(text: &str) -> Result<String, String> {
    let inner = text.trim_matches('/');
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
    let dots = inner.split('/').any(|part| part == "." || part == "..");
    if !inner.chars().all(plain) || inner.contains("//") || dots {
        return Err(format!("`{text}` is no path; allowed are letters, digits and -._~/, such as /flags"));
    }
    Ok(if inner.is_empty() { String::new() } else { format!("/{inner}") })
}

pub(super) fn boolean(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err(format!("`{text}` is neither true nor false")),
    }
}

pub(super) fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("`{text}` is no format; allowed are text and json")),
    }
}

/// A bare word must be a level: the filter itself takes `inof` for a target of that name, silently.
pub(super) fn log_level(text: &str) -> Result<String, String> {
    let levels = ["off", "error", "warn", "info", "debug", "trace"];
    let known = |part: &str| {
        levels.iter().any(|level| part.eq_ignore_ascii_case(level))
            || part.contains('=')
            || part.contains('[')
    };
    let valid = !text.trim().is_empty() && text.split(',').all(|part| known(part.trim()));
    match tracing_subscriber::EnvFilter::try_new(text) {
        Ok(_) if valid => Ok(text.to_owned()),
        _ => Err(format!(
            "`{text}` is no level; allowed are {}, and target=level pairs after a comma, such as info,pennon=debug",
            levels.join(", ")
        )),
    }
}

/// A whole number between two bounds, both allowed.
pub(super) fn number(text: &str, least: u64, most: u64) -> Result<u64, String> {
    match text.replace('_', "").parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(format!("`{text}` is not allowed; a whole number from {least} to {most} is")),
    }
}

/// A duration between two bounds, both allowed.
pub(super) fn duration(text: &str, least: Duration, most: Duration) -> Result<Duration, String> {
    let allowed =
        || format!("from {} to {}, written like 500ms, 30s, 2m", show_duration(least), show_duration(most));
    let parsed = with_unit(text, DURATIONS).map(Duration::from_millis);
    match parsed {
        Some(value) if (least..=most).contains(&value) => Ok(value),
        Some(_) => Err(format!("`{text}` is out of range; allowed is {}", allowed())),
        None if text.parse::<f64>().is_ok() => {
            Err(format!("`{text}` lacks a unit; allowed is {}", allowed()))
        }
        None => Err(format!("`{text}` is no duration; allowed is {}", allowed())),
    }
}

/// A size in bytes between two bounds, both allowed.
pub(super) fn size(text: &str, least: usize, most: usize) -> Result<usize, String> {
    let allowed = || {
        format!("from {} to {}, written like 10MiB, 256KiB or in bytes", show_size(least), show_size(most))
    };
    let bytes = text.replace('_', "").parse().ok().or_else(|| with_unit(text, SIZES));
    match bytes.map(usize::try_from) {
        Some(Ok(bytes)) if (least..=most).contains(&bytes) => Ok(bytes),
        Some(_) => Err(format!("`{text}` is out of range; allowed is {}", allowed())),
        None => Err(format!("`{text}` is no size; allowed is {}", allowed())),
    }
}

fn with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    units.iter().find_map(|(unit, factor)| {
        let number: u64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
        number.checked_mul(*factor)
    })
}

pub(super) fn database_url(text: &str) -> Result<Secret, String> {
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Ok(Secret::new(text));
    }
    match sqlite_path(text).and_then(|path| path.to_str()) {
        Some("") => Err("it names no file; allowed is sqlite:PATH, such as sqlite:/var/lib/pennon/pennon.db".to_owned()),
        Some(path) if path.contains(":memory:") => {
            Err("an in-memory SQLite is not supported; allowed is sqlite:PATH".to_owned())
        }
        Some(path) if path.contains('?') => Err("sqlite:PATH takes no parameters after a `?`".to_owned()),
        Some(_) => Ok(Secret::new(text)),
        None => Err(
            "not a known scheme (the value is not shown); allowed are postgres://USER:PASSWORD@HOST/DATABASE, postgresql://… and sqlite:PATH"
                .to_owned(),
        ),
    }
}

pub(super) fn public_url(text: &str) -> Result<String, String> {
    let trimmed = text.trim_end_matches('/');
    let rest = trimmed.strip_prefix("https://").or_else(|| trimmed.strip_prefix("http://"));
    match rest {
        Some(rest)
            if is_host(rest.split('/').next().unwrap_or_default()) && !rest.contains(['?', '#', ' ']) =>
        {
            Ok(trimmed.to_owned())
        }
        _ => Err(format!(
            "`{text}` is no URL; allowed is http(s)://HOST[:PORT][/PATH], such as https://flags.example.com"
        )),
    }
}

/// `*`, `none`, or origins separated by commas.
pub(super) fn origins(text: &str) -> Result<Vec<String>, String> {
    let parts: Vec<&str> = text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [] | ["none"] => return Ok(Vec::new()),
        ["*"] => return Ok(vec!["*".to_owned()]),
        _ => {}
    }
    let mut origins = Vec::new();
    for part in parts {
        match part.split_once("://") {
            Some((scheme, host)) if !scheme.is_empty() && is_host(host) => {
                origins.push(part.to_ascii_lowercase());
            }
            _ => {
                return Err(format!(
                    "`{part}` is no origin; allowed are * alone, none, or SCHEME://HOST[:PORT] without a path, separated by commas"
                ));
            }
        }
    }
    Ok(origins)
}

fn is_host(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-._:[]".contains(c))
}

/// Networks, or single addresses, separated by commas; `none` is none.
pub(super) fn networks(text: &str) -> Result<Vec<ipnet::IpNet>, String> {
    let text = text.trim();
    if text.is_empty() || text == "none" {
        return Ok(Vec::new());
    }
    text.split(',')
        .map(|one| {
            let one = one.trim();
            let address = one.parse::<std::net::IpAddr>().map(ipnet::IpNet::from);
            address.or_else(|_| one.parse::<ipnet::IpNet>()).map_err(|_| {
                format!("\"{one}\" is not a network: write 10.0.0.0/8, 2001:db8::/32 or a single address")
            })
        })
        .collect()
}

/// A duration as it is written in settings.
pub(super) fn show_duration(duration: Duration) -> String {
    let ms = duration.as_millis();
    match ms {
        0 => "0s".to_owned(),
        _ if ms.is_multiple_of(3_600_000) => format!("{}h", ms / 3_600_000),
        _ if ms.is_multiple_of(60_000) => format!("{}m", ms / 60_000),
        _ if ms.is_multiple_of(1_000) => format!("{}s", ms / 1_000),
        _ => format!("{ms}ms"),
    }
}

/// A size as it is written in settings.
pub(super) fn show_size(bytes: usize) -> String {
    for (unit, factor) in [("GiB", 1_usize << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] {
        if bytes > 0 && bytes.is_multiple_of(factor) {
            return format!("{}{unit}", bytes / factor);
        }
    }
    format!("{bytes}B")
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
