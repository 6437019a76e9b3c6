//! `pennon usage`: how often flags are evaluated, what came of it, and what is asked for and not there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use clap::Args;
use serde_json::Value;

use super::describe::{list, shown, text, time};
use super::expiry::Span;
use super::failure::Failure;
use super::listing::items;
use super::output::{Output, Paint, plain};
use super::remote::Remote;
use super::url::escaped;
use crate::clock::Clock;

/// Flags of one request; the server's own maximum.
const PAGE: usize = 500;

/// How often flags are evaluated in the environment.
#[derive(Debug, Args)]
pub struct Usage {
    /// Only this flag, over time
    #[arg(value_name = "FLAG")]
    flag: Option<String>,
    /// How far to look back, such as 2h, 7d [default: 60 minutes, 24 hours or 30 days, by the step]
    #[arg(long, value_name = "TIME")]
    since: Option<Span>,
    /// Width of a point
    #[arg(long, value_parser = ["minute", "hour", "day"], default_value = "hour")]
    step: String,
    /// Flags that are asked for and not defined, instead
    #[arg(long, conflicts_with_all = ["flag", "since", "step"])]
    unknown: bool,
}

impl Usage {
    /// Runs the command.
    pub fn run(&self, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
        let environment = escaped(&remote.environment);
        if self.unknown {
            return unknown(
                &remote.in_project(&format!("/usage/unknown?environment={environment}")),
                remote,
                out,
            );
        }
        let mut path =
            remote.in_project(&format!("/usage?environment={environment}&step={}&limit={PAGE}", self.step));
        if let Some(Span(seconds)) = self.since {
            let from = Clock::System.now_ms().div_euclid(1_000).saturating_sub(seconds);
            let from = jiff::Timestamp::from_second(from);
            let from = from.map_err(|error| Failure::Usage(format!("--since: {error}")))?;
            let _ = write!(path, "&from={}", escaped(&from.to_string()));
        }
        if let Some(flag) = &self.flag {
            let _ = write!(path, "&flag={}", escaped(flag));
            let done = one(&path, remote, out);
            return done.map_err(|failure| super::flag::with_near_name(failure, remote, flag));
        }
        all(&path, remote, out)
    }
}

/// Every page of what is known, as one answer.
fn read_all(path: &str, remote: &Remote) -> Result<Value, Failure> {
    let mut whole = remote.client.get(path)?.value()?;
    while let Some(cursor) = whole.get("nextCursor").and_then(Value::as_str).map(escaped) {
        let next = remote.client.get(&format!("{path}&cursor={cursor}"))?.value()?;
        let Some(members) = whole.as_object_mut() else { break };
        members.remove("nextCursor");
        if let Some(more) = next.get("nextCursor") {
            members.insert("nextCursor".to_owned(), more.clone());
        }
        if let Some(items) = members.get_mut("items").and_then(Value::as_array_mut) {
            items.extend(list(&next, "items").iter().cloned());
        }
    }
    Ok(whole)
}

fn all(path: &str, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
    let usage = read_all(path, remote)?;
    if out.is_json() {
        return out.line(&usage.to_string());
    }
    let since = time(&usage, "from");
    if list(&usage, "items").is_empty() {
        return out.line(&format!("nothing was ever evaluated in {}", plain(&remote.environment)));
    }
    out.line(&out.paint(Paint::Dim, &format!("{}, since {since}", plain(&remote.environment))))?;
    let row = |flag: &Value| {
        vec![
            plain(text(flag, "flag")),
            count(flag, false).to_string(),
            count(flag, true).to_string(),
            served(flag),
            time(flag, "lastEvaluatedAt"),
        ]
    };
    let rows: Vec<_> = list(&usage, "items").iter().map(row).collect();
    out.table(&["FLAG", "EVALUATIONS", "IN BULK", "SERVED", "LAST EVALUATED"], &rows)?;
    tracks(&usage, out)
}

fn tracks(usage: &Value, out: &mut Output) -> Result<(), Failure> {
    let tracks = list(usage, "tracks");
    if tracks.is_empty() {
        return Ok(());
    }
    let row = |track: &Value| {
        let cell = |name: &str| track.get(name).map(shown).unwrap_or_default();
        let trusted = if track.get("trusted") == Some(&Value::Bool(true)) { "server" } else { "client" };
        vec![cell("metric"), trusted.to_owned(), cell("count"), cell("sum"), cell("min"), cell("max")]
    };
    out.line("")?;
    out.table(&["METRIC", "BY", "VALUES", "SUM", "MIN", "MAX"], &tracks.iter().map(row).collect::<Vec<_>>())
}

fn one(path: &str, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
    let answer = remote.client.get(path)?;
    if out.is_json() {
        return out.line(&answer.text);
    }
    let usage = answer.value()?;
    let Some(flag) = list(&usage, "items").first() else { return out.line("nothing is known") };
    let name = out.paint(Paint::Bold, &plain(text(flag, "flag")));
    let seen = |member: &str| Some(time(flag, member)).filter(|at| !at.is_empty());
    let last = seen("lastEvaluatedAt")
        .map_or_else(|| "never evaluated".to_owned(), |at| format!("last evaluated {at}"));
    let bulk =
        seen("lastInBulkAt").map(|at| format!(", last in an answer for all flags {at}")).unwrap_or_default();
    out.line(&format!("{name} in {}: {last}{bulk}", plain(&remote.environment)))?;
    let series = list(flag, "series");
    if !series.is_empty() {
        out.line("")?;
        over_time(series, out)?;
        out.line("")?;
        let row = |series: &Value| {
            let cell = |name: &str| plain(text(series, name));
            let reason = series.get("errorCode").map_or_else(|| cell("reason"), shown);
            vec![variant(series), reason, cell("source"), evaluations(series).to_string()]
        };
        out.table(&["VARIANT", "REASON", "BY", "EVALUATIONS"], &series.iter().map(row).collect::<Vec<_>>())?;
    }
    let exposures = list(flag, "exposures");
    if !exposures.is_empty() {
        out.line("")?;
        let row = |own: &Value| {
            let cell = |name: &str| own.get(name).map(shown).unwrap_or_default();
            vec![cell("run"), cell("arm"), cell("variant"), cell("units"), time(own, "lastAt")]
        };
        out.table(
            &["RUN", "ARM", "VARIANT", "UNITS", "LAST"],
            &exposures.iter().map(row).collect::<Vec<_>>(),
        )?;
    }
    Ok(())
}

