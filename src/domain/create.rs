//! A new flag: what the caller left out is filled in so that turning it on is one act, and a rollout another.

use super::flag::{CONFIGURATION, EVALUATED, FOR_PEOPLE, check_for_people, refuse_unknown};
use super::issue::Issue;
use super::json::Members;
use super::key::Key;

/// A flag about to be made: its key, its definition, and the first configuration of every environment.
#[derive(Debug)]
pub struct NewFlag {
    /// The flag's key.
    pub key: Key,
    /// The definition.
    pub definition: Members,
    /// The configuration, disabled.
    pub configuration: Members,
}

/// Reads the body of a creation.
///
/// A boolean flag without variants gets `on` and `off`. `offVariant` defaults to the variant `off`, else the first one;
/// `fallthrough` to the variant `on`, else the first one. `enabled` is always false at first.
///
/// A null counts as absent, but for `offVariant`, where it says that the caller's own default applies.
pub fn new_flag(body: &Members) -> Result<NewFlag, Vec<Issue>> {
    let off_variant = body.get("offVariant").map(str::to_owned);
    let mut body = body.clone().without_nulls();
    if off_variant.as_deref() == Some("null") {
        body.set("offVariant", "null").map_err(|issue| vec![issue])?;
    }
    let body = &body;
    let initial = ["offVariant", "fallthrough"];
    let mut issues = refuse_unknown(body, &[&["key"], &EVALUATED, &FOR_PEOPLE, &initial]);
    issues.extend(check_for_people(body));
    let key = match read_key(body) {
        Ok(key) => Some(key),
        Err(issue) => {
            issues.push(issue);
            None
        }
    };
    match (key, issues.is_empty()) {
        (Some(key), true) => build(key, body).map_err(|issue| vec![issue]),
        _ => Err(issues),
    }
}

/// Reads the member `key` of a creation.
pub fn read_key(body: &Members) -> Result<Key, Issue> {
    let Some(text) = body.get("key") else {
        return Err(Issue::new("/key", "missing_member", "the member \"key\" is required"));
    };
    let text: String =
        serde_json::from_str(text).map_err(|_| Issue::new("/key", "wrong_type", "\"key\" is a string"))?;
    Key::parse(&text).map_err(|error| Issue::new("/key", "invalid_key", error.to_string()))
}

fn build(key: Key, body: &Members) -> Result<NewFlag, Issue> {
    let mut definition = Members::default();
    let kind = body.get("type").unwrap_or("\"boolean\"");
    definition.set("type", kind)?;
    match body.get("variants") {
        Some(variants) => definition.set("variants", variants)?,
        None if kind == "\"boolean\"" => definition.set("variants", "{\"on\":true,\"off\":false}")?,
        None => {
            let detail = "a flag that is not boolean needs its \"variants\": a name and a value for each";
            return Err(Issue::new("/variants", "missing_member", detail));
        }
    }
    definition.set_value("salt", key.as_str())?;
    for name in EVALUATED.iter().chain(&FOR_PEOPLE).filter(|name| !matches!(**name, "type" | "variants")) {
        if let Some(value) = body.get(name).filter(|value| *value != "null") {
            definition.set(name, value)?;
        }
    }
    let configuration = first_configuration(&definition, body.get("offVariant"), body.get("fallthrough"))?;
    debug_assert!(configuration.iter().all(|(name, _)| CONFIGURATION.contains(&name)));
    Ok(NewFlag { key, definition, configuration })
}

/// The configuration of a flag nobody has configured: disabled, off when off, on when on.
pub fn first_configuration(
    definition: &Members,
    off_variant: Option<&str>,
    fallthrough: Option<&str>,
) -> Result<Members, Issue> {
    let mut configuration = Members::default();
    configuration.set("enabled", "false")?;
    let names = variant_names(definition);
    if let Some(value) = off_variant.map(str::to_owned).or_else(|| pick(&names, "off"))
        && value != "null"
    {
        configuration.set("offVariant", &value)?;
    }
    match fallthrough {
        Some(value) => configuration.set("fallthrough", value)?,
        None => {
            if let Some(name) = pick(&names, "on") {
                configuration.set("fallthrough", &format!("{{\"variant\":{name}}}"))?;
            }
        }
    }
    Ok(configuration)
}

fn variant_names(definition: &Members) -> Vec<String> {
    let Some(variants) = definition.get("variants").and_then(|text| Members::parse_shallow(text).ok()) else {
        return Vec::new();
    };
    variants.iter().map(|(name, _)| name.to_owned()).collect()
}

fn pick(names: &[String], wanted: &str) -> Option<String> {
    let name = names.iter().find(|name| *name == wanted).or(names.first())?;
    serde_json::to_string(name).ok()
}

#[cfg(test)]
mod tests {
    use super::{Members, new_flag};

    #[test]
    fn a_boolean_flag_needs_no_more_than_its_key() {
        let flag = new_flag(&Members::parse(r#"{"key":"dark_mode"}"#).unwrap()).unwrap();
        assert_eq!(
            flag.definition.to_text(),
            r#"{"type":"boolean","variants":{"on":true,"off":false},"salt":"dark_mode"}"#
        );
        assert_eq!(
            flag.configuration.to_text(),
            r#"{"enabled":false,"offVariant":"off","fallthrough":{"variant":"on"}}"#
        );
    }

    #[test]
    fn another_type_needs_variants_and_may_name_its_start() {
        assert!(new_flag(&Members::parse(r#"{"key":"k","type":"string"}"#).unwrap()).is_err());
        let body = r#"{"key":"k","type":"string","variants":{"a":"x","b":"y"},"offVariant":null,"fallthrough":{"variant":"b"}}"#;
        let flag = new_flag(&Members::parse(body).unwrap()).unwrap();
        assert_eq!(flag.configuration.to_text(), r#"{"enabled":false,"fallthrough":{"variant":"b"}}"#);
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let issues = new_flag(&Members::parse(r#"{"key":"-","kind":"x","colour":1}"#).unwrap()).unwrap_err();
        let codes: Vec<&str> = issues.iter().map(|issue| issue.code.as_str()).collect();
        assert_eq!(codes, ["unknown_member", "invalid_value", "invalid_key"]);
    }
}
