//! Numbers: percentiles of all that was counted (exact, no buckets), and sums. Prints nothing.

use serde::Serialize;

/// Counts as they are printed and divided: below 2^53, so exact.
#[expect(clippy::cast_precision_loss, reason = "counts of a test lie far below 2^53")]
pub fn float(count: usize) -> f64 {
    count as f64
}

/// Percentiles of times, in milliseconds. A time can be negative where it is counted from an answer.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Percentiles {
    /// How many there were.
    pub count: usize,
    /// Half were not above.
    pub p50: f64,
    /// 90 %.
    pub p90: f64,
    /// 99 %.
    pub p99: f64,
    /// 99.9 %.
    pub p999: f64,
    /// The worst.
    pub max: f64,
}

impl Percentiles {
    /// Of times in nanoseconds.
    pub fn of(mut nanoseconds: Vec<i64>) -> Percentiles {
        nanoseconds.sort_unstable();
        let count = nanoseconds.len();
        // The smallest value that so many per mille do not exceed.
        let at = |per_mille: usize| {
            let rank = (count * per_mille).div_ceil(1_000).max(1) - 1;
            nanoseconds.get(rank).copied().map(milliseconds).unwrap_or_default()
        };
        Percentiles { count, p50: at(500), p90: at(900), p99: at(990), p999: at(999), max: at(1_000) }
    }
}

#[expect(clippy::cast_precision_loss, reason = "2^53 nanoseconds are a hundred days")]
fn milliseconds(nanoseconds: i64) -> f64 {
    nanoseconds as f64 / 1e6
}

/// What one target did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Figures {
    /// Flip to delivery, from the moment the flip's request was sent.
    pub from_sent: Percentiles,
    /// Flip to delivery, from the moment the flip's answer came.
    pub from_answered: Percentiles,
    /// From a flip's request to its answer.
    pub flip: Percentiles,
    /// Evaluations, from the moment the schedule had for them, under the whole load.
    pub evaluation: Percentiles,
    /// The same with evaluations alone.
    pub evaluation_alone: Percentiles,
    /// Evaluations answered a second, under the whole load.
    pub rate: f64,
    /// Processor time of the server, microseconds.
    pub cpu: Cpu,
    /// Memory of the server.
    pub memory: Memory,
    /// Events the streams read, of each sort.
    pub events: Events,
    /// Flips under the whole load.
    pub flips: usize,
    /// Processors that this program itself kept busy under the whole load.
    pub client_processors: f64,
}

/// Processor time of the server.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Cpu {
    /// Microseconds of one evaluation, all streams open.
    pub per_request: Option<f64>,
    /// Microseconds of one revision's delivery to one stream, without the flip itself.
    pub per_delivery: Option<f64>,
    /// Microseconds of a flip with no stream open.
    pub per_flip: f64,
    /// Processors kept busy while nothing happens, all streams open.
    pub idle: f64,
    /// Processors kept busy under the whole load.
    pub loaded: f64,
}

/// Resident memory of the server, KiB.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Memory {
    /// Before the streams.
    pub before: u64,
    /// With all streams open, nothing happening.
    pub open: u64,
    /// After the whole load.
    pub after: u64,
    /// The most there ever was.
    pub peak: u64,
    /// What one stream adds.
    pub per_stream: f64,
}

/// Events read.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Events {
    /// Whole snapshots.
    pub put: usize,
    /// Patches, merged ones too.
    pub patch: usize,
    /// Patches that held several revisions.
    pub merged: usize,
    /// OFREP's notifications.
    pub message: usize,
    /// Connections of streams that were opened, the first ones too.
    pub connections: usize,
    /// Openings that were refused with `Retry-After`.
    pub refused: usize,
}

#[cfg(test)]
mod tests {
    use super::Percentiles;

    #[test]
    fn percentiles_are_values_that_were_counted() {
        let all = Percentiles::of((1..=1_000).rev().map(|n| n * 1_000_000).collect());
        let shown = |p: Percentiles| format!("{} {} {} {} {}", p.p50, p.p90, p.p99, p.p999, p.max);
        assert_eq!(shown(all), "500 900 990 999 1000");
        assert_eq!(shown(Percentiles::of(vec![-3_000_000])), "-3 -3 -3 -3 -3");
        assert_eq!(Percentiles::of(Vec::new()).count, 0);
    }
}
