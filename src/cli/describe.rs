//! A configuration in words: one sentence for what is served to whom, and one line a rule. Reads the
//! server's JSON leniently: what it doesn't know it shows as it is.

use serde_json::Value;

use super::output::plain;

/// A member's text, or "".
pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A member's list, or an empty one.
pub fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// True when the stored switch is on.
pub fn is_enabled(configuration: &Value) -> bool {
    configuration.get("enabled").and_then(Value::as_bool).unwrap_or_default()
}

/// A time for people: to the second; scripts take the full one from `--json`.
pub fn time(value: &Value, name: &str) -> String {
    match text(value, name).split_once('.') {
        Some((seconds, fraction)) if fraction.ends_with('Z') => format!("{}Z", plain(seconds)),
        _ => plain(text(value, name)),
    }
}

/// A JSON value on one line, safe to print; a text without its quotes.
pub fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), plain)
}

/// What the configuration serves to whom: `on for 20 % by targetingKey, off for everyone else`.
pub fn sentence(configuration: &Value) -> String {
    if !is_enabled(configuration) {
        return format!("{} for everyone", off(configuration));
    }
    let rules = list(configuration, "rules");
    let targets: usize =
        list(configuration, "targets").iter().map(|target| list(target, "values").len()).sum();
    let mut parts = Vec::new();
    for prerequisite in list(configuration, "prerequisites") {
        let (flag, variants) = (text(prerequisite, "flag"), joined(list(prerequisite, "variants"), " or "));
        parts.push(format!("while {} serves {variants}", plain(flag)));
    }
    if targets > 0 {
        parts.push(counted(targets, "target"));
    }
    let (last, before) = match rules.split_last().and_then(|(last, before)| Some((rollout(last)?, before))) {
        Some((last, before)) => (Some(last), before),
        None => (None, rules),
    };
    if !before.is_empty() {
        parts.push(counted(before.len(), "rule"));
    }
    let fallthrough = configuration.get("fallthrough").map(serve).unwrap_or_default();
    let first = targets == 0 && before.is_empty();
    parts.push(match last {
        Some((variant, gate)) if gate == EVERYONE => format!("{variant} for {}", everyone(first)),
        Some((variant, gate)) => format!("{variant} for {gate}, {fallthrough} for everyone else"),
        None => format!("{fallthrough} for {}", everyone(first)),
    });
    parts.join(", then ")
}

/// A word or two for a table: `off`, `on`, `20 %`, `3 rules`.
pub fn brief(configuration: &Value) -> String {
    if !is_enabled(configuration) {
        return "off".to_owned();
    }
    let rules = list(configuration, "rules");
    match (rules, rules.last().and_then(rollout)) {
        ([_], Some((_, gate))) if gate != EVERYONE => {
            gate.split(" by ").next().unwrap_or_default().split(" in ").next().unwrap_or_default().to_owned()
        }
        ([] | [_], Some(_)) | ([], None) => "on".to_owned(),
        (rules, _) => format!("on, {}", counted(rules.len(), "rule")),
    }
}

const EVERYONE: &str = "everyone";

fn everyone(first: bool) -> &'static str {
    if first { EVERYONE } else { "everyone else" }
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn off(configuration: &Value) -> String {
    match configuration.get("offVariant").and_then(Value::as_str) {
        Some(variant) => plain(variant),
        None => "the code's own default".to_owned(),
    }
}

/// The variant and the gate of a rule that is nothing but a percentage.
fn rollout(rule: &Value) -> Option<(String, String)> {
    let variant = rule.get("serve")?.get("variant")?.as_str()?;
    match rule.get("when") {
        None => Some((plain(variant), EVERYONE.to_owned())),
        Some(when) => {
            let percentage = when.get("percentage")?;
            let whole = percentage.as_f64().is_some_and(|number| number >= 100.0);
            Some((plain(variant), if whole { EVERYONE.to_owned() } else { gate(when, percentage) }))
        }
    }
}

/// A rule on one line, without its number.
pub fn rule(rule: &Value) -> String {
    let when = rule.get("when").map_or_else(|| "always".to_owned(), condition);
    let serves = rule.get("serve").map(serve).unwrap_or_default();
    let about = match text(rule, "description") {
        "" => String::new(),
        about => format!("  ({})", plain(about)),
    };
    format!("{}: {when} -> {serves}{about}", plain(text(rule, "id")))
}

/// A target on one line.
pub fn target(target: &Value) -> String {
    let values = list(target, "values");
    let more = values.len().saturating_sub(LISTED);
    let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
    let some = values.get(..LISTED).unwrap_or(values);
    let by = match text(target, "by") {
        "" | "targetingKey" => String::new(),
        by => format!("{} ", plain(by)),
    };
    format!("{by}{}{tail} -> {}", joined(some, ", "), plain(text(target, "variant")))
}

/// Values shown of a long list.
const LISTED: usize = 10;

/// What is served: a variant, or a split.
pub fn serve(serve: &Value) -> String {
    let split = list(serve, "split");
    if split.is_empty() {
        return plain(text(serve, "variant"));
    }
    let slot = |slot: &Value| {
        let weight = slot.get("weight").and_then(Value::as_f64).unwrap_or_default() / 1_000.0;
        format!("{} {weight} %", plain(text(slot, "variant")))
    };
    format!("{}{}", split.iter().map(slot).collect::<Vec<_>>().join(", "), unit(serve))
}

