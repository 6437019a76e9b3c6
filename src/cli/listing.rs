//! Lists: every page of one, parsed for a table, or printed as the server's JSON.

use serde_json::Value;

use super::client::Client;
use super::failure::Failure;
use super::output::Output;

/// All items of a list, or, when JSON is wanted, none: they are printed as they are.
pub fn items(
    client: &Client,
    path: &str,
    limit: Option<usize>,
    out: &mut Output,
) -> Result<Option<Vec<Value>>, Failure> {
    let raw = client.items(path, limit)?;
    if out.is_json() {
        let texts: Vec<&str> = raw.iter().map(|item| item.get()).collect();
        out.line(&format!("{{\"items\":[{}]}}", texts.join(",")))?;
        return Ok(None);
    }
    let parsed: Result<Vec<Value>, _> = raw.iter().map(|item| serde_json::from_str(item.get())).collect();
    parsed
        .map(Some)
        .map_err(|error| Failure::Failed(format!("the server's answer is not the JSON expected: {error}")))
}
