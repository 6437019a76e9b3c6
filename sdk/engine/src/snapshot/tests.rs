//! Linking: what is broken, where, and what a change shares.

use std::sync::Arc;

use super::*;
use crate::issue::{IssueCode, Reading};

fn flag_text(key: &str, more: &str) -> String {
    format!(
        r#"{{"key":"{key}","type":"boolean","enabled":true,"variants":{{"on":true,"off":false}},"fallthrough":{{"variant":"on"}}{more}}}"#
    )
}

fn needs(key: &str, other: &str) -> String {
    flag_text(key, &format!(r#","prerequisites":[{{"flag":"{other}","variants":["on"]}}]"#))
}

fn meta() -> Meta {
    Meta { epoch: 7, project: "p\"".into(), environment: "e".into(), revision: 3 }
}

fn snapshot(flags: &[(&str, String)], segments: &[(&str, &str)], layers: &[(&str, &str)]) -> Snapshot {
    let lenient = Reading::Lenient;
    Snapshot::build(
        meta(),
        flags.iter().map(|(key, text)| Arc::new(Flag::parse(key, text, lenient))).collect(),
        segments.iter().map(|(key, text)| Arc::new(Segment::parse(key, text, lenient))).collect(),
        layers.iter().map(|(key, text)| Arc::new(Layer::parse(key, text, lenient))).collect(),
    )
}

fn broken(snapshot: &Snapshot) -> Vec<(&str, &str, IssueCode)> {
    snapshot
        .broken()
        .flat_map(|broken| broken.issues.iter().map(move |issue| (broken.key, &*issue.pointer, issue.code)))
        .collect()
}

#[test]
fn a_reference_to_what_is_not_there_points_at_its_place() {
    let rule = |when: &str| {
        format!(r#","rules":[{{"id":"r","when":{{"any":[{when}]}},"serve":{{"variant":"on"}}}}]"#)
    };
    let when = r#"{"segment":"s"},{"percentage":5,"layer":"l"},{"flag":"b","variants":["on","x"]},{"flag":"c","variants":["on"]}"#;
    let found = snapshot(&[("a", flag_text("a", &rule(when))), ("b", flag_text("b", ""))], &[], &[]);
    assert_eq!(
        broken(&found),
        [
            ("a", "/rules/0/when/any/0/segment", IssueCode::UnknownSegment),
            ("a", "/rules/0/when/any/1/layer", IssueCode::UnknownLayer),
            ("a", "/rules/0/when/any/2/variants/1", IssueCode::UnknownVariant),
            ("a", "/rules/0/when/any/3/flag", IssueCode::UnknownFlag),
        ]
    );
}

#[test]
fn every_member_of_a_circle_is_broken_and_nobody_else() {
    let flags = [
        ("a", needs("a", "b")),
        ("b", flag_text("b", r#","rules":[{"id":"r","when":{"segment":"s"},"serve":{"variant":"on"}}]"#)),
        ("outside", needs("outside", "a")),
        ("self", needs("self", "self")),
        ("sound", flag_text("sound", "")),
    ];
    let found = snapshot(&flags, &[("s", r#"{"when":{"flag":"a","variants":["on"]}}"#)], &[]);
    assert_eq!(
        broken(&found),
        [
            ("a", "/prerequisites/0/flag", IssueCode::Cycle),
            ("b", "/rules/0/when/segment", IssueCode::Cycle),
            ("self", "/prerequisites/0/flag", IssueCode::Cycle),
            ("s", "/when/flag", IssueCode::Cycle),
        ]
    );
    let at = At::default();
    let outside = found.evaluate("outside", &Context::empty(), None, &at);
    assert_eq!((outside.prerequisite(), outside.reason()), (Some("a"), crate::Reason::Default));
}

#[test]
fn a_broken_segment_or_layer_breaks_what_reaches_it() {
    let uses = |key: &str, segment: &str| {
        let rule =
            format!(r#","rules":[{{"id":"r","when":{{"segment":"{segment}"}},"serve":{{"variant":"on"}}}}]"#);
        flag_text(key, &rule)
    };
    let flags = [("a", uses("a", "outer")), ("b", needs("b", "a")), ("c", uses("c", "layered"))];
    let segments = [
        ("outer", r#"{"when":{"segment":"inner"}}"#),
        ("inner", r#"{"by":[]}"#),
        ("layered", r#"{"when":{"percentage":5,"layer":"l"}}"#),
    ];
    let found = snapshot(&flags, &segments, &[("l", r#"{"salt":1}"#)]);
    let keys: Vec<(DocumentKind, &str)> = found.broken().map(|broken| (broken.kind, broken.key)).collect();
    let (flag, segment, layer) = (DocumentKind::Flag, DocumentKind::Segment, DocumentKind::Layer);
    let wanted = [
        (flag, "a"),
        (flag, "c"),
        (segment, "inner"),
        (segment, "layered"),
        (segment, "outer"),
        (layer, "l"),
    ];
    assert_eq!(keys, wanted);
    assert!(found.flag("a").unwrap().is_broken() && !found.flag("b").unwrap().is_broken());
    assert_eq!(found.flag("a").unwrap().issues()[0].code, IssueCode::BrokenSegment);
}

#[test]
fn a_chain_of_the_limit_is_sound_and_one_more_is_not() {
    let key = |number: usize| format!("f{number}");
    let count = 40;
    let flags: Vec<(String, String)> = (0..count)
        .map(|at| {
            (key(at), if at + 1 < count { needs(&key(at), &key(at + 1)) } else { flag_text(&key(at), "") })
        })
        .collect();
    let flags: Vec<(&str, String)> = flags.iter().map(|(key, text)| (key.as_str(), text.clone())).collect();
    let found = snapshot(&flags, &[], &[]);
    // f39 is the end; f7 has 32 edges before it, f6 has 33. f5 names a broken one, which is not expanded further.
    let keys: Vec<&str> = found.broken().map(|broken| broken.key).collect();
    assert_eq!(keys, ["f6"]);
    assert_eq!(found.flag("f6").unwrap().issues()[0].code, IssueCode::TooDeep);
}

#[test]
fn a_long_chain_and_a_long_circle_do_not_overflow_the_stack() {
    let key = |number: usize| format!("f{number}");
    let count = 20_000;
    let flags = (0..count)
        .map(|at| Arc::new(Flag::parse(&key(at), &needs(&key(at), &key((at + 1) % count)), Reading::Lenient)))
        .collect();
    let found = Snapshot::build(meta(), flags, vec![], vec![]);
    assert_eq!(found.broken().count(), count);
}

#[test]
fn expanded_references_are_counted_with_repetition() {
    let twice = |key: &str, other: &str, times: usize| {
        let one = format!(r#"{{"flag":"{other}","variants":["on"]}}"#);
        flag_text(key, &format!(r#","prerequisites":[{}]"#, vec![one; times].join(",")))
    };
    // 30 * (1 + 32) is 990 and 31 * (1 + 32) is 1 023.
    let flags = [
        ("fine", twice("fine", "middle", 30)),
        ("much", twice("much", "middle", 31)),
        ("middle", twice("middle", "end", 32)),
        ("end", flag_text("end", "")),
    ];
    assert_eq!(broken(&snapshot(&flags, &[], &[])), [("much", "", IssueCode::LimitExceeded)]);
}

#[test]
fn a_change_shares_what_it_leaves_and_links_again() {
    let old = snapshot(&[("a", needs("a", "b")), ("b", flag_text("b", ""))], &[], &[]);
    let change = Change { flags: vec![("b".into(), None)], ..Change::default() };
    let without = old.with(meta(), change);
    assert!(Arc::ptr_eq(old.flag("a").unwrap().shared(), without.flag("a").unwrap().shared()));
    assert!(without.flag("b").is_none() && without.flag("a").unwrap().is_broken());
    let b = Arc::new(Flag::parse("b", &flag_text("b", ""), Reading::Strict));
    let change = Change {
        flags: vec![("b".into(), Some(Arc::clone(&b))), ("c".into(), Some(b))],
        ..Change::default()
    };
    let again = without.with(Meta { revision: 5, ..meta() }, change);
    assert_eq!(again.broken().count(), 0);
    assert_eq!((again.flags().len(), again.meta().revision), (2, 5));
    assert!(!old.flag("a").unwrap().is_broken());
}

#[test]
fn the_document_keeps_texts_as_written() {
    let text = flag_text("a", r#", "new member" : [3.0, 1e2],"metadata":{"b":1.50,"a":null}"#);
    let found = snapshot(&[("a", text.clone()), ("b", "no json".into())], &[("s", "{ }")], &[("l", "{}")]);
    let written = String::from_utf8(found.to_json()).unwrap();
    let wanted = format!(
        r#"{{"schemaVersion":1,"epoch":7,"project":"p\"","environment":"e","revision":3,"flags":{{"a":{text},"b":null}},"segments":{{"s":{{ }}}},"layers":{{"l":{{}}}}}}"#
    );
    assert_eq!(written, wanted);
    let back = Snapshot::from_json(written.as_bytes()).unwrap();
    assert_eq!(back.meta(), &meta());
    assert!(back.flag("b").unwrap().is_broken());
}

#[test]
fn borders_are_the_first_moments_of_new_answers() {
    let when = |when: &str| format!(r#","rules":[{{"id":"r","when":{when},"serve":{{"variant":"on"}}}}]"#);
    let now =
        |op: &str, value: &str| format!(r#"{{"not":{{"attribute":"$now","op":"{op}","values":[{value}]}}}}"#);
    let flags = [
        ("a", flag_text("a", &when(&now("before", "1000, 5000")))),
        ("b", flag_text("b", &when(&now("after", "1000")))),
        ("c", flag_text("c", &when(&now("gte", "7.5")))),
        ("d", flag_text("d", &when(r#"{"attribute":"n","op":"before","values":[9]}"#))),
    ];
    let segment = format!(r#"{{"when":{}}}"#, now("after", "\"1970-01-01T00:00:02Z\""));
    let found = snapshot(&flags, &[("s", &segment)], &[]);
    assert_eq!(found.borders(), [8, 1_001, 2_001, 5_000]);
    // At each border some answer differs from the millisecond before, and in between none does.
    let answers = |now_ms| {
        let at = At { now_ms, ..At::default() };
        found.evaluate_all(&Context::empty(), &at).map(|one| one.rule_id().is_some()).collect::<Vec<_>>()
    };
    for border in [8, 1_001, 5_000] {
        assert_ne!(answers(border - 1), answers(border), "{border}");
    }
    for quiet in [7, 9, 1_000, 1_002, 4_999] {
        assert_eq!(answers(quiet - 1), answers(quiet), "{quiet}");
    }
}

#[test]
fn what_tells_nothing_of_any_flag_is_refused_whole() {
    let refused = |text: &str| Snapshot::from_json(text.as_bytes()).unwrap_err();
    assert!(matches!(refused("{"), SnapshotError::Malformed { .. }));
    assert!(matches!(refused(r#"{"flags":{"a":{]}}"#), SnapshotError::Malformed { .. }));
    assert_eq!(refused("[]"), SnapshotError::NotAnObject);
    assert_eq!(refused(r#"{"schemaVersion":2}"#), SnapshotError::SchemaVersion);
    for member in ["flags", "segments", "layers", "epoch", "revision", "project", "environment"] {
        for wrong in ["null", "true", "[]", "1.5"] {
            let error = refused(&format!(r#"{{"{member}":{wrong}}}"#));
            assert!(
                matches!(error, SnapshotError::Member { name, .. } if name == member),
                "{member} {wrong}"
            );
        }
    }
    assert!(Snapshot::from_json(br#"{"flags":{"a":{"key":"a","x":1e400}}}"#).is_ok());
}

#[test]
fn snapshots_and_documents_are_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Snapshot>();
    shared::<Flag>();
    shared::<Segment>();
    shared::<Layer>();
    shared::<Context<'static>>();
}

#[test]
fn a_percentage_behind_another_flag_is_not_the_rule_s() {
    let uses = |key: &str, when: &str| {
        let rule = format!(r#","rules":[{{"id":"r","when":{when},"serve":{{"variant":"on"}}}}]"#);
        flag_text(key, &rule)
    };
    let flags = [
        ("through-flag", uses("through-flag", r#"{"segment":"asks"}"#)),
        ("through-segment", uses("through-segment", r#"{"segment":"outer"}"#)),
        ("asked", uses("asked", r#"{"segment":"drawn"}"#)),
    ];
    let segments = [
        ("asks", r#"{"when":{"flag":"asked","variants":["on"]}}"#),
        ("outer", r#"{"when":{"any":[{"segment":"drawn"},{"all":[]}]}}"#),
        ("drawn", r#"{"when":{"percentage":100}}"#),
    ];
    let found = snapshot(&flags, &segments, &[]);
    assert_eq!(found.broken().count(), 0);
    let reason = |key: &str| found.evaluate(key, &Context::empty(), None, &At::default()).reason();
    assert_eq!(reason("through-flag"), crate::Reason::TargetingMatch);
    assert_eq!(reason("through-segment"), crate::Reason::Split);
}