/// A table with a row for each point and a column for each variant.
fn over_time(series: &[Value], out: &mut Output) -> Result<(), Failure> {
    let variants: BTreeSet<String> = series.iter().map(variant).collect();
    let mut points: BTreeMap<String, BTreeMap<String, i64>> = BTreeMap::new();
    for own in series {
        for point in list(own, "points") {
            let sum = points.entry(time(point, "at")).or_default().entry(variant(own)).or_default();
            *sum = sum.saturating_add(evaluations(point));
        }
    }
    let mut heading = vec!["FROM"];
    heading.extend(variants.iter().map(String::as_str));
    let row = |(at, counts): (&String, &BTreeMap<String, i64>)| {
        let counts =
            variants.iter().map(|name| counts.get(name).map(ToString::to_string).unwrap_or_default());
        std::iter::once(at.clone()).chain(counts).collect()
    };
    out.table(&heading, &points.iter().map(row).collect::<Vec<_>>())
}

fn unknown(path: &str, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
    let Some(flags) = items(&remote.client, path, None, out)? else { return Ok(()) };
    if flags.is_empty() {
        return out.line("no flag is asked for that is not defined");
    }
    let row = |flag: &Value| {
        let only = flag.get("onlyClients") == Some(&Value::Bool(true));
        let by = if only { "clients only" } else { "servers" };
        let requests = flag.get("requests").map(shown).unwrap_or_default();
        vec![plain(text(flag, "flag")), requests, time(flag, "lastAskedAt"), by.to_owned()]
    };
    out.table(&["FLAG", "REQUESTS", "LAST ASKED", "BY"], &flags.iter().map(row).collect::<Vec<_>>())
}

fn evaluations(value: &Value) -> i64 {
    value.get("evaluations").and_then(Value::as_i64).unwrap_or_default()
}

fn variant(series: &Value) -> String {
    series.get("variant").map_or_else(|| "(default)".to_owned(), shown)
}

fn is_bulk(series: &Value) -> bool {
    text(series, "source") == "bulk"
}

/// Evaluations in answers for all flags, or the others.
fn count(flag: &Value, in_bulk: bool) -> i64 {
    list(flag, "series").iter().filter(|own| is_bulk(own) == in_bulk).map(evaluations).sum()
}

/// What was served, in percent: `on 20 %, off 80 %`. Answers for all flags tell it only where nothing else does.
fn served(flag: &Value) -> String {
    let in_bulk = count(flag, false) == 0;
    let total = count(flag, in_bulk);
    let mut variants: BTreeMap<String, i64> = BTreeMap::new();
    for own in list(flag, "series").iter().filter(|own| is_bulk(own) == in_bulk) {
        *variants.entry(variant(own)).or_default() += evaluations(own);
    }
    let mut shares: Vec<(String, i64)> = variants.into_iter().collect();
    shares.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let share = |(name, count): &(String, i64)| {
        let tenths = count.saturating_mul(1_000).checked_div(total).unwrap_or_default();
        if tenths % 10 == 0 {
            format!("{name} {} %", tenths / 10)
        } else {
            format!("{name} {}.{} %", tenths / 10, tenths % 10)
        }
    };
    shares.iter().map(share).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{count, over_time, served};
    use crate::cli::output::testing;

    #[test]
    fn what_is_served_is_told_in_percent_without_answers_for_all_flags_where_there_are_others() {
        let series = |variant: &str, source: &str, count: i64| json!({"variant": variant, "reason": "SPLIT", "source": source, "evaluations": count, "points": []});
        let flag = json!({"series": [series("on", "server", 1), series("off", "client", 2), series("on", "bulk", 100)]});
        assert_eq!((count(&flag, false), count(&flag, true)), (3, 100));
        assert_eq!(served(&flag), "off 66.6 %, on 33.3 %");
        assert_eq!(served(&json!({"series": [series("on", "bulk", 4)]})), "on 100 %");
        assert_eq!(served(&json!({"series": []})), "");
    }

    #[test]
    fn points_of_all_series_stand_beside_each_other() {
        let point = |at: &str, count: i64| json!({"at": at, "evaluations": count});
        let series = [
            json!({"variant": "on", "points": [point("2026-11-25T13:00:00Z", 1), point("2026-11-25T14:00:00Z", 2)]}),
            json!({"variant": "on", "points": [point("2026-11-25T13:00:00Z", 4)]}),
            json!({"reason": "ERROR", "points": [point("2026-11-25T14:00:00Z", 8)]}),
        ];
        let (mut out, captured) = testing::capture();
        over_time(&series, &mut out).unwrap();
        assert_eq!(
            captured.text(),
            "FROM                  (default)  on\n2026-11-25T13:00:00Z             5\n2026-11-25T14:00:00Z  8          2\n"
        );
    }
}
