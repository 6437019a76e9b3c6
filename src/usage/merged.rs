//! Many batches as the rows they come to: aggregated, and each table's rows in the order of its key, so that nodes that write
//! the same rows at the same time wait for each other and never in a circle.

use std::collections::{BTreeMap, BTreeSet};

use super::batch::{Batch, Counted, Trust};
use super::meters;
use crate::store::evaluation::{self, SPANS};
use crate::store::{StoreError, Tx, exposure, instance, track, unknown_flag};

const SECOND: i64 = 1_000_000;
/// How late a batch may be and still be told where it belongs: an SDK that was offline sends it again until it is taken.
const LATE: i64 = 24 * 3_600 * SECOND;
/// How far a clock may be ahead and still be believed, microseconds.
const EARLY: i64 = 5 * 60 * SECOND;

/// What batches come to.
#[derive(Debug, Default)]
pub struct Merged<'a> {
    counts: BTreeMap<CountPlace<'a>, i64>,
    seen: BTreeSet<evaluation::Seen<'a>>,
    unknown: BTreeMap<(&'a str, &'a str, i64), i64>,
    instances: BTreeMap<(&'a str, &'a str, &'a str, i64), &'a Batch>,
    exposures: BTreeMap<UnitPlace<'a>, Met<'a>>,
    tracks: BTreeMap<(&'a str, &'a str, i64, i64, i64), Values>,
}

/// Environment, flag, span, its beginning, variant, outcome, source.
type CountPlace<'a> = (&'a str, &'a str, i64, i64, &'a str, &'static str, &'static str);

/// Environment, run, unit, source.
type UnitPlace<'a> = (&'a str, &'a str, &'a str, i64);

/// Flag, arm, variant, when.
type Met<'a> = (&'a str, &'a str, &'a str, i64);

#[derive(Debug, Clone, Copy)]
struct Values {
    count: i64,
    sum: f64,
    sum_squares: f64,
    min: f64,
    max: f64,
}

impl<'a> Merged<'a> {
    /// Aggregates batches at a time (microseconds).
    #[must_use]
    pub fn of(batches: &[&'a Batch], now: i64) -> Merged<'a> {
        let mut merged = Merged::default();
        for batch in batches {
            merged.add(batch, now);
        }
        merged
    }

    fn add(&mut self, batch: &'a Batch, now: i64) {
        let (environment, trusted) = (&*batch.environment_id, batch.trust.stored());
        for counted in &batch.counts {
            self.count(environment, counted, now);
        }
        for (flag, count) in &batch.unknown {
            let sum = self.unknown.entry((environment, flag, trusted)).or_default();
            *sum = sum.saturating_add(*count);
        }
        if let Some(own) = &batch.instance {
            self.instances.insert((environment, &own.id, &batch.session, trusted), batch);
        }
        for own in &batch.exposures {
            // The first to be told of counts, in this group as between groups.
            let place = (environment, own.run.as_str(), own.unit.as_str(), trusted);
            let met = (own.flag.as_str(), own.arm.as_str(), own.variant.as_str(), moment(own.at, now));
            self.exposures.entry(place).or_insert(met);
        }
        for own in &batch.tracks {
            let at = moment(own.at, now);
            for span in SPANS {
                let place = (environment, own.metric.as_str(), span, begins(at, span), trusted);
                self.tracks.entry(place).or_insert_with(Values::none).add(own.value);
            }
        }
    }

    fn count(&mut self, environment: &'a str, counted: &'a Counted, now: i64) {
        let (at, source) = (moment(counted.at, now), counted.source.as_str());
        self.seen.insert((environment, &counted.flag, source));
        for span in SPANS {
            let begins = begins(at, span);
            let place = (
                environment,
                counted.flag.as_str(),
                span,
                begins,
                counted.variant.as_str(),
                counted.outcome,
                source,
            );
            let sum = self.counts.entry(place).or_default();
            *sum = sum.saturating_add(counted.count);
        }
    }

    /// Writes the rows; at most one statement for each table.
    pub async fn store(self, tx: &mut Tx, now: i64) -> Result<(), StoreError> {
        if !self.counts.is_empty() {
            let counts: Vec<_> = self
                .counts
                .into_iter()
                .map(|((environment, flag, span, at, variant, outcome, source), count)| {
                    evaluation::Counted(environment, flag, span, at, variant, outcome, source, count)
                })
                .collect();
            evaluation::count(tx, &counts).await?;
            let seen: Vec<_> = self.seen.into_iter().collect();
            evaluation::see(tx, &seen, now).await?;
        }
        if !self.unknown.is_empty() {
            let asked: Vec<_> = self
                .unknown
                .into_iter()
                .map(|((environment, flag, trusted), count)| {
                    unknown_flag::Asked(environment, flag, trusted, count)
                })
                .collect();
            let kept = unknown_flag::add(tx, &asked, now).await?;
            meters::dropped(meters::Dropped::UnknownFlags, asked.len(), kept);
        }
        if !self.instances.is_empty() {
            let reports: Vec<_> = self.instances.into_values().filter_map(report).collect();
            let kept = instance::note(tx, &reports, now).await?;
            meters::dropped(meters::Dropped::Instances, reports.len(), kept);
        }
        if !self.exposures.is_empty() {
            let exposed: Vec<_> = self
                .exposures
                .into_iter()
                .map(|((environment, run, unit, trusted), (flag, arm, variant, at))| {
                    exposure::Exposed(environment, run, unit, trusted, flag, arm, variant, at)
                })
                .collect();
            exposure::note(tx, &exposed).await?;
        }
        if !self.tracks.is_empty() {
            let tracked: Vec<_> = self
                .tracks
                .into_iter()
                .map(|((environment, metric, span, at, trusted), values)| {
                    let Values { count, sum, sum_squares, min, max } = values;
                    track::Tracked(environment, metric, span, at, trusted, count, sum, sum_squares, min, max)
                })
                .collect();
            let kept = track::add(tx, &tracked, now).await?;
            meters::dropped(meters::Dropped::Tracks, tracked.len(), kept);
        }
        Ok(())
    }
}

fn report(batch: &Batch) -> Option<instance::Report<'_>> {
    let own = batch.instance.as_ref()?;
    let [exposures, tracks, evaluations] = own.dropped;
    Some(instance::Report(
        &batch.environment_id,
        &own.id,
        &batch.session,
        batch.trust.stored(),
        &own.sdk,
        &own.sdk_version,
        own.started_at,
        &own.state,
        &own.revision,
        i64::from(own.is_healthy),
        // Labels of whoever holds a client key would be anybody's words.
        if batch.trust == Trust::Server { &own.labels } else { "{}" },
        exposures,
        tracks,
        evaluations,
    ))
}

/// When something was, by the clock of whoever tells of it, as far as that can be believed; else now.
fn moment(told: Option<i64>, now: i64) -> i64 {
    told.filter(|at| (now - LATE..=now + EARLY).contains(at)).unwrap_or(now).min(now)
}

/// The beginning of the span (seconds) that a time belongs to.
fn begins(at: i64, span: i64) -> i64 {
    at - at.rem_euclid(span * SECOND)
}

impl Values {
    fn none() -> Values {
        Values { count: 0, sum: 0.0, sum_squares: 0.0, min: f64::MAX, max: f64::MIN }
    }

