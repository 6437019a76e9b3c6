//! Every kind of mistake is found, in its place, beside all others.

use super::*;
use crate::issue::{IssueCode, Reading};

fn flag(more: &str) -> String {
    format!(
        r#"{{"key":"f","type":"boolean","enabled":true,"variants":{{"on":true,"off":false}},"fallthrough":{{"variant":"on"}}{more}}}"#
    )
}

fn strict(text: &str) -> Vec<(String, IssueCode)> {
    let flag = Flag::parse("f", text, Reading::Strict);
    flag.issues().iter().map(|issue| (issue.pointer.clone(), issue.code)).collect()
}

/// A flag whose one rule has this `when`.
fn when(condition: &str) -> String {
    flag(&format!(r#","rules":[{{"id":"r","when":{condition},"serve":{{"variant":"on"}}}}]"#))
}

fn assert_issue(text: &str, pointer: &str, code: IssueCode) {
    assert_eq!(strict(text), [(pointer.to_owned(), code)], "{text}");
}

#[test]
fn all_issues_of_a_document_are_told_at_once() {
    let text = r#"{"key":"g","type":"boolean","enabled":1,"variants":{"on":true,"b!":"x"},"nope":1,
        "rules":[{"id":"target","when":{"all":[{"percentage":101},{"attribute":"/","op":"like","values":[]}]},
            "serve":{"split":[{"variant":"zz","weight":1.5}],"by":[]}}],
        "targets":[{"values":[],"variant":"on"}]}"#;
    let wanted = [
        ("/nope", IssueCode::UnknownMember),
        ("/key", IssueCode::InvalidKey),
        ("/variants/b!", IssueCode::InvalidKey),
        ("/variants/b!", IssueCode::WrongType),
        ("/enabled", IssueCode::WrongType),
        ("/targets/0/values", IssueCode::Empty),
        ("/rules/0/id", IssueCode::InvalidKey),
        ("/rules/0/when/all/0/percentage", IssueCode::InvalidPercentage),
        ("/rules/0/when/all/1/attribute", IssueCode::InvalidReference),
        ("/rules/0/when/all/1/op", IssueCode::UnknownOperator),
        ("/rules/0/serve/split/0/variant", IssueCode::UnknownVariant),
        ("/rules/0/serve/split/0/weight", IssueCode::InvalidNumber),
        ("/rules/0/serve/by", IssueCode::Empty),
        ("/fallthrough", IssueCode::MissingMember),
    ];
    assert_eq!(strict(text), wanted.map(|(pointer, code)| (pointer.to_owned(), code)));
}

#[test]
fn each_literal_has_its_own_code() {
    let test =
        |op: &str, value: &str| when(&format!(r#"{{"attribute":"a","op":"{op}","values":["x",{value}]}}"#));
    let place = "/rules/0/when/values/1";
    for (op, good, bad, code) in [
        ("matches", "x", "\"(\"", IssueCode::InvalidRegex),
        ("semver_gt", "1.0.0", "\"1\"", IssueCode::InvalidVersion),
        ("cidr", "::/0", "\"1.2.3\"", IssueCode::InvalidNetwork),
        ("before", "2026-01-01T00:00:00Z", "1.5", IssueCode::InvalidDate),
        ("lt", "1", "\"1,5\"", IssueCode::InvalidNumber),
        ("in", "x", "null", IssueCode::WrongType),
        ("starts_with", "x", "1", IssueCode::WrongType),
        ("gt", "1", "1e400", IssueCode::InvalidNumber),
        ("in", "x", "\"\\ud800\"", IssueCode::InvalidString),
    ] {
        assert_issue(&test(op, bad).replace("[\"x\",", &format!("[\"{good}\",")), place, code);
    }
    let long = format!("\"{}\"", "a".repeat(crate::limits::PATTERN_LENGTH + 1));
    assert_issue(&test("matches", &long), place, IssueCode::LimitExceeded);
    assert_issue(&test("matches", "\"\\\\p{L}{1000}\""), place, IssueCode::LimitExceeded);
}

#[test]
fn admin_input_refuses_duplicates_and_null_characters_everywhere() {
    assert_issue(&flag(r#","enabled":false"#), "/enabled", IssueCode::DuplicateMember);
    assert_issue(
        &flag(r#","metadata":{"a/b":[{"x":1,"x":1}]}"#),
        "/metadata/a~1b/0/x",
        IssueCode::DuplicateMember,
    );
    assert_issue(&flag(r#","metadata":{"a":"\u0000"}"#), "/metadata/a", IssueCode::InvalidString);
    for tolerated in [r#","enabled":false"#, r#","metadata":{"a":"\u0000"}"#, r#","nope":{"a":1e400}"#] {
        assert!(Flag::parse("f", &flag(tolerated), Reading::Lenient).issues().is_empty(), "{tolerated}");
    }
    let last =
        Flag::parse("f", &flag(r#","enabled":false,"variants":{"on":false,"on":true}"#), Reading::Lenient);
    assert!(!last.enabled());
    assert_eq!(
        last.variants().map(|variant| (variant.name(), variant.json())).collect::<Vec<_>>(),
        [("on", "true")]
    );
}

#[test]
fn conditions_are_closed_and_of_one_form() {
    let member = "/rules/0/when";
    assert_issue(&when("{}"), member, IssueCode::MissingMember);
    assert_issue(&when("[]"), member, IssueCode::WrongType);
    assert_issue(&when(r#"{"all":[],"any":[]}"#), "/rules/0/when/any", IssueCode::UnknownMember);
    assert_issue(&when(r#"{"percentage":5,"salt":"x"}"#), "/rules/0/when/salt", IssueCode::UnknownMember);
    assert_issue(&when(r#"{"percentage":[9,3]}"#), "/rules/0/when/percentage", IssueCode::InvalidPercentage);
    let lenient = Flag::parse("f", &when(r#"{"percentage":5,"salt":"x"}"#), Reading::Lenient);
    assert_eq!(lenient.issues().len(), 1);
    let deep = |depth: usize| format!("{}{{\"all\":[]}}{}", "{\"not\":".repeat(depth), "}".repeat(depth));
    assert!(strict(&when(&deep(crate::limits::CONDITION_DEPTH - 1))).is_empty());
    let place = format!("/rules/0/when{}", "/not".repeat(crate::limits::CONDITION_DEPTH));
    assert_issue(&when(&deep(crate::limits::CONDITION_DEPTH)), &place, IssueCode::TooDeep);
}

#[test]
fn what_is_no_json_is_one_issue_and_the_rest_still_answers() {
    for text in ["", "{", "{} x", "\u{feff}{}"] {
        assert_issue(text, "", IssueCode::InvalidJson);
    }
    assert_issue("[]", "", IssueCode::WrongType);
    let deep = format!(r#"{{"metadata":{}{}}}"#, "[".repeat(1_000), "]".repeat(1_000));
    assert_issue(&deep, "", IssueCode::InvalidJson);
    let broken = Flag::parse("f", "{", Reading::Lenient);
    assert_eq!((broken.key(), broken.text(), broken.version(), broken.enabled()), ("f", "{", 0, false));
}

#[test]
fn a_split_s_weights_sum_to_the_whole() {
    let split = |weights: &str| flag(&format!(r#","rules":[{{"id":"r","serve":{{"split":[{weights}]}}}}]"#));
    let slot = |weight: &str| format!(r#"{{"variant":"on","weight":{weight}}}"#);
    let place = "/rules/0/serve/split";
    assert!(strict(&split(&[slot("1e5"), slot("0.0")].join(","))).is_empty());
    assert_issue(&split(&slot("99999")), place, IssueCode::WeightsSum);
    assert_issue(&split(""), place, IssueCode::WeightsSum);
    assert_issue(
        &split(&[slot("9007199254740991"), slot("9007199254740991")].join(",")),
        place,
        IssueCode::WeightsSum,
    );
    let many = vec![slot("0"); crate::limits::SLOTS_PER_SPLIT + 1].join(",");
    assert_issue(&split(&many), place, IssueCode::LimitExceeded);
}

#[test]
fn a_flag_says_what_it_names() {
    let text = flag(
        r#","prerequisites":[{"flag":"p","variants":["on"]}],"rules":[{"id":"r","serve":{"variant":"on"},
        "when":{"any":[{"segment":"s"},{"flag":"p","variants":["on"]},{"percentage":5,"layer":"l"}]}}]"#,
    );
    let flag = Flag::parse("f", &text, Reading::Strict);
    assert_eq!(flag.flag_references().collect::<Vec<_>>(), ["p", "p"]);
    assert_eq!(flag.segment_references().collect::<Vec<_>>(), ["s"]);
    assert_eq!(flag.layer_references().collect::<Vec<_>>(), ["l"]);
    assert_eq!(flag.rule_ids().collect::<Vec<_>>(), ["r"]);
}
