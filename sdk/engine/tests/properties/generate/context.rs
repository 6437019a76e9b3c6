//! Contexts.

use super::Source;

const VALUES: [&str; 22] = [
    "\"pro\"",
    "\"u-1\"",
    "1",
    "true",
    "null",
    "\"\"",
    "4711",
    "\"4711\"",
    "3.5",
    "-0",
    "\"2.3.0\"",
    "\"10.1.2.3\"",
    "\"2026-01-01T00:00:00Z\"",
    "[\"pro\",null,7]",
    "{\"plan\":\"team\"}",
    "\"PRO\"",
    "9007199254740993",
    "[]",
    "\"\u{130}stanbul\"",
    "\"::ffff:10.0.0.1\"",
    "1767225600000",
    "{\"plan\":{\"deep\":\"pro\"}}",
];

/// The names that conditions ask for, and one more.
const NAMES: [&str; 7] = ["targetingKey", "plan", "id", "org", "version", "n", "other"];

/// A context; its targeting key is mostly there and valid.
pub fn context(source: &mut Source<'_>) -> String {
    let members = source.list(0, 6, |source| {
        let name = source.pick(&NAMES);
        // Mostly a value that the conditions on this name look for.
        let fitting: &[&str] = match name {
            "targetingKey" => &["\"u-1\"", "\"u-2\"", "\"u-3\"", "4711", "null", "\"\""],
            "version" => &["\"2.3.0\"", "\"2.3.0-rc.1\"", "\"1.0.0\"", "\"11.0.0+b\""],
            "n" => &["3", "\"4.5\"", "1767225600000", "\"2025-12-31T23:00:00.5Z\"", "-1e3"],
            "id" => &["\"u-1\"", "4711", "\"10.1.2.3\"", "\"2001:db8::7\""],
            _ => &VALUES,
        };
        let value = if source.chance(20) { source.pick(&VALUES) } else { source.pick(fitting) };
        format!("\"{name}\":{value}")
    });
    let key =
        if source.chance(5) { String::new() } else { format!("\"targetingKey\":\"u-{}\"", source.wide()) };
    let comma = if members.is_empty() || key.is_empty() { "" } else { "," };
    format!("{{{key}{comma}{members}}}")
}
