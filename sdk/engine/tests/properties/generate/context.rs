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
        let valid = ["\"u-1\"", "\"u-2\"", "\"u-3\"", "4711", "null", "\"\""];
        let value = if name == "targetingKey" && !source.chance(20) {
            source.pick(&valid)
        } else {
            source.pick(&VALUES)
        };
        format!("\"{name}\":{value}")
    });
    let key =
        if source.chance(5) { String::new() } else { format!("\"targetingKey\":\"u-{}\"", source.wide()) };
    let comma = if members.is_empty() || key.is_empty() { "" } else { "," };
    format!("{{{key}{comma}{members}}}")
}
