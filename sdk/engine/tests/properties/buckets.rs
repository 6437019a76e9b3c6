//! Gates are sticky, splits are fair, flags are independent.

use pennon_engine::bucket::{Salt, gate_bucket, split_bucket};
use pennon_engine::{At, Context, Snapshot};
use proptest::prelude::*;

const UNITS: usize = 100_000;

fn units() -> impl Iterator<Item = String> {
    (0..UNITS).map(|number| format!("user-{number}"))
}

fn rollout(percentage: u32) -> Snapshot {
    let thousandths = f64::from(percentage) / 1_000.0;
    let text = format!(
        r#"{{"flags":{{"f":{{"key":"f","type":"boolean","enabled":true,"variants":{{"on":true,"off":false}},
        "rules":[{{"id":"r","when":{{"percentage":{thousandths}}},"serve":{{"variant":"on"}}}}],
        "fallthrough":{{"variant":"off"}}}}}}}}"#
    );
    let snapshot = Snapshot::from_json(text.as_bytes()).unwrap();
    assert_eq!(snapshot.broken().count(), 0, "{thousandths}");
    snapshot
}

fn is_on(snapshot: &Snapshot, unit: &str) -> bool {
    let context = Context::empty().with_targeting_key(unit);
    snapshot.evaluate("f", &context, None, &At::default()).as_bool().unwrap()
}

proptest! {
    #[test]
    fn growing_a_percentage_never_loses_a_unit(small in 0_u32..=100_000, large in 0_u32..=100_000) {
        let (small, large) = (rollout(small.min(large)), rollout(large.max(small)));
        for number in 0..500 {
            let unit = format!("user-{number}");
            prop_assert!(!is_on(&small, &unit) || is_on(&large, &unit), "{}", unit);
        }
    }

    #[test]
    fn a_bucket_is_in_range_whatever_salt_and_unit(salt in any::<String>(), unit in any::<String>()) {
        prop_assert!(gate_bucket(&salt, &unit) < 100_000);
        prop_assert!(split_bucket(&salt, &unit) < 100_000);
        let whole = format!("{salt}:{unit}");
        let expected = murmur3::murmur3_32(&mut whole.as_bytes(), 0).unwrap();
        prop_assert_eq!(Salt::new(&salt).gate_hash(&unit), expected);
    }
}

/// Pearson's statistic.
fn chi_square(counts: &[usize], expected: &[f64]) -> f64 {
    counts
        .iter()
        .zip(expected)
        .map(|(count, expected)| {
            #[expect(clippy::cast_precision_loss, reason = "counts are small")]
            let count = *count as f64;
            (count - expected).powi(2) / expected
        })
        .sum()
}

#[test]
fn a_split_s_shares_are_fair() {
    for salt in ["new_checkout_flow", "layer-pricing", "s", "a", "long-salt-with-many-letters"] {
        let salt = Salt::new(salt);
        let mut counts = [0; 4];
        for unit in units() {
            let bucket = salt.split_bucket(&unit);
            counts[[10_000, 30_000, 60_000, 100_000].iter().position(|end| bucket < *end).unwrap()] += 1;
        }
        let found = chi_square(&counts, &[10_000.0, 20_000.0, 30_000.0, 40_000.0]);
        // The 99.9 % quantile with 3 degrees of freedom.
        assert!(found < 16.27, "{found} {counts:?}");
    }
}

#[test]
fn gates_and_splits_fill_every_percent_alike() {
    for draw in [Salt::gate_bucket, Salt::split_bucket] {
        let salt = Salt::new("new_checkout_flow");
        let mut counts = [0; 100];
        units().for_each(|unit| counts[(draw(&salt, &unit) / 1_000) as usize] += 1);
        let found = chi_square(&counts, &[1_000.0; 100]);
        // The 99.9 % quantile with 99 degrees of freedom.
        assert!(found < 148.23, "{found}");
    }
}

/// Whether two draws over the same units are independent, by deciles.
fn independent(one: impl Fn(&str) -> u32, other: impl Fn(&str) -> u32) {
    let mut counts = [0; 100];
    for unit in units() {
        counts[(one(&unit) / 10_000 * 10 + other(&unit) / 10_000) as usize] += 1;
    }
    let found = chi_square(&counts, &[1_000.0; 100]);
    assert!(found < 148.23, "{found}");
}

#[test]
fn two_flags_buckets_are_independent() {
    let (one, other) = (Salt::new("flag-a"), Salt::new("flag-b"));
    independent(|unit| one.gate_bucket(unit), |unit| other.gate_bucket(unit));
    independent(|unit| one.split_bucket(unit), |unit| other.split_bucket(unit));
}

#[test]
fn a_flag_s_gate_leaves_its_split_fair() {
    let salt = Salt::new("flag-a");
    independent(|unit| salt.gate_bucket(unit), |unit| salt.split_bucket(unit));
}