/// A condition on one line.
pub fn condition(condition: &Value) -> String {
    let nested = |name: &str, word: &str| {
        let parts: Vec<String> = condition.get(name)?.as_array()?.iter().map(self::condition).collect();
        Some(if parts.len() == 1 { parts.join(word) } else { format!("({})", parts.join(word)) })
    };
    if let Some(all) = nested("all", " and ").or_else(|| nested("any", " or ")) {
        return all;
    }
    if let Some(inner) = condition.get("not") {
        return format!("not {}", self::condition(inner));
    }
    if let Some(percentage) = condition.get("percentage") {
        return gate(condition, percentage);
    }
    if let Some(segment) = condition.get("segment") {
        return format!("in segment {}", shown(segment));
    }
    if let Some(flag) = condition.get("flag") {
        return format!("{} serves {}", shown(flag), joined(list(condition, "variants"), " or "));
    }
    match condition.get("attribute") {
        None => condition.to_string(),
        Some(attribute) => {
            let (values, op) = (list(condition, "values"), plain(text(condition, "op")));
            let more = if values.len() > LISTED { ", …" } else { "" };
            let quoted: Vec<String> = values.iter().take(LISTED).map(Value::to_string).collect();
            format!("{} {op} {}{more}", shown(attribute), quoted.join(", ")).trim_end().to_owned()
        }
    }
}

fn gate(holder: &Value, percentage: &Value) -> String {
    let range = match percentage.as_array().map(Vec::as_slice) {
        Some([from, to]) => format!("{from} % to {to} %"),
        _ => format!("{percentage} %"),
    };
    format!("{range}{}", unit(holder))
}

fn unit(holder: &Value) -> String {
    if let Some(layer) = holder.get("layer") {
        return format!(" in layer {}", shown(layer));
    }
    match list(holder, "by") {
        [] => " by targetingKey".to_owned(),
        by => format!(" by {}", joined(by, " or ")),
    }
}

fn joined(values: &[Value], between: &str) -> String {
    values.iter().map(shown).collect::<Vec<_>>().join(between)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rollout_reads_as_who_gets_what() {
        let configuration = json!({"enabled": true, "offVariant": "off", "fallthrough": {"variant": "off"},
            "rules": [{"id": "rollout", "when": {"percentage": 20}, "serve": {"variant": "on"}}]});
        assert_eq!(sentence(&configuration), "on for 20 % by targetingKey, off for everyone else");
        assert_eq!(brief(&configuration), "20 %");
    }

    #[test]
    fn off_is_off_whatever_the_rules_say() {
        let mut configuration =
            json!({"enabled": false, "offVariant": "off", "fallthrough": {"variant": "on"}, "rules": [{}]});
        assert_eq!(
            (sentence(&configuration), brief(&configuration)),
            ("off for everyone".to_owned(), "off".to_owned())
        );
        configuration["offVariant"].take();
        assert_eq!(sentence(&configuration), "the code's own default for everyone");
    }

    #[test]
    fn on_without_rules_is_for_everyone_and_a_full_rollout_too() {
        let mut configuration = json!({"enabled": true, "fallthrough": {"variant": "on"}});
        assert_eq!(
            (sentence(&configuration), brief(&configuration)),
            ("on for everyone".to_owned(), "on".to_owned())
        );
        configuration["rules"] = json!([{"id": "r", "when": {"percentage": 100}, "serve": {"variant": "b"}}]);
        assert_eq!(
            (sentence(&configuration), brief(&configuration)),
            ("b for everyone".to_owned(), "on".to_owned())
        );
    }

    #[test]
    fn targets_rules_and_prerequisites_come_first() {
        let configuration = json!({"enabled": true, "prerequisites": [{"flag": "pay", "variants": ["on", "b"]}],
            "targets": [{"values": ["u", "v"], "variant": "a"}],
            "rules": [{"id": "x", "when": {"segment": "s"}, "serve": {"variant": "a"}}],
            "fallthrough": {"split": [{"variant": "a", "weight": 33_333}, {"variant": "b", "weight": 66_667}], "by": ["org"]}});
        assert_eq!(
            sentence(&configuration),
            "while pay serves on or b, then 2 targets, then 1 rule, then a 33.333 %, b 66.667 % by org for everyone else"
        );
        assert_eq!(brief(&configuration), "on, 1 rule");
    }

    #[test]
    fn conditions_read_like_conditions() {
        let when = json!({"all": [{"segment": "beta"}, {"any": [
            {"attribute": "plan", "op": "in", "values": ["pro", 2]},
            {"not": {"attribute": "mail", "op": "exists"}}]},
            {"flag": "f", "variants": ["on"]}, {"percentage": [0, 50], "layer": "tests"}, {"percentage": 0.5, "by": ["a", "b"]}]});
        assert_eq!(
            condition(&when),
            "(in segment beta and (plan in \"pro\", 2 or not mail exists) and f serves on and 0 % to 50 % in layer tests and 0.5 % by a or b)"
        );
        assert_eq!(condition(&json!({"newer": 1})), "{\"newer\":1}");
    }

    #[test]
    fn a_rule_without_a_condition_always_holds_and_text_cannot_steer_the_terminal() {
        let line = rule(&json!({"id": "r", "description": "\u{1b}[2J", "serve": {"variant": "on"}}));
        assert_eq!(line, "r: always -> on  (\\u{1b}[2J)");
    }

    #[test]
    fn times_are_shown_to_the_second() {
        let times = json!({"a": "2026-01-02T03:04:05.678901Z", "b": "2026-01-02T03:04:05Z"});
        for name in ["a", "b"] {
            assert_eq!(time(&times, name), "2026-01-02T03:04:05Z");
        }
        assert_eq!(time(&times, "c"), "");
    }

    #[test]
    fn long_target_lists_are_cut() {
        let values: Vec<String> = (0..12).map(|number| number.to_string()).collect();
        assert_eq!(
            target(&json!({"by": "org", "values": values, "variant": "on"})),
            "org 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more -> on"
        );
    }
}
