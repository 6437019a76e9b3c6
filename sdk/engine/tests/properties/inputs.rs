//! No input panics, and what is read agrees with another reader.

use pennon_engine::pattern::Pattern;
use pennon_engine::{Asked, At, Context, Flag, Layer, Reading, Segment, Snapshot};
use proptest::prelude::*;

use crate::generate::{self, Source};

const AT: At<'static> = At { now_ms: i64::MAX, random: u32::MAX, instance: None };

/// Reads the text as everything there is, and uses what came out.
fn use_it(text: &str) {
    for reading in [Reading::Strict, Reading::Lenient] {
        let flag = Flag::parse("a", text, reading);
        drop(serde_json::to_string(flag.issues()).unwrap());
        let _ = Flag::parse("a", &flag.to_json(), reading);
        let segment = Segment::parse("s", text, reading);
        let _ = Segment::parse("s", &segment.to_json(), reading);
        let _ = Layer::parse("l", text, reading).to_json();
    }
    let context = Context::from_json(text.as_bytes()).unwrap_or_default();
    if let Ok(snapshot) = Snapshot::from_json(text.as_bytes()) {
        for flag in snapshot.flags() {
            let _ = flag.evaluate(&context, Some(Asked::Integer), &AT);
            let _ = snapshot.explain(flag.flag().key(), &context, None, &AT);
        }
        assert!(Snapshot::from_json(&snapshot.to_json()).is_ok());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Snapshot::from_json(&bytes);
        let _ = Context::from_json(&bytes);
        use_it(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn no_damaged_document_panics(bytes in proptest::collection::vec(any::<u8>(), 0..500)) {
        let source = &mut Source::new(&bytes);
        let whole = [generate::snapshot, |source: &mut Source<'_>| generate::flag("a", source), generate::segment,
            generate::context][source.below(4)](source);
        let tail = bytes.iter().rev().copied().collect::<Vec<u8>>();
        use_it(&generate::damaged(&whole, &mut Source::new(&tail)));
    }

    #[test]
    fn a_context_is_taken_exactly_when_serde_json_takes_it(text in json_like()) {
        let mut reader = serde_json::Deserializer::from_str(&text);
        let theirs = <serde_json::Value as serde::Deserialize>::deserialize(&mut reader).and_then(|value| {
            reader.end().map(|()| value)
        });
        let ours = Context::from_json(text.as_bytes());
        match theirs {
            Ok(serde_json::Value::Object(members)) => {
                let ours = ours.unwrap();
                for (name, value) in members.iter().filter(|member| !member.0.starts_with('$')) {
                    let found = ours.get(name).unwrap();
                    if let Some(text) = value.as_str() {
                        prop_assert_eq!(found, &pennon_engine::Value::from(text));
                    }
                }
            }
            Ok(_) => prop_assert_eq!(ours.unwrap_err().code(), pennon_engine::ErrorCode::InvalidContext),
            Err(_) => prop_assert_eq!(ours.unwrap_err().code(), pennon_engine::ErrorCode::ParseError),
        }
    }

    #[test]
    fn every_pattern_of_the_dialect_compiles(pattern in r"[a-c()|*+?{}0-2,^$.\\dwsDWSbBAznrtpPLu\[\]\-&~:im]{0,14}", text in "[a-c0-2\n .]{0,8}") {
        if let Ok(compiled) = Pattern::new(&pattern, false, 1 << 26) {
            let _ = compiled.is_match(&text);
            prop_assert!(Pattern::new(&pattern, true, 1 << 26).is_ok());
            // Grouping and alternating what is allowed stays allowed, and means the same.
            let grouped = Pattern::new(&format!("(?:{pattern})|{pattern}"), false, 1 << 26).unwrap();
            prop_assert_eq!(grouped.is_match(&text), compiled.is_match(&text));
        }
    }
}

/// Texts that are JSON, or nearly.
fn json_like() -> impl Strategy<Value = String> {
    let atom = prop_oneof![
        Just("null".to_owned()),
        Just("1e400".into()),
        Just("-0.0".into()),
        Just("01".into()),
        Just("\"\\ud800\"".into()),
        Just("\"\\ud83d\\ude00\"".into()),
        Just("\"a\\u0000\"".into()),
        Just("\"\\x\"".into()),
        Just("1E+2".into()),
        Just("tru".into()),
        "[0-9]{1,3}",
        "\"[a-c\u{e9}]{0,3}\"",
        Just("\"\u{1}\"".into()),
        Just("\"\\/\\b\"".into()),
    ];
    let value = atom.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(" ,"))),
            proptest::collection::vec(
                (prop_oneof![Just("\"a\""), Just("\"$x\""), Just("\"b\""), Just("a")], inner),
                0..4
            )
            .prop_map(|members| {
                let members: Vec<String> =
                    members.iter().map(|(name, value)| format!("{name}:{value}")).collect();
                format!("{{{}}}", members.join(",\t"))
            }),
        ]
    });
    (value, prop_oneof![9 => Just(""), 1 => Just("x"), 1 => Just("\n ")])
        .prop_map(|(value, tail)| format!("{value}{tail}"))
}
