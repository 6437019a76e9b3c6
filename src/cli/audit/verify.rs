//! `pennon audit verify`: every chain the token may read, or a file that was exported before.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use serde::Deserialize;

use super::NDJSON;
use super::chain::{Broken, Head, verify};
use crate::cli::failure::Failure;
use crate::cli::output::{Output, Paint, plain};
use crate::cli::remote::Remote;
use crate::cli::url::escaped;

/// Check chains.
#[derive(Debug, Args)]
pub struct Verify {
    /// Check this exported file instead of the server's chains
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// A head written down earlier, as `verify` prints it: the chain (of --project, or the file) must still hold it
    #[arg(long, value_name = "SEQ:HASH")]
    expect: Option<Known>,
}

/// `SEQ:HASH`.
#[derive(Debug, Clone)]
struct Known(Head);

impl FromStr for Known {
    type Err = String;

    fn from_str(text: &str) -> Result<Known, String> {
        let wrong = || "write SEQ:HASH as `pennon audit verify` prints it".to_owned();
        let (seq, hash) = text.split_once(':').ok_or_else(wrong)?;
        let seq = seq.parse().map_err(|_| wrong())?;
        Ok(Known(Head { seq, hash: hash.to_ascii_lowercase() }))
    }
}

#[derive(Deserialize)]
struct Keyed {
    key: String,
}

/// How checking one chain ended.
enum Verdict {
    Good(Head),
    Broken(Broken),
    NotAllowed,
}

impl Verify {
    pub fn run(&self, remote: &Remote, out: &mut Output) -> Result<(), Failure> {
        let expected: Vec<Head> = self.expect.iter().map(|known| known.0.clone()).collect();
        if let Some(path) = &self.file {
            let name = path.display().to_string();
            let file =
                File::open(path).map_err(|error| Failure::Failed(format!("can't open {name}: {error}")))?;
            let verdict = verify(BufReader::new(file), &expected).map_or_else(Verdict::Broken, Verdict::Good);
            return conclude(vec![(name, verdict)], out);
        }
        let mut verdicts = Vec::new();
        for item in remote.client.items("/api/v1/projects", None)? {
            let project: Keyed = serde_json::from_str(item.get()).map_err(|error| {
                Failure::Failed(format!("the server's answer is not the JSON expected: {error}"))
            })?;
            let path = format!("/api/v1/projects/{}/audit", escaped(&project.key));
            let known: &[Head] = if project.key == remote.project { &expected } else { &[] };
            verdicts.push((format!("project {}", plain(&project.key)), check(remote, &path, known)?));
        }
        verdicts.push(("installation".to_owned(), check(remote, "/api/v1/audit", &[])?));
        conclude(verdicts, out)
    }
}

/// The head is read first: the chain may grow while it is read, and must hold the head all the same.
fn check(remote: &Remote, path: &str, expected: &[Head]) -> Result<Verdict, Failure> {
    let head = match remote.client.get(&format!("{path}/head")) {
        Err(failure) if matches!(failure.status(), Some(403 | 404)) => return Ok(Verdict::NotAllowed),
        other => other?,
    };
    let head: Head = serde_json::from_str(&head.text)
        .map_err(|error| Failure::Failed(format!("the chain's head is not the JSON expected: {error}")))?;
    let mut known = expected.to_vec();
    known.push(head);
    let lines = remote.client.lines(&format!("{path}?after=0"), NDJSON)?;
    Ok(verify(lines, &known).map_or_else(Verdict::Broken, Verdict::Good))
}

fn conclude(verdicts: Vec<(String, Verdict)>, out: &mut Output) -> Result<(), Failure> {
    let mut broken: usize = 0;
    for (name, verdict) in verdicts {
        let (state, detail) = match &verdict {
            Verdict::Good(head) if head.seq == 0 => ("ok", "0 entries".to_owned()),
            Verdict::Good(head) => (
                "ok",
                format!(
                    "{} {}, head {}:{}",
                    head.seq,
                    if head.seq == 1 { "entry" } else { "entries" },
                    head.seq,
                    plain(&head.hash)
                ),
            ),
            Verdict::Broken(what) => ("BROKEN", plain(&what.to_string())),
            Verdict::NotAllowed => ("not checked", "this token may not read it".to_owned()),
        };
        if out.is_json() {
            let entry = serde_json::json!({"chain": name, "state": state.to_lowercase(), "detail": detail});
            out.line(&entry.to_string())?;
        } else {
            let paint = match &verdict {
                Verdict::Good(_) => Paint::Green,
                Verdict::Broken(_) => Paint::Red,
                Verdict::NotAllowed => Paint::Dim,
            };
            let state = out.paint(paint, state);
            out.line(&format!("{name}: {state}, {detail}"))?;
        }
        broken = broken.saturating_add(usize::from(matches!(verdict, Verdict::Broken(_))));
    }
    if broken == 0 { Ok(()) } else { Err(Failure::Failed(format!("{broken} broken"))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::testing::capture;

    #[test]
    fn one_broken_chain_fails_the_command_and_all_are_told() {
        let (mut out, captured) = capture();
        let head = Head { seq: 2, hash: "ab".to_owned() };
        let verdicts = vec![
            ("project a".to_owned(), Verdict::Good(head)),
            ("project b".to_owned(), Verdict::Broken(Broken::Gap { expected: 2, found: 3 })),
            ("installation".to_owned(), Verdict::NotAllowed),
        ];
        assert!(conclude(verdicts, &mut out).is_err());
        assert_eq!(
            captured.text(),
            "project a: ok, 2 entries, head 2:ab\nproject b: BROKEN, entry 2 is missing: entry 3 stands in its place\ninstallation: not checked, this token may not read it\n"
        );
    }

    #[test]
    fn a_head_written_down_is_read_back() {
        let known: Known = "12:AB".parse().unwrap();
        assert_eq!(known.0, Head { seq: 12, hash: "ab".to_owned() });
        assert!("12".parse::<Known>().is_err() && "x:ab".parse::<Known>().is_err());
    }
}
