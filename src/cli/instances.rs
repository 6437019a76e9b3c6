//! `pennon instances`: who evaluates the environment's flags, and who listens.

use serde_json::Value;

use super::describe::{shown, text, time};
use super::failure::Failure;
use super::listing::items;
use super::output::{Output, plain};
use super::remote::Remote;
use super::url::escaped;

/// Lists the environment's instances.
pub fn run(remote: &Remote, out: &mut Output) -> Result<(), Failure> {
    let path = remote.in_project(&format!("/instances?environment={}", escaped(&remote.environment)));
    let Some(instances) = items(&remote.client, &path, None, out)? else { return Ok(()) };
    if instances.is_empty() {
        return out.line(&format!("no instance of an SDK is known in {}", plain(&remote.environment)));
    }
    let rows: Vec<_> = instances.iter().map(row).collect();
    out.table(&["INSTANCE", "SDK", "STATE", "REVISION", "BEHIND", "CONNECTED", "LAST SEEN", "LABELS"], &rows)
}

fn row(instance: &Value) -> Vec<String> {
    let cell = |name: &str| instance.get(name).map(shown).unwrap_or_default();
    let is = |name: &str, wanted: bool| instance.get(name) == Some(&Value::Bool(wanted));
    let sdk = format!("{} {}", plain(text(instance, "sdk")), plain(text(instance, "sdkVersion")));
    let health = if is("healthy", false) { "unhealthy " } else { "" };
    let state = format!("{health}{}", plain(text(instance, "state")));
    let revision = instance.get("revisionSent").or_else(|| instance.get("revision"));
    // The epoch says nothing to people.
    let revision = revision.map(shown).unwrap_or_default();
    let revision = revision.rsplit_once('-').map_or(revision.clone(), |(_, number)| number.to_owned());
    let connected = match instance.get("connections").and_then(Value::as_i64) {
        Some(more) if more > 1 => format!("yes ({more})"),
        _ if is("connected", true) => "yes".to_owned(),
        _ => "no".to_owned(),
    };
    let none = serde_json::Map::new();
    let labels = instance.get("labels").and_then(Value::as_object).unwrap_or(&none);
    let labels: Vec<_> =
        labels.iter().map(|(key, value)| format!("{}={}", plain(key), shown(value))).collect();
    vec![
        plain(text(instance, "instanceId")),
        sdk.trim().to_owned(),
        state.trim().to_owned(),
        revision,
        cell("behind"),
        connected,
        time(instance, "lastSeenAt"),
        labels.join(" "),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::row;

    #[test]
    fn an_instance_is_one_line() {
        let told = json!({"instanceId": "shop-1", "session": "s", "sdk": "pennon-rust", "sdkVersion": "0.1.0", "state": "ready", "healthy": false,
            "revision": "7-41", "revisionSent": "7-42", "behind": 0, "connected": true, "connections": 2,
            "lastSeenAt": "2026-11-25T13:00:30.123Z", "labels": {"region": "eu", "a": "\u{1b}"}});
        assert_eq!(
            row(&told),
            [
                "shop-1",
                "pennon-rust 0.1.0",
                "unhealthy ready",
                "42",
                "0",
                "yes (2)",
                "2026-11-25T13:00:30Z",
                "a=\\u{1b} region=eu"
            ]
        );
        let silent = json!({"instanceId": "i", "sdk": "", "sdkVersion": "", "connected": false, "connections": 0, "labels": {}});
        assert_eq!(row(&silent), ["i", "", "", "", "", "no", "", ""]);
    }
}
