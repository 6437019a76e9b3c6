//! The table on standard output, and the same figures as JSON. Judges nothing.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::figures::{Figures, Percentiles, float};
use crate::herd::Herd;
use crate::options::{Kind, Load};

/// What is printed.
#[derive(Debug, Default)]
pub struct Report {
    /// Which binary.
    pub binary: String,
    /// The server.
    pub server: Option<Figures>,
    /// The floor.
    pub floor: Option<Figures>,
    /// A restart.
    pub herd: Option<Herd>,
    /// What was wrong.
    pub faults: Vec<String>,
}

type Row = (String, fn(&Figures) -> Option<f64>, usize);

fn row(label: &str, value: fn(&Figures) -> Option<f64>, decimals: usize) -> Row {
    (label.to_owned(), value, decimals)
}

fn kib(value: u64) -> f64 {
    float(usize::try_from(value).unwrap_or_default())
}

/// A heading and its rows.
fn sections() -> Vec<(&'static str, Vec<Row>)> {
    vec![
        (
            "flip to delivery, from sending the flip's request, ms",
            vec![
                row("p50", |f| some(&f.from_sent, f.from_sent.p50), 2),
                row("p90", |f| some(&f.from_sent, f.from_sent.p90), 2),
                row("p99", |f| some(&f.from_sent, f.from_sent.p99), 2),
                row("max", |f| some(&f.from_sent, f.from_sent.max), 2),
            ],
        ),
        (
            "flip to delivery, from the arrival of the flip's 200, ms (negative: told before it)",
            vec![
                row("p50", |f| some(&f.from_answered, f.from_answered.p50), 2),
                row("p90", |f| some(&f.from_answered, f.from_answered.p90), 2),
                row("p99", |f| some(&f.from_answered, f.from_answered.p99), 2),
                row("max", |f| some(&f.from_answered, f.from_answered.max), 2),
            ],
        ),
        (
            "the flip's own request, ms",
            vec![row("p50", |f| some(&f.flip, f.flip.p50), 2), row("max", |f| some(&f.flip, f.flip.max), 2)],
        ),
        (
            "one evaluation under the whole load, from its time in the schedule, ms",
            vec![
                row("p50", |f| some(&f.evaluation, f.evaluation.p50), 3),
                row("p90", |f| some(&f.evaluation, f.evaluation.p90), 3),
                row("p99", |f| some(&f.evaluation, f.evaluation.p99), 3),
                row("p99.9", |f| some(&f.evaluation, f.evaluation.p999), 3),
                row("max", |f| some(&f.evaluation, f.evaluation.max), 3),
                row("answered a second", |f| some(&f.evaluation, f.rate), 0),
            ],
        ),
        (
            "one evaluation, no flips, ms",
            vec![
                row("p50", |f| some(&f.evaluation_alone, f.evaluation_alone.p50), 3),
                row("p99", |f| some(&f.evaluation_alone, f.evaluation_alone.p99), 3),
            ],
        ),
        (
            "processor time of the server, µs",
            vec![
                row("per evaluation", |f| f.cpu.per_request, 1),
                row("per delivery to one stream", |f| f.cpu.per_delivery, 2),
                row("per flip, no stream open", |f| Some(f.cpu.per_flip), 0),
            ],
        ),
        (
            "processors kept busy",
            vec![
                row("by the server, nothing happening", |f| Some(f.cpu.idle), 3),
                row("by the server, whole load", |f| Some(f.cpu.loaded), 3),
                row("by this program, whole load", |f| Some(f.client_processors), 3),
            ],
        ),
        (
            "resident memory of the server",
            vec![
                row("per stream, KiB", |f| Some(f.memory.per_stream), 1),
                row("before the streams, MiB", |f| Some(kib(f.memory.before) / 1_024.0), 1),
                row("all streams open, MiB", |f| Some(kib(f.memory.open) / 1_024.0), 1),
                row("after the load, MiB", |f| Some(kib(f.memory.after) / 1_024.0), 1),
                row("most, MiB", |f| Some(kib(f.memory.peak) / 1_024.0), 1),
            ],
        ),
        (
            "counted",
            vec![
                row("flips under the whole load", |f| Some(float(f.flips)), 0),
                row("deliveries of them", |f| Some(float(f.from_sent.count)), 0),
                row("puts read", |f| Some(float(f.events.put)), 0),
                row("patches read", |f| Some(float(f.events.patch)), 0),
                row("of which hold several revisions", |f| Some(float(f.events.merged)), 0),
                row("OFREP notifications read", |f| Some(float(f.events.message)), 0),
                row("openings refused for a while", |f| Some(float(f.events.refused)), 0),
            ],
        ),
    ]
}

