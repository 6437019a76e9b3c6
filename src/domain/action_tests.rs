//! Tests of the everyday actions.

use super::{
    Members, Rollout, RuleStep, Targets, Weights, edit_rules, retarget, reweigh, roll_out, set_enabled,
};

fn members(text: &str) -> Members {
    Members::parse(text).unwrap()
}

fn rollout(text: &str) -> Rollout {
    serde_json::from_str(text).unwrap()
}

const BOOLEAN: &str = r#"{"enabled":false,"offVariant":"off","fallthrough":{"variant":"on"}}"#;

#[test]
fn on_and_off_set_enabled_and_nothing_else() {
    let mut configuration = members(BOOLEAN);
    assert!(set_enabled(&mut configuration, true).unwrap());
    assert!(!set_enabled(&mut configuration, true).unwrap());
    assert_eq!(configuration.to_text(), BOOLEAN.replace("false", "true"));
}

#[test]
fn a_rollout_enables_the_flag_adds_the_last_rule_and_turns_the_fallthrough_off() {
    let mut configuration = members(BOOLEAN);
    roll_out(&mut configuration, &rollout(r#"{"percentage":12.5,"by":["userId"]}"#)).unwrap();
    let first = r#"{"enabled":true,"offVariant":"off","fallthrough":{"variant":"off"},"rules":[{"id":"rollout","when":{"percentage":12.5,"by":["userId"]},"serve":{"variant":"on"}}]}"#;
    assert_eq!(configuration.to_text(), first);
    // Growing it keeps the unit, so nobody is reshuffled.
    roll_out(&mut configuration, &rollout(r#"{"percentage":20}"#)).unwrap();
    assert_eq!(configuration.to_text(), first.replace("12.5", "20"));
}

#[test]
fn a_rollout_without_an_off_variant_must_say_what_the_others_get() {
    let mut configuration = members(r#"{"enabled":true,"fallthrough":{"variant":"a"}}"#);
    let issue = roll_out(&mut configuration, &rollout(r#"{"percentage":5,"variant":"b"}"#)).unwrap_err();
    assert_eq!(issue.pointer, "/otherwise");
    roll_out(&mut configuration, &rollout(r#"{"percentage":5,"variant":"b","otherwise":"a"}"#)).unwrap();
    assert_eq!(configuration.get("fallthrough"), Some(r#"{"variant":"a"}"#));
}

#[test]
fn weights_move_as_few_users_as_possible() {
    let mut configuration = members(
        r#"{"fallthrough":{"split":[{"variant":"a","weight":50000},{"variant":"b","weight":50000}]}}"#,
    );
    let request: Weights = serde_json::from_str(r#"{"weights":{"a":40000,"b":40000,"c":20000}}"#).unwrap();
    reweigh(&mut configuration, &request).unwrap();
    assert_eq!(
        configuration.get("fallthrough").unwrap(),
        r#"{"split":[{"variant":"a","weight":40000},{"variant":"c","weight":10000},{"variant":"b","weight":40000},{"variant":"c","weight":10000}]}"#
    );
}

#[test]
fn weights_that_do_not_sum_are_refused_and_percents_are_recognised() {
    let mut configuration = members(BOOLEAN);
    let request: Weights = serde_json::from_str(r#"{"weights":{"on":40,"off":60}}"#).unwrap();
    let issue = reweigh(&mut configuration, &request).unwrap_err();
    assert_eq!(issue.code, "weights_sum");
    assert!(issue.detail.contains("multiply by 1000"), "{}", issue.detail);
    let request: Weights = serde_json::from_str(r#"{"weights":{"on":0.5,"off":60}}"#).unwrap();
    assert_eq!(reweigh(&mut configuration, &request).unwrap_err().pointer, "/weights/on");
}

#[test]
fn a_unit_moves_from_one_list_to_another_and_empty_lists_go() {
    let mut configuration = members(
        r#"{"targets":[{"values":["u-1",4711],"variant":"a"},{"by":"org","values":["u-1"],"variant":"a"}]}"#,
    );
    let request: Targets = serde_json::from_str(r#"{"variant":"b","add":["4711","u-2","u-2"]}"#).unwrap();
    retarget(&mut configuration, &request).unwrap();
    assert_eq!(
        configuration.get("targets").unwrap(),
        r#"[{"values":["u-1"],"variant":"a"},{"by":"org","values":["u-1"],"variant":"a"},{"values":["4711","u-2"],"variant":"b"}]"#
    );
    let request: Targets = serde_json::from_str(r#"{"variant":"a","remove":["u-1"]}"#).unwrap();
    retarget(&mut configuration, &request).unwrap();
    assert_eq!(
        configuration.get("targets").unwrap(),
        r#"[{"by":"org","values":["u-1"],"variant":"a"},{"values":["4711","u-2"],"variant":"b"}]"#
    );
    let request: Targets = serde_json::from_str(r#"{"variant":"a","add":[1.5]}"#).unwrap();
    assert_eq!(retarget(&mut configuration, &request).unwrap_err().pointer, "/add/0");
}

#[test]
fn rules_are_added_moved_replaced_and_removed_by_id() {
    let mut configuration =
        members(r#"{"rules":[{"id":"a","serve":{"variant":"x"}},{"id":"b","serve":{"variant":"x"}}]}"#);
    let steps: Vec<RuleStep> = serde_json::from_str(
        r#"[{"add":{"id":"c","serve":{"variant":"y"}},"at":0},{"move":"b","to":0},{"remove":"a"},{"replace":{"id":"c","serve":{"variant":"z"}}}]"#,
    )
    .unwrap();
    edit_rules(&mut configuration, &steps).unwrap();
    assert_eq!(
        configuration.get("rules").unwrap(),
        r#"[{"id":"b","serve":{"variant":"x"}},{"id":"c","serve":{"variant":"z"}}]"#
    );
}

#[test]
fn a_step_that_cannot_be_made_names_its_place() {
    let cases = [
        (r#"[{"remove":"nope"}]"#, "/0/remove"),
        (r#"[{"remove":"a"},{"move":"a","to":0}]"#, "/1/move"),
        (r#"[{"add":{"id":"z"},"at":9}]"#, "/0/at"),
        (r#"[{"add":{"id":"z"},"remove":"a"}]"#, "/0"),
        ("[{}]", "/0"),
    ];
    for (steps, pointer) in cases {
        let mut configuration = members(r#"{"rules":[{"id":"a","serve":{"variant":"x"}}]}"#);
        let steps: Vec<RuleStep> = serde_json::from_str(steps).unwrap();
        assert_eq!(edit_rules(&mut configuration, &steps).unwrap_err().pointer, pointer);
    }
}

#[test]
fn a_rollout_keeps_the_layer_and_does_not_open_a_narrow_rule_to_everybody() {
    let rules = r#"{"enabled":true,"offVariant":"off","rules":[{"id":"rollout","description":"d","when":{"percentage":5,"layer":"l"},"serve":{"variant":"on"}}],"fallthrough":{"variant":"off"}}"#;
    let mut configuration = members(rules);
    roll_out(&mut configuration, &rollout(r#"{"percentage":20}"#)).unwrap();
    assert_eq!(configuration.to_text(), rules.replace(":5,", ":20,"));
    let narrow = r#"{"enabled":true,"offVariant":"off","rules":[{"id":"rollout","when":{"all":[{"percentage":5},{"segment":"staff"}]},"serve":{"variant":"on"}}]}"#;
    let issue = roll_out(&mut members(narrow), &rollout(r#"{"percentage":20}"#)).unwrap_err();
    assert_eq!(issue.code, "conflict");
    let range = roll_out(&mut members(BOOLEAN), &rollout(r#"{"percentage":[10,50]}"#)).unwrap_err();
    assert_eq!(range.pointer, "/percentage");
}

#[test]
fn requests_too_large_to_be_meant_are_refused_before_anything_is_locked() {
    assert!(super::check_sizes(0, 100, 1_000, 100_000).is_ok());
    assert!(super::check_sizes(0, 101, 0, 0).is_err());
    assert!(super::check_sizes(0, 0, 1_001, 0).is_err());
    assert!(super::check_sizes(0, 0, 0, 100_001).is_err());
}
