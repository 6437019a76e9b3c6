//! The envelope of a batch: what is wrong with it is wrong with all of it. Unknown members are ignored: a newer SDK may send them.

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::event::{self, Object, Refusal};
use super::told::Reading;
use super::{EventsAnswer, RefusedEvent};
use crate::domain::issue::Issue;
use crate::domain::json::json_issue;
use crate::http::problem::Problem;
use crate::usage::batch::Batch;

/// Events of one batch.
pub const EVENTS_LIMIT: usize = 1_000;
/// Characters of an instance's id: a host's name, a process's number and a time, with room to spare.
pub const INSTANCE_LIMIT: usize = 200;
/// Hex digits of a session.
const SESSION_DIGITS: usize = 16;
/// Numbers of batches are below 2^53, so that every language counts alike.
const SEQUENCE_LIMIT: i64 = 1 << 53;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    instance_id: String,
    session: String,
    sequence: i64,
    #[serde(borrow)]
    events: Vec<&'a RawValue>,
}

/// Reads a batch: what of it is to be stored, and what becomes of its events if it is.
pub fn read(bytes: &[u8], reading: &Reading<'_>) -> Result<(Batch, EventsAnswer), Problem> {
    let envelope = envelope(bytes)?;
    if envelope.events.len() > EVENTS_LIMIT {
        let detail = format!("a batch holds at most {EVENTS_LIMIT} events: send it in two");
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail));
    }
    let mut batch = Batch::new(reading.environment_id, reading.trust, &envelope.session, envelope.sequence);
    let mut answer = EventsAnswer::default();
    for (index, raw) in envelope.events.iter().enumerate() {
        let told =
            event::read(raw.get()).and_then(|event| reading.take(event, &envelope.instance_id, &mut batch));
        match told {
            Ok(true) => answer.accepted += 1,
            Ok(false) => answer.ignored += 1,
            Err(Refusal { code, detail }) => answer.refused.push(RefusedEvent { index, code, detail }),
        }
    }
    Ok((batch, answer))
}

fn envelope(bytes: &[u8]) -> Result<Envelope<'_>, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let detail = format!("the body is not UTF-8 at byte {}", error.valid_up_to());
        Problem::new(StatusCode::BAD_REQUEST, "invalid_json", detail)
    })?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read: Result<Object<Envelope<'_>>, _> = serde_path_to_error::deserialize(&mut deserializer);
    let envelope = match read {
        Ok(Object(envelope)) => envelope,
        Err(error) if error.inner().is_data() => {
            let pointer = match error.path().iter().next() {
                Some(serde_path_to_error::Segment::Map { key }) => format!("/{key}"),
                _ => String::new(),
            };
            let said = error.inner().to_string();
            let said = said.split(" at line ").next().unwrap_or_default().replace("field", "member");
            let code = if said.starts_with("missing member") { "missing_member" } else { "wrong_type" };
            return Err(Issue::new(pointer, code, said).into());
        }
        Err(error) => return Err(json_issue(text, error.inner()).into()),
    };
    if let Err(error) = deserializer.end() {
        return Err(json_issue(text, &error).into());
    }
    let issues = issues(&envelope);
    if issues.is_empty() { Ok(envelope) } else { Err(Problem::invalid(issues)) }
}

fn issues(envelope: &Envelope<'_>) -> Vec<Issue> {
    let mut issues = Vec::new();
    if event::text(&envelope.instance_id, INSTANCE_LIMIT).is_err() {
        let detail = format!("1 to {INSTANCE_LIMIT} characters, none of them a control character");
        issues.push(Issue::new("/instanceId", "invalid_value", detail));
    }
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if envelope.session.len() != SESSION_DIGITS || !envelope.session.bytes().all(is_hex) {
        let detail =
            format!("{SESSION_DIGITS} random hex digits, in lower case, another number for each process");
        issues.push(Issue::new("/session", "invalid_value", detail));
    }
    if !(1..SEQUENCE_LIMIT).contains(&envelope.sequence) {
        issues.push(Issue::new("/sequence", "invalid_number", "a whole number from 1 to 2^53 - 1"));
    }
    issues
}
