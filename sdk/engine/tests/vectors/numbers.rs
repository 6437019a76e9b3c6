//! The kinds `buckets`, `percents` and `rebalance`.

use pennon_engine::bucket::Salt;
use pennon_engine::{At, Context, Flag, Meta, Reading, Slot, Snapshot, Step, rebalance};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Report, case};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct BucketCase {
    name: String,
    salt: String,
    unit: String,
    gate_hash: u32,
    gate_bucket: u32,
    split_hash: u32,
    split_bucket: u32,
}

pub fn buckets(cases: &[&RawValue], report: &mut Report) -> Result<(), String> {
    for raw in cases {
        let one: BucketCase = case(raw)?;
        let salt = Salt::new(&one.salt);
        let found = (salt.gate_hash(&one.unit), salt.gate_bucket(&one.unit));
        let split = (salt.split_hash(&one.unit), salt.split_bucket(&one.unit));
        let fits = found == (one.gate_hash, one.gate_bucket) && split == (one.split_hash, one.split_bucket);
        report.note(&one.name, if fits { Ok(()) } else { Err(format!("{found:?} {split:?}")) });
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PercentCase<'a> {
    name: String,
    #[serde(borrow)]
    percent: &'a RawValue,
    thousandths: Option<u32>,
}

pub fn percents(cases: &[&RawValue], report: &mut Report) -> Result<(), String> {
    for raw in cases {
        let one: PercentCase<'_> = case(raw)?;
        let found = thousandths(one.percent.get());
        let fits = found == one.thousandths;
        report.note(
            &one.name,
            if fits { Ok(()) } else { Err(format!("{found:?}, not {:?}", one.thousandths)) },
        );
    }
    Ok(())
}

/// What a percentage was understood as, seen through an explanation.
fn thousandths(percent: &str) -> Option<u32> {
    let text = format!(
        r#"{{"key":"f","type":"boolean","enabled":true,"variants":{{"on":true}},"fallthrough":{{"variant":"on"}},
        "rules":[{{"id":"r","when":{{"percentage":{percent}}},"serve":{{"variant":"on"}}}}]}}"#
    );
    let flag = Flag::parse("f", &text, Reading::Lenient);
    let meta = Meta { epoch: 1, project: "p".into(), environment: "e".into(), revision: 1 };
    let snapshot = Snapshot::build(meta, vec![flag.into()], vec![], vec![]);
    let explained = snapshot.explain("f", &Context::empty(), None, &At::default());
    explained.steps.iter().find_map(range).map(|range| range[1])
}

fn range(step: &Step) -> Option<[u32; 2]> {
    step.range.or_else(|| step.steps.iter().find_map(range))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RebalanceCase {
    name: String,
    current: Vec<Weight>,
    wanted: Vec<Weight>,
    moved: usize,
    slots: Option<Vec<Weight>>,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct Weight {
    variant: String,
    weight: u32,
}

pub fn rebalances(cases: &[&RawValue], report: &mut Report) -> Result<(), String> {
    for raw in cases {
        let one: RebalanceCase = case(raw)?;
        report.note(&one.name, rebalanced(&one));
    }
    Ok(())
}

fn rebalanced(one: &RebalanceCase) -> Result<(), String> {
    let slots = |list: &[Weight]| -> Vec<Slot> {
        list.iter().map(|one| Slot { variant: one.variant.clone(), weight: one.weight }).collect()
    };
    let current = slots(&one.current);
    let wanted: Vec<(&str, u32)> = one.wanted.iter().map(|one| (one.variant.as_str(), one.weight)).collect();
    let found = rebalance(&current, &wanted).map_err(|error| error.to_string())?;
    if let Some(expected) = &one.slots
        && found != slots(expected)
    {
        return Err(format!("{found:?}"));
    }
    let (before, after) = (drawn(&current), drawn(&found));
    let moved = before.iter().zip(&after).filter(|(before, after)| before != after).count();
    if moved != one.moved {
        return Err(format!("{moved} move, not {}", one.moved));
    }
    for (variant, weight) in &wanted {
        let total = after.iter().filter(|found| *found == variant).count();
        if total != *weight as usize {
            return Err(format!("{variant} has {total}, not {weight}"));
        }
    }
    if found.windows(2).any(|pair| pair[0].variant == pair[1].variant) {
        return Err("neighbours are of one variant".into());
    }
    Ok(())
}

/// The variant of each bucket.
fn drawn(slots: &[Slot]) -> Vec<&str> {
    slots.iter().flat_map(|slot| std::iter::repeat_n(slot.variant.as_str(), slot.weight as usize)).collect()
}
