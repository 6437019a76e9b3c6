//! Any bytes, as every document there is. The reader must judge them and never fail.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pennon_engine::{At, Context, Flag, Layer, Reading, Segment, Snapshot};

fuzz_target!(|bytes: &[u8]| {
    let context = Context::from_json(bytes).unwrap_or_default();
    if let Ok(snapshot) = Snapshot::from_json(bytes) {
        for flag in snapshot.flags() {
            let _ = flag.evaluate(&context, None, &At::default());
        }
        assert!(Snapshot::from_json(&snapshot.to_json()).is_ok());
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for reading in [Reading::Strict, Reading::Lenient] {
        let flag = Flag::parse("f", text, reading);
        if flag.issues().is_empty() {
            assert_eq!(Flag::parse("f", &flag.to_json(), reading), flag);
        }
        let segment = Segment::parse("s", text, reading);
        if segment.issues().is_empty() {
            assert_eq!(Segment::parse("s", &segment.to_json(), reading), segment);
        }
        let layer = Layer::parse("l", text, reading);
        if layer.issues().is_empty() {
            assert_eq!(Layer::parse("l", &layer.to_json(), reading), layer);
        }
    }
});
