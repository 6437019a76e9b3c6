//! Documents by the generators of the property tests: explanation and evaluation agree, damage does no harm.

#![no_main]

#[path = "../../tests/properties/generate/mod.rs"]
mod generate;

use arbitrary::Unstructured;
use generate::Source;
use libfuzzer_sys::fuzz_target;
use pennon_engine::{At, Context, Flag, Layer, Reading, Segment, Snapshot};

#[derive(arbitrary::Arbitrary)]
struct Input<'b> {
    now: i64,
    random: u32,
    damage: &'b [u8],
    documents: &'b [u8],
}

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = Unstructured::new(bytes);
    let Ok(input) = bytes.arbitrary::<Input<'_>>() else { return };
    let source = &mut Source::new(input.documents);
    let at = At { now_ms: input.now, random: input.random, instance: Some("pro") };
    let text = generate::snapshot(source);
    let asked = generate::context(source);
    let context = Context::from_json(asked.as_bytes()).expect("a generated context is well-formed");
    let snapshot = Snapshot::from_json(text.as_bytes()).expect("a generated snapshot is well-formed");
    for flag in snapshot.flags() {
        let key = flag.flag().key();
        let found = flag.evaluate(&context, None, &at);
        let explained = snapshot.explain(key, &context, None, &at);
        assert_eq!(explained.variant.as_deref(), found.variant().map(pennon_engine::Variant::name));
        assert_eq!(explained.reason, found.reason());
        assert_eq!(Flag::parse(key, &flag.flag().to_json(), Reading::Strict), *flag.flag());
    }
    let damage = &mut Source::new(input.damage);
    if let Ok(snapshot) = Snapshot::from_json(generate::damaged(&text, damage).as_bytes()) {
        snapshot.evaluate_all(&context, &at).for_each(drop);
    }
    let flag = generate::damaged(&generate::flag("a", source), damage);
    let _ = Flag::parse("a", &Flag::parse("a", &flag, Reading::Strict).to_json(), Reading::Lenient);
    let segment = generate::damaged(&generate::segment(source), damage);
    let _ = Segment::parse("s", &segment, Reading::Strict).to_json();
    let layer = generate::damaged(&generate::layer(source), damage);
    let _ = Layer::parse("l", &layer, Reading::Strict).to_json();
});
