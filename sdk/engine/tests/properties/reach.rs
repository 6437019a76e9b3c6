//! The generators reach what the properties are about: each reason, each kind of step, broken flags and sound ones.

use std::collections::BTreeMap;

use pennon_engine::{At, Context, Snapshot, Step};

use crate::generate::{self, Source};

const AT: At<'static> = At { now_ms: 1_767_225_600_000, random: 7, instance: Some("pro") };

/// Bytes that look random and are always the same.
fn bytes(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..600).map(|_| next()).collect()
}

fn count(steps: &[Step], counts: &mut BTreeMap<String, usize>) {
    for step in steps {
        *counts.entry(format!("{:?} {}", step.kind, step.held)).or_default() += 1;
        if let Some(operator) = step.operator {
            *counts.entry(format!("{operator} {}", step.held)).or_default() += 1;
        }
        count(&step.steps, counts);
    }
}

#[test]
fn the_generators_reach_every_reason_step_and_operator() {
    let mut counts = BTreeMap::new();
    for seed in 0..3_000 {
        let bytes = bytes(seed);
        let source = &mut Source::new(&bytes);
        let snapshot = Snapshot::from_json(generate::snapshot(source).as_bytes()).unwrap();
        let text = generate::context(source);
        let context = Context::from_json(text.as_bytes()).unwrap();
        for flag in snapshot.flags() {
            let explained = snapshot.explain(flag.flag().key(), &context, None, &AT);
            *counts.entry(explained.reason.as_str().to_owned()).or_default() += 1;
            if let Some(code) = explained.error_code {
                *counts.entry(code.as_str().to_owned()).or_default() += 1;
            }
            count(&explained.steps, &mut counts);
        }
    }
    let mut wanted: Vec<String> = [
        "STATIC",
        "DEFAULT",
        "TARGETING_MATCH",
        "SPLIT",
        "DISABLED",
        "PARSE_ERROR",
        "TARGETING_KEY_MISSING",
        "INVALID_CONTEXT",
        "Included true",
        "Excluded true",
        "Fallthrough true",
        "Split true",
        "Split false",
    ]
    .map(str::to_owned)
    .to_vec();
    let both = [
        "Enabled",
        "Override",
        "Prerequisite",
        "Target",
        "Rule",
        "All",
        "Any",
        "Not",
        "Attribute",
        "Segment",
        "Flag",
        "Percentage",
        "in",
        "exists",
        "starts_with",
        "ends_with",
        "contains",
        "matches",
        "lt",
        "lte",
        "gt",
        "gte",
        "before",
        "after",
        "semver_eq",
        "semver_lt",
        "semver_lte",
        "semver_gt",
        "semver_gte",
        "cidr",
    ];
    wanted.extend(both.iter().flat_map(|name| [format!("{name} true"), format!("{name} false")]));
    let missing: Vec<&String> = wanted.iter().filter(|name| !counts.contains_key(*name)).collect();
    assert!(missing.is_empty(), "{missing:?} never happened: {counts:?}");
}
