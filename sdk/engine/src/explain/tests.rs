//! What an explanation tells.

use crate::{At, Context, Snapshot};

#[test]
fn an_explanation_tells_each_leaf_s_part() {
    let snapshot = Snapshot::from_json(
        br#"{"flags":{"f":{"key":"f","type":"number","version":3,"enabled":true,"variants":{"on":3.0,"off":0},
        "rules":[{"id":"a","serve":{"variant":"off"},"when":{"all":[
            {"attribute":"n","op":"gt","values":[5]},{"not":{"attribute":"plan","op":"exists"}}]}},
          {"id":"b","serve":{"variant":"on"},"when":{"percentage":20.5}}],"fallthrough":{"variant":"off"}}}}"#,
    )
    .unwrap();
    let context = Context::from_json(br#"{"targetingKey":"user-3","n":4}"#).unwrap();
    let explained = snapshot.explain("f", &context, None, &At::default());
    let found = serde_json::to_value(&explained).unwrap();
    let wanted = serde_json::json!({
        "key": "f", "type": "number", "version": 3, "truncated": false,
        "value": 3.0,
        "variant": "on",
        "reason": "SPLIT",
        "ruleId": "b",
        "steps": [
            {"kind": "enabled", "held": true},
            {"kind": "rule", "name": "a", "held": false, "steps": [{"kind": "all", "held": false, "steps": [
                {"kind": "attribute", "name": "n", "held": false, "operator": "gt", "seen": 4},
                {"kind": "not", "held": true, "steps": [
                    {"kind": "attribute", "name": "plan", "held": false, "operator": "exists"}]}]}]},
            {"kind": "rule", "name": "b", "held": true, "steps": [{"kind": "percentage", "held": true,
                "salt": "f", "unit": "user-3", "bucket": 15_752, "range": [0, 20_500]}]},
        ],
    });
    assert_eq!(found, wanted);
    let text = serde_json::to_string(&explained).unwrap();
    assert!(text.contains("\"value\":3.0"), "{text}");
}

#[test]
fn a_long_explanation_is_cut_and_says_so() {
    let leaf = r#"{"attribute":"n","op":"exists"}"#;
    let all = vec![leaf; crate::limits::STEPS_PER_EXPLANATION].join(",");
    let text = format!(
        r#"{{"flags":{{"f":{{"key":"f","type":"boolean","enabled":true,"variants":{{"on":true}},
        "rules":[{{"id":"a","serve":{{"variant":"on"}},"when":{{"any":[{all}]}}}}],
        "fallthrough":{{"variant":"on"}}}}}}}}"#
    );
    let snapshot = Snapshot::from_json(text.as_bytes()).unwrap();
    let explained = snapshot.explain("f", &Context::empty(), None, &At::default());
    assert!(explained.truncated);
    assert_eq!(explained.variant.as_deref(), Some("on"));
    let inner = explained.steps[1].steps[0].steps.len();
    // The switch, the rule and `any` count too; what comes after the cut is left out.
    assert_eq!(inner, crate::limits::STEPS_PER_EXPLANATION - 3);
}
