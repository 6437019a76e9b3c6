//! `pennon tail`: who changes what, while it happens. Comes back by itself when the connection is lost, and misses nothing.

use std::fmt::Write as _;
use std::io::{BufRead, Write as _};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use clap::Args;
use serde_json::Value;

use super::audit::Chain;
use super::describe::{shown, text, time};
use super::failure::Failure;
use super::output::{Output, Paint, plain};
use super::remote::Remote;

/// The server says something every 15 s, unless it is told otherwise: after this the connection is taken for dead.
const SILENCE: Duration = Duration::from_mins(1);
/// First and longest pause before the next attempt to connect.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// Lines read ahead of the screen: who pauses a terminal pauses the server's sending, not our memory.
const AHEAD: usize = 256;

/// Follow the audit log.
#[derive(Debug, Args)]
pub struct Tail {
    #[command(flatten)]
    chain: Chain,
    /// First show so many entries that are there already
    #[arg(short = 'n', long = "lines", value_name = "N", default_value_t = 10)]
    lines: usize,
    /// Only what touches this environment
    // Not `environment`: clap gives arguments of one name one value, and the one of all commands has a default.
    #[arg(long = "in", value_name = "ENVIRONMENT")]
    only_in: Option<String>,
    /// Only what touches this flag
    #[arg(long, value_name = "FLAG")]
    flag: Option<String>,
    /// End after so many new entries
    #[arg(long, value_name = "N")]
    count: Option<u64>,
}

/// What a stream said.
#[derive(Debug, Default, PartialEq, Eq)]
struct Event {
    name: String,
    data: String,
}

/// Why reading a stream ended.
enum Ended {
    /// As many entries as were wanted have come.
    Enough,
    /// The server has said when to come back.
    Goodbye(Duration),
    /// It broke off.
    Lost,
}

/// How far we have come.
struct Progress {
    seq: u64,
    left: Option<u64>,
}

impl Tail {
    /// Runs until it is interrupted, or has shown enough.
    pub fn run(&self, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
        let mut progress = Progress { seq: self.show_last(remote, out)?, left: self.count };
        let mut pause = BACKOFF.0;
        let mut was_connected = false;
        while progress.left != Some(0) {
            let path = format!("{}/stream?after={}", self.chain.path(remote), progress.seq);
            let wait = match remote.client.lines(&path, "text/event-stream") {
                Ok(reader) => {
                    was_connected = true;
                    let before = progress.seq;
                    let ended = self.follow(&read_ahead(reader), &mut progress, out)?;
                    if progress.seq > before {
                        pause = BACKOFF.0;
                    }
                    match ended {
                        Ended::Enough => return Ok(()),
                        Ended::Goodbye(after) => after,
                        Ended::Lost => next(&mut pause, "the connection was lost"),
                    }
                }
                // Who never got through is told why; who did waits for the server to come back.
                Err(failure) if was_connected && failure.may_pass() => next(&mut pause, &failure.to_string()),
                Err(failure) => return Err(failure),
            };
            std::thread::sleep(wait.min(BACKOFF.1));
        }
        Ok(())
    }

    /// Shows what is there already; answers the place of the newest entry.
    fn show_last(&self, remote: &Remote, out: &mut Output) -> Result<u64, Failure> {
        let path = self.chain.path(remote);
        let mut last = 0;
        for raw in remote.client.items(&path, Some(self.lines.max(1)))?.iter().rev() {
            let item: Value = serde_json::from_str(raw.get()).unwrap_or_default();
            last = seq(&item).unwrap_or(last);
            if self.lines > 0 && self.wants(&item) {
                show(&item, raw.get(), out)?;
            }
        }
        out.flush()?;
        Ok(last)
    }

    fn follow(
        &self,
        events: &Receiver<Event>,
        progress: &mut Progress,
        out: &mut Output,
    ) -> Result<Ended, Failure> {
        loop {
            let event = match events.recv_timeout(SILENCE) {
                Ok(event) => event,
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Ok(Ended::Lost),
            };
            let Ok(data) = serde_json::from_str::<Value>(&event.data) else { continue };
            match event.name.as_str() {
                "entry" => {
                    progress.seq = seq(&data).unwrap_or(progress.seq);
                    if self.wants(&data) {
                        show(&data, &event.data, out)?;
                        out.flush()?;
                        progress.left = progress.left.map(|left| left.saturating_sub(1));
                    }
                    if progress.left == Some(0) {
                        return Ok(Ended::Enough);
                    }
                }
                "goodbye" => {
                    let after = data.get("reconnectAfterMs").and_then(Value::as_u64).unwrap_or(1_000);
                    return Ok(Ended::Goodbye(Duration::from_millis(after)));
                }
                _ => {}
            }
        }
    }

    fn wants(&self, item: &Value) -> bool {
        let entry = item.get("entry").unwrap_or(&Value::Null);
        let in_environment = self.only_in.as_ref().is_none_or(|wanted| {
            // What environments share names the revisions that it made in each.
            text(entry, "environment") == wanted
                || entry.get("revisions").is_some_and(|all| all.get(wanted.as_str()).is_some())
        });
        let of_flag = self
            .flag
            .as_ref()
            .is_none_or(|wanted| text(entry, "kind") == "flag" && text(entry, "key") == wanted);
        in_environment && of_flag
    }
}

