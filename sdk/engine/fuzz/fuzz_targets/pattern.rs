//! Any pattern: what the dialect takes must compile, with and without case.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pennon_engine::pattern::{Pattern, PatternError};

fuzz_target!(|input: (&str, &str)| {
    let (pattern, text) = input;
    match Pattern::new(pattern, false, 1 << 20) {
        Ok(pattern) => {
            let _ = pattern.is_match(text);
        }
        Err(PatternError::Refused { what, .. }) => {
            assert_ne!(what, "the pattern cannot be compiled", "{pattern}")
        }
        Err(_) => {}
    }
    let _ = Pattern::new(pattern, true, 1 << 20);
});
