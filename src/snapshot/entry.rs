//! One flag's entry in an answer, joined from bytes that were serialised once. Decides nothing.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use pennon_engine::{ErrorCode, Evaluation, Track};

use super::answer::Answer;

/// For whom answers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The holder of a server key: every flag, and why.
    Server,
    /// The holder of a client key, which is public: flags that are client-visible, without the reasons inside.
    Client,
}

impl Audience {
    /// Whether a flag is for them at all.
    #[must_use]
    pub fn sees(self, answer: &Answer) -> bool {
        self == Audience::Server || answer.client_visible
    }
}

/// Appends what a flag serves, or why it errs.
pub fn entry(out: &mut Vec<u8>, answer: &Answer, evaluation: &Evaluation<'_>, audience: Audience) {
    if evaluation.error().is_some() {
        failure(out, answer, evaluation);
    } else {
        success(out, answer, evaluation, audience);
    }
}

/// Appends what a stream of results tells of a flag: the same, and which run counts the exposure, `{run, by, arm?}`.
pub fn streamed(out: &mut Vec<u8>, answer: &Answer, evaluation: &Evaluation<'_>, audience: Audience) {
    entry(out, answer, evaluation, audience);
    if let Some(track) = evaluation.track() {
        // Within the entry's braces.
        out.pop();
        out.extend_from_slice(b",\"track\":");
        tracked(out, &track);
        out.push(b'}');
    }
}

/// A number that differs when the streamed entry differs (but for one chance in 2^64), without writing it. Never 0.
#[must_use]
pub fn fingerprint(answer: &Answer, evaluation: &Evaluation<'_>, audience: Audience) -> u64 {
    let mut hash = DefaultHasher::new();
    match evaluation.error() {
        Some(code) => code.as_str().hash(&mut hash),
        None => {
            answer.metadata_hash.hash(&mut hash);
            let variant = evaluation.variant().and_then(|variant| answer.variant_hash(variant.name()));
            variant.hash(&mut hash);
            (evaluation.reason() as u8).hash(&mut hash);
            if audience == Audience::Server {
                details(evaluation).hash(&mut hash);
            }
            if let Some(track) = evaluation.track() {
                (track.run(), track.arm()).hash(&mut hash);
                track.by().for_each(|by| by.hash(&mut hash));
            }
        }
    }
    hash.finish().max(1)
}

/// What only servers are told.
fn details<'s>(evaluation: &Evaluation<'s>) -> [(&'static str, Option<&'s str>); 3] {
    [
        ("ruleId", evaluation.rule_id()),
        ("cause", evaluation.cause()),
        ("prerequisite", evaluation.prerequisite()),
    ]
}

/// Appends a success: `{key, value?, variant, reason, metadata}`.
///
/// Without a variant there is no `value` (the caller's own default applies) and `variant` is "": never null, and both
/// always as the protocol's clients need them.
pub fn success(out: &mut Vec<u8>, answer: &Answer, evaluation: &Evaluation<'_>, audience: Audience) {
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
    if audience == Audience::Server {
        for (name, value) in details(evaluation) {
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
        None => (ErrorCode::General.as_str(), "the flag could not be evaluated"),
    };
    out.push(b'{');
    out.extend_from_slice(answer.key.as_bytes());
    out.push(b',');
    member(out, "errorCode", code);
    out.push(b',');
    member(out, "errorDetails", details);
    out.push(b'}');
}

fn tracked(out: &mut Vec<u8>, track: &Track<'_>) {
    out.push(b'{');
    member(out, "run", track.run());
    out.extend_from_slice(b",\"by\":[");
    for (number, by) in track.by().enumerate() {
        if number > 0 {
            out.push(b',');
        }
        text(out, by);
    }
    out.push(b']');
    if let Some(arm) = track.arm() {
        out.push(b',');
        member(out, "arm", arm);
    }
    out.push(b'}');
}

/// Rule ids, causes and flag keys may hold what JSON escapes only in a cause, so all of them go the safe way.
fn member(out: &mut Vec<u8>, name: &str, value: &str) {
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    text(out, value);
}

fn text(out: &mut Vec<u8>, value: &str) {
    // Writing into a Vec does not fail.
    let _ = serde_json::to_writer(&mut *out, value);
}