fn some(of: &Percentiles, value: f64) -> Option<f64> {
    (of.count > 0).then_some(value)
}

impl Report {
    /// The table, and the faults under it.
    pub fn text(&self, load: &Load) -> String {
        let mut text = String::new();
        let kind = match load.kind {
            Kind::Server => "server",
            Kind::Client => "client",
            Kind::Ofrep => "OFREP",
        };
        let _ = writeln!(
            text,
            "{} {kind} streams, {} evaluations/s over {} connections, {} flips/s, {} flags, {} s\n{}",
            load.streams, load.rps, load.connections, load.flips, load.flags, load.seconds, self.binary
        );
        if let Some(herd) = &self.herd {
            text += &herd_text(herd);
        } else {
            let _ = writeln!(text, "\n{:<44}{:>12}{:>12}{:>9}", "", "pennon", "floor", "ratio");
            for (heading, rows) in sections() {
                let _ = writeln!(text, "{heading}");
                for row in rows {
                    text += &self.line(&row);
                }
            }
        }
        match self.faults.as_slice() {
            [] => {
                text +=
                    "\npassed: every stream covered every revision up to the last, every answer was right\n";
            }
            faults => {
                let _ = writeln!(text, "\nFAILED:\n  {}", faults.join("\n  "));
            }
        }
        text
    }

    fn line(&self, (label, value, decimals): &Row) -> String {
        let own = |figures: &Option<Figures>| figures.as_ref().and_then(value);
        let (server, floor) = (own(&self.server), own(&self.floor));
        if server.or(floor).is_none() {
            return String::new();
        }
        let show =
            |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.decimals$}"));
        let ratio = match (server, floor) {
            (Some(server), Some(floor)) if server > 0.0 && floor > 0.0 => format!("{:.2}", server / floor),
            _ => String::new(),
        };
        format!("  {label:<42}{:>12}{:>12}{ratio:>9}\n", show(server), show(floor))
    }

    /// Writes the figures to a file.
    pub fn write(&self, load: &Load, file: &Path) -> Result<()> {
        let document = json!({
            "binary": self.binary, "streams": load.streams, "rps": load.rps, "flipsPerSecond": load.flips,
            "seconds": load.seconds, "flags": load.flags, "connections": load.connections,
            "kind": format!("{:?}", load.kind).to_lowercase(), "server": self.server, "floor": self.floor,
            "herd": self.herd, "faults": self.faults,
        });
        std::fs::write(file, format!("{document:#}\n")).with_context(|| file.display().to_string())
    }
}

fn herd_text(herd: &Herd) -> String {
    let times = |label: &str, times: &Percentiles| {
        let Percentiles { count, p50, p90, p99, max, .. } = times;
        format!("  {label:<34}{count:>9}{p50:>11.2}{p90:>11.2}{p99:>11.2}{max:>11.2}\n")
    };
    let mib = |value: u64| kib(value) / 1_024.0;
    let mut text = format!(
        "\nthe process ended {:.2} s after the signal and was ready again after {:.2} s;\nall streams were open and \
         up to date {:.2} s after that;\n{} streams got a whole snapshot again, {} openings were refused for a while, \
         {} evaluations found no server\n\n  {:<34}{:>9}{:>11}{:>11}{:>11}{:>11}\n",
        herd.ended_after,
        herd.ready_after,
        herd.all_after,
        herd.reloaded,
        herd.refused,
        herd.unanswered,
        "ms",
        "count",
        "p50",
        "p90",
        "p99",
        "max"
    );
    text += &times("stream back, from readiness", &herd.back);
    text += &times("stream back, from the signal", &herd.back_from_signal);
    text += &times("evaluation before the signal", &herd.before);
    text += &times("evaluation while streams come back", &herd.meanwhile);
    text += &times("evaluation afterwards", &herd.after);
    let _ = writeln!(
        text,
        "\nresident memory, MiB: {:.1} before, {:.1} at most in the new process, {:.1} at the end",
        mib(herd.memory_before),
        mib(herd.memory_peak),
        mib(herd.memory_after)
    );
    text
}
