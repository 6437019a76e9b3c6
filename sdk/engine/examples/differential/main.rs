//! `cargo run -p pennon-engine --example differential -- --pairs 100000 [--seed 1]`: random snapshots, contexts and
//! what this engine answers, for the engines in other languages to be held against.
//!
//! One line of JSON a snapshot: `{"snapshot": …, "cases": […]}`, each case as in an `evaluation` file of
//! `sdk/conformance` (there without a name). The same seed gives the same lines. Progress and what was reached go to stderr.
//! Must not judge: where another engine differs, `evaluation.md` says which of the two is right.

// The property tests use the rest of the generators.
#[allow(
    dead_code,
    unused_imports,
    clippy::format_push_string,
    reason = "the generators are the property tests', who use all of them"
)]
#[path = "../../tests/properties/generate/mod.rs"]
mod generate;

mod damage;
mod dice;
mod expect;
mod literals;
mod nasty;
mod patterns;
mod references;

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufWriter, Write};

use expect::Expected;
use generate::Source;
use pennon_engine::{Asked, At, Context, Snapshot};
use serde::Serialize;
use serde_json::Value;

/// Cases of one snapshot: each has a context of its own.
const CASES: usize = 24;
/// Choices for one snapshot and its cases. When they run out, the simplest is chosen.
const BYTES: usize = 16_384;
/// 2026-01-01, which the generated dates lie around.
const NOW: i64 = 1_767_225_600_000;
/// The asked types by name; none is asked for at all in the first.
const TYPES: [(&str, Option<Asked>); 7] = [
    ("", None),
    ("boolean", Some(Asked::Boolean)),
    ("string", Some(Asked::String)),
    ("number", Some(Asked::Number)),
    ("integer", Some(Asked::Integer)),
    ("float", Some(Asked::Float)),
    ("object", Some(Asked::Object)),
];

fn main() -> Result<(), Box<dyn Error>> {
    let (pairs, seed) = arguments()?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut reached = BTreeMap::new();
    let (mut made, mut round) = (0, 0);
    while made < pairs {
        let bytes = dice::bytes(seed, round, BYTES);
        let wanted = CASES.min(pairs - made);
        made += wanted;
        round += 1;
        line(&mut Source::new(&bytes), wanted, &mut out, &mut reached)?;
    }
    out.flush()?;
    let mut report = std::io::stderr().lock();
    writeln!(report, "{made} cases in {round} snapshots, seed {seed}: {reached:?}")?;
    Ok(())
}

fn arguments() -> Result<(usize, u64), Box<dyn Error>> {
    let (mut pairs, mut seed) = (10_000, 1);
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{name} needs a number"))?;
        match name.as_str() {
            "--pairs" => pairs = value.parse()?,
            "--seed" => seed = value.parse()?,
            _ => return Err(format!("{name} is not known: --pairs N, --seed N").into()),
        }
    }
    Ok((pairs, seed))
}

/// A case as it is written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Case<'a> {
    flag: &'a str,
    #[serde(rename = "type", skip_serializing_if = "str::is_empty")]
    asked: &'a str,
    context: &'a Value,
    now_ms: i64,
    random: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<&'a str>,
    expect: Expected<'a>,
}

/// Writes one snapshot and its cases.
fn line(
    source: &mut Source<'_>,
    wanted: usize,
    out: &mut impl Write,
    reached: &mut BTreeMap<&'static str, usize>,
) -> Result<(), Box<dyn Error>> {
    let mut document = serde_json::from_str(&generate::snapshot(source))?;
    nasty::documents(&mut document, source);
    // What is evaluated is read from the very text that is written.
    let text = serde_json::to_vec(&document)?;
    let snapshot = Snapshot::from_json(&text)?;
    let keys: Vec<&str> = snapshot.flags().map(|flag| flag.flag().key()).collect();
    out.write_all(b"{\"snapshot\":")?;
    out.write_all(&text)?;
    out.write_all(b",\"cases\":[")?;
    for number in 0..wanted {
        out.write_all(if number == 0 { b"" } else { b"," })?;
        case(&snapshot, &keys, source, out, reached)?;
    }
    out.write_all(b"]}\n")?;
    Ok(())
}

fn case(
    snapshot: &Snapshot,
    keys: &[&str],
    source: &mut Source<'_>,
    out: &mut impl Write,
    reached: &mut BTreeMap<&'static str, usize>,
) -> Result<(), Box<dyn Error>> {
    let flag = if source.chance(60) { "absent" } else { source.pick(keys) };
    let (name, asked) = asked(snapshot, flag, source);
    let mut value = serde_json::from_str(&generate::context(source))?;
    nasty::context(&mut value, source);
    let at = At {
        now_ms: now(source),
        random: source.wide() << 16 | source.wide(),
        instance: source.chance(2).then(|| source.pick(&["instance-1", "pro", "u-1", "4711"])),
    };
    let text = serde_json::to_vec(&value)?;
    let expect = match Context::from_json(&text) {
        Ok(context) => Expected::of(&snapshot.evaluate(flag, &context, asked, &at))?,
        Err(error) => Expected::refused(error.code()),
    };
    *reached.entry(expect.kind()).or_default() += 1;
    let At { now_ms, random, instance } = at;
    let case = Case { flag, asked: name, context: &value, now_ms, random, instance, expect };
    serde_json::to_writer(out, &case)?;
    Ok(())
}

/// Mostly the flag's own type, or none.
fn asked(snapshot: &Snapshot, flag: &str, source: &mut Source<'_>) -> (&'static str, Option<Asked>) {
    let own = snapshot.flag(flag).and_then(|flag| flag.flag().flag_type()).map(Asked::from);
    let fitting = TYPES.iter().find(|(_, asked)| asked.is_some() && *asked == own).copied();
    match (source.below(8), fitting) {
        (0 | 1, _) | (2..=6, None) => ("", None),
        // The three that a number may be asked as.
        (2..=4, Some(_)) if own == Some(Asked::Number) => {
            TYPES.get(3 + source.below(3)).copied().unwrap_or_default()
        }
        (2..=6, Some(fitting)) => fitting,
        _ => TYPES.get(source.below(TYPES.len())).copied().unwrap_or_default(),
    }
}

/// Around the dates that rules compare with, and far from all of them.
fn now(source: &mut Source<'_>) -> i64 {
    match source.below(8) {
        0 => 0,
        1 => NOW - 1,
        2 => NOW + 1,
        3 => NOW - i64::from(source.wide()) * 100_000,
        4 => NOW + i64::from(source.wide()) * 100_000,
        _ => NOW,
    }
}
