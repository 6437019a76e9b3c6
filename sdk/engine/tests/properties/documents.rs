//! Documents print and read back the same; explanations and changed snapshots agree with evaluations.

use std::sync::Arc;

use pennon_engine::{At, Change, Context, Flag, Layer, Reading, Segment, Snapshot};
use proptest::prelude::*;

use crate::generate::{self, Source};

const AT: At<'static> = At { now_ms: 1_767_225_600_000, random: 7, instance: Some("pro") };

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..600)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn printing_and_parsing_a_flag_is_the_identity(bytes in bytes()) {
        let text = generate::flag("a", &mut Source::new(&bytes));
        let flag = Flag::parse("a", &text, Reading::Strict);
        prop_assert!(flag.issues().is_empty(), "{:?} {}", flag.issues(), text);
        let printed = flag.to_json();
        let again = Flag::parse("a", &printed, Reading::Strict);
        prop_assert_eq!(&again, &flag, "{}", printed);
        prop_assert_eq!(again.to_json(), printed);
    }

    #[test]
    fn printing_and_parsing_a_segment_and_a_layer_is_the_identity(bytes in bytes()) {
        let source = &mut Source::new(&bytes);
        let segment = Segment::parse("s", &generate::segment(source), Reading::Strict);
        prop_assert!(segment.issues().is_empty(), "{:?}", segment.issues());
        let again = Segment::parse("s", &segment.to_json(), Reading::Strict);
        prop_assert_eq!(&again, &segment);
        prop_assert_eq!(again.to_json(), segment.to_json());
        let layer = Layer::parse("l", &generate::layer(source), Reading::Strict);
        prop_assert!(layer.issues().is_empty());
        prop_assert_eq!(&Layer::parse("l", &layer.to_json(), Reading::Strict), &layer);
    }

    #[test]
    fn a_snapshot_s_document_reads_back_to_the_same_answers(bytes in bytes()) {
        let source = &mut Source::new(&bytes);
        let snapshot = Snapshot::from_json(generate::snapshot(source).as_bytes()).unwrap();
        let again = Snapshot::from_json(&snapshot.to_json()).unwrap();
        let text = generate::context(source);
        let context = Context::from_json(text.as_bytes()).unwrap();
        prop_assert_eq!(again.meta(), snapshot.meta());
        prop_assert_eq!(again.borders(), snapshot.borders());
        for (left, right) in snapshot.evaluate_all(&context, &AT).zip(again.evaluate_all(&context, &AT)) {
            prop_assert_eq!(left, right);
        }
    }

    #[test]
    fn an_explanation_agrees_with_the_evaluation(bytes in bytes()) {
        let source = &mut Source::new(&bytes);
        let snapshot = Snapshot::from_json(generate::snapshot(source).as_bytes()).unwrap();
        let text = generate::context(source);
        let context = Context::from_json(text.as_bytes()).unwrap();
        for flag in snapshot.flags() {
            let key = flag.flag().key();
            let found = snapshot.evaluate(key, &context, None, &AT);
            let explained = snapshot.explain(key, &context, None, &AT);
            prop_assert_eq!(explained.variant.as_deref(), found.variant().map(pennon_engine::Variant::name));
            prop_assert_eq!(explained.value.as_ref().map(|raw| raw.get()), found.json());
            prop_assert_eq!(explained.reason, found.reason());
            prop_assert_eq!(explained.error_code, found.error());
            prop_assert_eq!(explained.rule_id.as_deref(), found.rule_id());
            prop_assert_eq!(explained.cause.as_deref(), found.cause());
            prop_assert_eq!(explained.prerequisite.as_deref(), found.prerequisite());
            prop_assert_eq!(explained.version, found.version());
            prop_assert!(serde_json::to_string(&explained).is_ok());
        }
    }

    #[test]
    fn a_changed_snapshot_is_the_one_built_anew(bytes in bytes()) {
        let source = &mut Source::new(&bytes);
        let old = Snapshot::from_json(generate::snapshot(source).as_bytes()).unwrap();
        let new = Arc::new(Flag::parse("b", &generate::flag("b", source), Reading::Lenient));
        let segment = Arc::new(Segment::parse("v", &generate::segment(source), Reading::Lenient));
        let changed = old.with(old.meta().clone(), Change {
            flags: vec![("a".into(), None), ("b".into(), Some(new.clone())), ("nope".into(), None)],
            segments: vec![("v".into(), Some(segment.clone()))],
            layers: vec![("m".into(), None)],
        });
        let mut flags: Vec<Arc<Flag>> = old.flags().map(|flag| flag.shared().clone()).collect();
        flags.retain(|flag| flag.key() != "a");
        flags.push(new);
        let segments = old.segments().cloned().chain([segment]).collect();
        let layers = old.layers().filter(|layer| layer.key() != "m").cloned().collect();
        let built = Snapshot::build(old.meta().clone(), flags, segments, layers);
        prop_assert_eq!(built.to_json(), changed.to_json());
        prop_assert_eq!(built.borders(), changed.borders());
        prop_assert!(built.broken().eq(changed.broken()));
        let text = generate::context(source);
        let context = Context::from_json(text.as_bytes()).unwrap();
        prop_assert!(built.evaluate_all(&context, &AT).eq(changed.evaluate_all(&context, &AT)));
    }
}