    fn add(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
        self.sum_squares += value * value;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }
}

#[cfg(test)]
mod tests {
    use super::super::batch::{Batch, Counted, Exposure, Track, Trust};
    use super::{EARLY, LATE, Merged, SECOND, begins, moment};

    #[test]
    fn a_time_is_believed_when_it_is_not_too_far_from_now() {
        let now = 1_000 * LATE;
        assert_eq!(moment(None, now), now);
        assert_eq!(moment(Some(now - LATE), now), now - LATE);
        assert_eq!(moment(Some(now - LATE - 1), now), now);
        assert_eq!(moment(Some(now + EARLY), now), now, "the future is now");
        assert_eq!(moment(Some(now + EARLY + 1), now), now);
        assert_eq!(moment(Some(i64::MIN), now), now);
        assert_eq!(begins(3_661 * SECOND, 60), 3_660 * SECOND);
        assert_eq!(begins(3_661 * SECOND, 3_600), 3_600 * SECOND);
    }

    #[test]
    fn what_is_alike_is_added_up_and_a_unit_is_exposed_once() {
        let batch = |number: i64| {
            let mut batch = Batch::new("e", Trust::Server, "s", number);
            let counted = Counted {
                flag: "f".to_owned(),
                variant: "on".to_owned(),
                outcome: "SPLIT",
                source: Trust::Server.source(),
                at: Some(7_200 * SECOND),
                count: number,
            };
            batch.counts = vec![counted.clone(), counted];
            batch.unknown = vec![("gone".to_owned(), number)];
            let exposure = Exposure {
                run: "r".to_owned(),
                unit: "u".to_owned(),
                flag: "f".to_owned(),
                arm: format!("arm-{number}"),
                variant: "on".to_owned(),
                at: None,
            };
            batch.exposures = vec![exposure];
            batch.tracks = vec![Track { metric: "m".to_owned(), at: None, value: 3.0 }];
            batch
        };
        let (one, two) = (batch(1), batch(2));
        let merged = Merged::of(&[&one, &two], 7_260 * SECOND);
        let sums: Vec<_> = merged.counts.values().collect();
        assert_eq!(sums, [&6, &6], "by minute and by hour");
        assert_eq!(merged.seen.len(), 1);
        assert_eq!(merged.unknown.values().collect::<Vec<_>>(), [&3]);
        let arms: Vec<_> = merged.exposures.values().map(|met| met.1).collect();
        assert_eq!(arms, ["arm-1"]);
        let tracked: Vec<_> =
            merged.tracks.values().map(|own| (own.count, own.sum, own.sum_squares)).collect();
        assert_eq!(tracked, [(2, 6.0, 18.0), (2, 6.0, 18.0)]);
    }
}