/// The pause before the next attempt, said and doubled.
fn next(pause: &mut Duration, why: &str) -> Duration {
    let now = *pause;
    // Nowhere is left to say that stderr is closed.
    let _closed = writeln!(std::io::stderr(), "{why}; trying again in {} s", now.as_secs());
    *pause = (now * 2).min(BACKOFF.1);
    now
}

fn seq(item: &Value) -> Option<u64> {
    item.get("seq").and_then(Value::as_u64)
}

/// One entry on one line; `raw` is how the server wrote it.
fn show(item: &Value, raw: &str, out: &mut Output) -> Result<(), Failure> {
    if out.is_json() {
        return out.line(raw);
    }
    let entry = item.get("entry").unwrap_or(&Value::Null);
    let action = plain(text(entry, "action"));
    let paint = match action.rsplit('.').next() {
        Some("on" | "create" | "restore") => Some(Paint::Green),
        Some("off" | "archive" | "revoke") => Some(Paint::Red),
        _ => None,
    };
    let padded = format!("{action:<18}");
    let action = paint.map_or_else(|| padded.clone(), |paint| out.paint(paint, &padded));
    let by = entry.get("actor").map(|actor| plain(text(actor, "name"))).unwrap_or_default();
    let environment = match plain(text(entry, "environment")) {
        none if none.is_empty() => "-".to_owned(),
        some => some,
    };
    let mut line = format!(
        "{}  {environment:<12} {action} {:<24} by {by}",
        time(entry, "at"),
        plain(text(entry, "key"))
    );
    if let Some(revision) = entry.get("revision") {
        line.push_str(&out.paint(Paint::Dim, &format!("  revision {}", shown(revision))));
    }
    let reason = plain(text(entry, "reason"));
    if !reason.is_empty() {
        let _ = write!(line, "  \"{reason}\"");
    }
    out.line(line.trim_end())
}

/// Reads events on a thread of its own, so that silence can be told from a pause; the thread ends with the connection.
fn read_ahead(mut reader: Box<dyn BufRead + Send>) -> Receiver<Event> {
    let (sender, events) = sync_channel(AHEAD);
    std::thread::spawn(move || {
        while let Ok(Some(event)) = read_event(&mut reader) {
            if sender.send(event).is_err() {
                return;
            }
        }
    });
    events
}

/// The next event of a stream (WHATWG HTML, section 9.2); a comment is an event without a name, so that heartbeats count
/// as signs of life.
fn read_event(reader: &mut impl BufRead) -> std::io::Result<Option<Event>> {
    let mut event = Event::default();
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let text = line.trim_end_matches(['\n', '\r']);
        if text.is_empty() {
            return Ok(Some(event));
        }
        let (field, value) = text.split_once(':').unwrap_or((text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut event.name),
            "data" => {
                if !event.data.is_empty() {
                    event.data.push('\n');
                }
                event.data.push_str(value);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Event, Tail, read_event, show};
    use crate::cli::audit::Chain;
    use crate::cli::output::testing::capture;

    #[test]
    fn events_are_read_as_the_standard_says() {
        let mut text = ": hello\nretry: 5\n\nid: 3\nevent: entry\ndata: {\ndata:  }\n\nevent: cut".as_bytes();
        assert_eq!(read_event(&mut text).unwrap(), Some(Event::default()));
        let event = Event { name: "entry".to_owned(), data: "{\n }".to_owned() };
        assert_eq!(read_event(&mut text).unwrap(), Some(event));
        assert_eq!(read_event(&mut text).unwrap(), None);
    }

    fn tail(environment: Option<&str>, flag: Option<&str>) -> Tail {
        Tail {
            chain: Chain { installation: false },
            lines: 0,
            only_in: environment.map(str::to_owned),
            flag: flag.map(str::to_owned),
            count: None,
        }
    }

    #[test]
    fn entries_are_chosen_by_environment_and_flag() {
        let own = json!({"entry": {"kind": "flag", "key": "f", "environment": "production"}});
        let shared = json!({"entry": {"kind": "segment", "key": "f", "revisions": {"production": 3}}});
        assert!(tail(None, None).wants(&own) && tail(Some("production"), Some("f")).wants(&own));
        assert!(!tail(Some("staging"), None).wants(&own) && !tail(None, Some("g")).wants(&own));
        assert!(tail(Some("production"), None).wants(&shared) && !tail(Some("staging"), None).wants(&shared));
        assert!(!tail(None, Some("f")).wants(&shared), "a segment is no flag");
    }

    #[test]
    fn an_entry_is_one_line_that_tells_who_and_what() {
        let (mut out, captured) = capture();
        let item = json!({"seq": 7, "entry": {"at": "2026-11-23T00:26:21.351000Z", "action": "flag.off", "key": "new_checkout_flow",
            "environment": "production", "actor": {"name": "ann\u{1b}"}, "revision": 42, "reason": "errors\nrise"}});
        show(&item, "", &mut out).unwrap();
        out.flush().unwrap();
        assert_eq!(
            captured.text(),
            "2026-11-23T00:26:21Z  production   flag.off           new_checkout_flow        by ann\\u{1b}  revision 42  \"errors\\nrise\"\n"
        );
    }
}
