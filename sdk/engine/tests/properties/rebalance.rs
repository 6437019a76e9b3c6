//! The rebalance moves the least possible number of users.

use pennon_engine::{Slot, rebalance};
use proptest::prelude::*;

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// Weights that sum to 100 000, cut at random places.
fn weights(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<u32>> {
    proptest::collection::vec(0_u32..=100_000, count).prop_map(|mut cuts| {
        cuts.sort_unstable();
        cuts.push(100_000);
        let mut before = 0;
        cuts.into_iter().map(|cut| cut - std::mem::replace(&mut before, cut)).collect()
    })
}

fn drawn(slots: &[Slot]) -> Vec<&str> {
    slots.iter().flat_map(|slot| std::iter::repeat_n(slot.variant.as_str(), slot.weight as usize)).collect()
}

fn total(variant: &str, slots: &[Slot]) -> u32 {
    slots.iter().filter(|slot| slot.variant == variant).map(|slot| slot.weight).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_rebalance_moves_the_fewest_and_reaches_the_weights(
        current in weights(0..8),
        owners in proptest::collection::vec(0_usize..5, 8),
        wanted in weights(4..5),
    ) {
        let current: Vec<Slot> = current.iter().zip(owners)
            .map(|(weight, owner)| Slot { variant: NAMES[owner].into(), weight: *weight }).collect();
        let wanted: Vec<(&str, u32)> = NAMES.into_iter().zip(wanted).collect();
        let new = rebalance(&current, &wanted).unwrap();

        for (variant, weight) in &wanted {
            prop_assert_eq!(total(variant, &new), *weight);
        }
        // No order of slots can move fewer than what the shrinking variants must give up.
        let least: u32 = wanted.iter().map(|(variant, weight)| total(variant, &current).saturating_sub(*weight)).sum();
        let (before, after) = (drawn(&current), drawn(&new));
        let moved = before.iter().zip(&after).filter(|(before, after)| before != after).count();
        prop_assert_eq!(moved, least as usize);
        for pair in new.windows(2) {
            prop_assert_ne!(&pair[0].variant, &pair[1].variant);
        }
        prop_assert!(new.iter().all(|slot| slot.weight > 0));
        prop_assert_eq!(rebalance(&new, &wanted).unwrap(), new);
    }
}
