//! What of an event is to be stored: what a key may tell of, and what this node's memory says of the flags.

use super::event::{
    COUNT_LIMIT, EVALUATIONS_LIMIT, Event, Exposure, Instance, LABEL_KEY_LIMIT, LABEL_VALUE_LIMIT,
    LABELS_LIMIT, NAME_LIMIT, Refusal, Summary, Track, UNIT_LIMIT, VALUE_LIMIT, WORD_LIMIT, checked, text,
};
use crate::domain::key::Key;
use crate::domain::tally::outcome;
use crate::snapshot::answer::Answer;
use crate::snapshot::image::Image;
use crate::usage::batch::{self, Batch, Counted, Trust};
use crate::usage::unit::Units;

/// Whose events are read, and what they are held against.
#[derive(Debug)]
pub struct Reading<'a> {
    /// The environment's id.
    pub environment_id: &'a str,
    /// Whether what is told can be believed.
    pub trust: Trust,
    /// The environment.
    pub image: &'a Image,
    /// Hashes its units.
    pub units: &'a Units,
}

/// What a flag's key leads to, for the holder of a key.
enum Found<'a> {
    Known(&'a Answer),
    Unknown,
    /// There is one that is not for them: that it is there is nobody's business.
    Hidden,
}

impl Reading<'_> {
    /// Adds an event to a batch; false when there is nothing in it to be kept.
    pub fn take(&self, event: Event, instance_id: &str, batch: &mut Batch) -> Result<bool, Refusal> {
        match event {
            Event::Instance(event) => {
                batch.instance = Some(instance(event, instance_id)?);
                Ok(true)
            }
            Event::Summary(event) => self.summary(event, batch),
            Event::Exposure(event) => self.exposure(event, batch),
            Event::Track(event) => {
                batch.tracks.push(track(event)?);
                Ok(true)
            }
            Event::Unknown => Ok(false),
        }
    }

    fn find(&self, flag: &str) -> Found<'_> {
        match self.image.answer(flag) {
            None => Found::Unknown,
            Some(answer) if self.trust == Trust::Server || answer.client_visible => Found::Known(answer),
            Some(_) => Found::Hidden,
        }
    }

    fn summary(&self, event: Summary, batch: &mut Batch) -> Result<bool, Refusal> {
        if event.evaluations.len() > EVALUATIONS_LIMIT {
            return Err(Refusal::limit(format!("evaluations: at most {EVALUATIONS_LIMIT}")));
        }
        let (mut counts, mut unknown) = (Vec::new(), Vec::new());
        for (at, entry) in event.evaluations.into_iter().enumerate() {
            let entry = entry.0;
            if !(1..=COUNT_LIMIT).contains(&entry.count) {
                return Err(Refusal::invalid(format!("evaluations[{at}].count: 1 to {COUNT_LIMIT}")));
            }
            let variant = entry.variant.unwrap_or_default();
            if !variant.is_empty() && Key::parse(&variant).is_err() {
                return Err(Refusal::invalid(format!(
                    "evaluations[{at}].variant: not the name of a variant"
                )));
            }
            match self.find(&entry.flag) {
                Found::Known(answer) if self.is_plausible(answer, &variant) => counts.push(Counted {
                    flag: entry.flag,
                    variant,
                    outcome: outcome(&entry.reason, entry.error_code.as_deref()),
                    source: self.trust.source(),
                    at: event.to.map(|time| time.0),
                    count: entry.count,
                }),
                // Whatever an application asked for: what is no text that can be shown is left out.
                Found::Unknown if text(&entry.flag, NAME_LIMIT).is_ok() => {
                    unknown.push((entry.flag, entry.count));
                }
                _ => {}
            }
        }
        let is_kept = !counts.is_empty() || !unknown.is_empty();
        batch.counts.append(&mut counts);
        batch.unknown.append(&mut unknown);
        Ok(is_kept)
    }

    /// Whether a variant may be counted: an SDK may know of one that is gone, but a client key is anybody's.
    fn is_plausible(&self, answer: &Answer, variant: &str) -> bool {
        self.trust == Trust::Server || variant.is_empty() || answer.variant(variant).is_some()
    }

    fn exposure(&self, event: Exposure, batch: &mut Batch) -> Result<bool, Refusal> {
        let arm = event.arm.unwrap_or_default();
        checked("run", &event.run, NAME_LIMIT)?;
        checked("unit", &event.unit, UNIT_LIMIT)?;
        if !arm.is_empty() {
            checked("arm", &arm, NAME_LIMIT)?;
        }
        for (name, value) in [("flag", &event.flag), ("variant", &event.variant)] {
            Key::parse(value).map_err(|error| Refusal::invalid(format!("{name}: {error}")))?;
        }
        let is_kept = match self.find(&event.flag) {
            Found::Known(answer) => {
                self.is_plausible(answer, &event.variant)
                    && (self.trust == Trust::Server || answer.has_run(&event.run))
            }
            // A server's word for a flag that has just left.
            Found::Unknown => self.trust == Trust::Server,
            Found::Hidden => false,
        };
        if is_kept {
            batch.exposures.push(batch::Exposure {
                run: event.run,
                unit: self.units.hash(&event.unit),
                flag: event.flag,
                arm,
                variant: event.variant,
                at: event.at.map(|time| time.0),
            });
        }
        Ok(is_kept)
    }
}

fn track(event: Track) -> Result<batch::Track, Refusal> {
    checked("metric", &event.metric, NAME_LIMIT)?;
    checked("unit", &event.unit, UNIT_LIMIT)?;
    let value = event.value.unwrap_or(1.0);
    if value.abs() > VALUE_LIMIT {
        return Err(Refusal::limit(format!("value: at most {VALUE_LIMIT:e} from 0")));
    }
    Ok(batch::Track { metric: event.metric, at: event.at.map(|time| time.0), value })
}

fn instance(event: Instance, id: &str) -> Result<batch::Instance, Refusal> {
    let word = |name: &str, value: Option<String>| -> Result<String, Refusal> {
        let value = value.unwrap_or_default();
        if !value.is_empty() {
            checked(name, &value, WORD_LIMIT)?;
        }
        Ok(value)
    };
    let labels = event.labels.unwrap_or_default();
    if labels.len() > LABELS_LIMIT {
        return Err(Refusal::limit(format!("labels: at most {LABELS_LIMIT}")));
    }
    for (key, value) in &labels {
        checked("labels: a key", key, LABEL_KEY_LIMIT)?;
        if !value.is_empty() {
            checked("labels: a value", value, LABEL_VALUE_LIMIT)?;
        }
    }
    let dropped = event.dropped.map(|dropped| dropped.0).unwrap_or_default();
    let dropped = [dropped.exposures, dropped.tracks, dropped.evaluations];
    if dropped.iter().any(|count| *count < 0) {
        return Err(Refusal::invalid("dropped: whole numbers, 0 or more"));
    }
    Ok(batch::Instance {
        id: id.to_owned(),
        sdk: word("sdk", event.sdk)?,
        sdk_version: word("sdkVersion", event.sdk_version)?,
        started_at: event.started_at.map(|time| time.0),
        state: word("state", event.state)?,
        revision: word("revision", event.revision)?,
        is_healthy: event.healthy.unwrap_or(true),
        labels: serde_json::to_string(&labels).map_err(|error| Refusal::invalid(error.to_string()))?,
        dropped,
    })
}
