//! Whether the content of events was right: each must hold exactly what the flips between its revisions made of the
//! flags. Works on what was recorded, after the load.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::event::{Event, What};
use crate::options::Kind;
use crate::sample::Sample;

/// One flip that was answered.
#[derive(Debug, Clone, Copy)]
pub struct Flip {
    /// The flag's number.
    pub flag: usize,
    /// What it became.
    pub on: bool,
    /// The revision that the answer named.
    pub revision: u64,
    /// When the request was sent.
    pub sent: Instant,
    /// When its answer came.
    pub answered: Instant,
}

/// What each flag looks like in events, by context, off and on.
pub struct Truth {
    keys: Vec<String>,
    sides: Vec<Vec<[Value; 2]>>,
    flips: Vec<Flip>,
}

impl Truth {
    /// From what was learned and what was done since, in order.
    pub fn new(kind: Kind, sample: &Sample, flips: Vec<Flip>) -> Result<Truth> {
        let mut before = sample.revision;
        for flip in &flips {
            ensure!(flip.revision == before + 1, "a flip is revision {} after {before}", flip.revision);
            before = flip.revision;
        }
        let mut sides = Vec::new();
        for flag in &sample.flags {
            let by_context = match kind {
                Kind::Server => vec![[
                    served(flag.off.patch.event()?, &flag.key)?,
                    served(flag.on.patch.event()?, &flag.key)?,
                ]],
                Kind::Client => {
                    let pairs = flag.off.answers.iter().zip(&flag.on.answers);
                    let read = |(off, on): (&String, &String)| {
                        Ok([serde_json::from_str(off)?, serde_json::from_str(on)?])
                    };
                    pairs.map(read).collect::<Result<_>>()?
                }
                Kind::Ofrep => Vec::new(),
            };
            sides.push(by_context);
        }
        Ok(Truth { keys: sample.flags.iter().map(|flag| flag.key.clone()).collect(), sides, flips })
    }

    /// Checks one event of a stream with this context.
    pub fn check(&self, context: usize, event: &Event) -> Result<()> {
        let from = match event.what {
            What::Message => return Ok(()),
            What::Put => 0,
            What::Patch { from } => from,
        };
        let mut expected: BTreeMap<usize, bool> = BTreeMap::new();
        if event.what == What::Put {
            expected.extend((0..self.keys.len()).map(|flag| (flag, true)));
        }
        let inside = |flip: &&Flip| flip.revision > from && flip.revision <= event.at.revision;
        expected.extend(self.flips.iter().filter(inside).map(|flip| (flip.flag, flip.on)));
        for (&flag, &on) in &expected {
            let key = self.keys.get(flag).context("no such flag")?;
            let by_context = self.sides.get(flag).context("no such flag")?;
            let side = by_context.get(context).or(by_context.first()).context("no such context")?;
            let [off_value, on_value] = side;
            let got = event.flags.get(key).and_then(Option::as_ref).cloned().map(without_version);
            let Some(got) = got else { bail!("{} says nothing of {key}", name(event)) };
            let wanted = if on { on_value } else { off_value };
            ensure!(got == *wanted, "{} has {key} as {got}, and {wanted} is right", name(event));
        }
        let strange = |key: &&String| !expected.keys().any(|flag| self.keys.get(*flag) == Some(key));
        match event.flags.keys().find(strange) {
            Some(key) if event.what != What::Put => {
                bail!("{} holds {key}, which no flip changed", name(event))
            }
            _ => Ok(()),
        }
    }
}

fn name(event: &Event) -> String {
    match event.what {
        What::Patch { from } => format!("the patch {from} -> {}", event.at.revision),
        _ => format!("the {:?} of revision {}", event.what, event.at.revision),
    }
}

fn served(event: impl AsRef<Event>, key: &str) -> Result<Value> {
    let document = event.as_ref().flags.get(key).cloned().flatten();
    document.map(without_version).with_context(|| format!("the patch of {key} does not hold it"))
}

/// Each flip makes a new version of the configuration; the rest of the document comes back.
fn without_version(mut document: Value) -> Value {
    if let Some(members) = document.as_object_mut() {
        members.remove("version");
    }
    document
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::{Flip, Truth};
    use crate::event::{Event, Position, What};
    use crate::options::Kind;

    #[test]
    fn a_patch_holds_exactly_what_flips_made_of_the_flags() {
        let sample = crate::made_up::sample(3).unwrap();
        let now = Instant::now();
        let flip =
            |flag, on, after| Flip { flag, on, revision: sample.revision + after, sent: now, answered: now };
        let truth =
            Truth::new(Kind::Server, &sample, vec![flip(0, false, 1), flip(1, false, 2), flip(0, true, 3)])
                .unwrap();
        let (off, on) =
            (sample.flags[1].off.patch.event().unwrap(), sample.flags[0].on.patch.event().unwrap());
        let at = |from: u64, to: u64, parts: &[&Event]| Event {
            what: What::Patch { from: sample.revision + from },
            at: Position { epoch: 1, revision: sample.revision + to },
            flags: parts.iter().flat_map(|part| part.flags.clone()).collect(),
        };
        truth.check(0, &at(1, 2, &[&off])).unwrap();
        truth.check(0, &at(1, 3, &[&off, &on])).unwrap();
        truth.check(0, &at(1, 3, &[&off])).unwrap_err();
        truth.check(0, &at(2, 3, &[&off, &on])).unwrap_err();
        truth.check(0, &at(0, 1, &[&on])).unwrap_err();
        assert!(Truth::new(Kind::Server, &sample, vec![flip(0, false, 2)]).is_err());
    }
}
