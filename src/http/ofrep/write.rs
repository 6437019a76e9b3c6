//! Joins an answer from bytes that were serialised once. Decides nothing.

use pennon_engine::Evaluation;

use crate::snapshot::answer::Answer;

/// Appends a success: `{key, value?, variant, reason, metadata}`.
///
/// Without a variant there is no `value` (the caller's own default applies) and `variant` is "": never null, and both
/// always as the protocol's clients need them.
pub fn success(out: &mut Vec<u8>, answer: &Answer, evaluation: &Evaluation<'_>, is_client: bool) {
    out.push(b'{');
    out.extend_from_slice(answer.key.as_bytes());
    out.push(b',');
    match evaluation.variant().and_then(|variant| answer.variant(variant.name())) {
        Some(variant) => out.extend_from_slice(variant.as_bytes()),
        None => out.extend_from_slice(b"\"variant\":\"\""),
    }
    out.extend_from_slice(b",\"reason\":\"");
    out.extend_from_slice(evaluation.reason().as_str().as_bytes());
    out.extend_from_slice(b"\",\"metadata\":{");
    let mut first = answer.metadata.is_empty();
    out.extend_from_slice(answer.metadata.as_bytes());
    if !is_client {
        let names = [
            ("ruleId", evaluation.rule_id()),
            ("cause", evaluation.cause()),
            ("prerequisite", evaluation.prerequisite()),
        ];
        for (name, value) in names {
            if let Some(value) = value {
                if !std::mem::take(&mut first) {
                    out.push(b',');
                }
                member(out, name, value);
            }
        }
    }
    out.extend_from_slice(b"}}");
}

/// Appends a failure of one flag: `{key, errorCode, errorDetails}`.
pub fn failure(out: &mut Vec<u8>, answer: &Answer, evaluation: &Evaluation<'_>) {
    let (code, details) = match evaluation.error() {
        Some(code) => (code.as_str(), code.message()),
        None => ("GENERAL", "the flag could not be evaluated"),
    };
    out.push(b'{');
    out.extend_from_slice(answer.key.as_bytes());
    out.push(b',');
    member(out, "errorCode", code);
    out.push(b',');
    member(out, "errorDetails", details);
    out.push(b'}');
}

/// Rule ids, causes and flag keys may hold what JSON escapes only in a cause, so all of them go the safe way.
fn member(out: &mut Vec<u8>, name: &str, value: &str) {
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    // Writing into a Vec does not fail.
    let _ = serde_json::to_writer(&mut *out, value);
}
