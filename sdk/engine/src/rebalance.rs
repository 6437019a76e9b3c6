//! New weights for a split that move the fewest users.
//!
//! An authoring operation: the evaluator knows nothing of it. Must not reorder what stays.

use std::fmt;

use crate::limits;

/// One slot of a split: a share of the bucket range for one variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// The variant's name; it may stand in several slots.
    pub variant: String,
    /// Thousandths of a percent.
    pub weight: u32,
}

/// Why weights cannot be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RebalanceError {
    /// The slots, or the new weights, do not sum to 100 000.
    WeightsSum {
        /// What they sum to.
        sum: u64,
    },
    /// A variant is given two weights.
    DuplicateVariant {
        /// Its name.
        variant: String,
    },
    /// The split would have more than [`limits::SLOTS_PER_SPLIT`] slots.
    TooManySlots {
        /// How many.
        count: usize,
    },
}

impl fmt::Display for RebalanceError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WeightsSum { sum } => {
                write!(out, "the weights sum to {sum}; they must sum to {}", limits::WHOLE)
            }
            Self::DuplicateVariant { variant } => write!(out, "the variant {variant:?} is given two weights"),
            Self::TooManySlots { count } => {
                write!(
                    out,
                    "the split would have {count} slots; at most {} are allowed",
                    limits::SLOTS_PER_SPLIT
                )
            }
        }
    }
}

impl std::error::Error for RebalanceError {}

/// The split with new weights (thousandths of a percent) in which as few buckets as possible change their variant.
///
/// Shrinking variants lose slots from their tail, and what they lose goes to the growing ones in the order of
/// `weights`; a variant that is not in `weights` loses all. Neighbours of one variant become one slot.
///
/// # Errors
///
/// When the current or the new weights do not sum to 100 000, a variant stands twice in `weights`, or the result
/// would have too many slots.
///
/// ```
/// use pennon_engine::{Slot, rebalance};
///
/// let slot = |variant: &str, weight| Slot { variant: variant.into(), weight };
/// let current = [slot("a", 50_000), slot("b", 50_000)];
/// let new = rebalance(&current, &[("a", 40_000), ("b", 40_000), ("c", 20_000)])?;
/// assert_eq!(new, [slot("a", 40_000), slot("c", 10_000), slot("b", 40_000), slot("c", 10_000)]);
/// # Ok::<(), pennon_engine::RebalanceError>(())
/// ```
pub fn rebalance<V: AsRef<str>>(current: &[Slot], weights: &[(V, u32)]) -> Result<Vec<Slot>, RebalanceError> {
    check(current, weights)?;
    let total =
        |variant: &str| current.iter().filter(|slot| slot.variant == variant).map(|slot| slot.weight).sum();
    let wanted = |variant: &str| {
        weights.iter().find(|weight| weight.0.as_ref() == variant).map_or(0, |weight| weight.1)
    };
    let mut growing: Vec<(&str, u32)> = weights
        .iter()
        .map(|(variant, weight)| (variant.as_ref(), weight.saturating_sub(total(variant.as_ref()))))
        .filter(|growth| growth.1 > 0)
        .collect();
    growing.reverse();

    let kept = keep(current, wanted);
    let mut slots = Slots::default();
    for (slot, kept) in current.iter().zip(kept) {
        slots.push(&slot.variant, kept);
        let mut freed = slot.weight - kept;
        while let Some((variant, need)) = growing.last_mut().filter(|_| freed > 0) {
            let given = freed.min(*need);
            slots.push(variant, given);
            freed -= given;
            *need -= given;
            if *need == 0 {
                growing.pop();
            }
        }
    }
    let count = slots.0.len();
    if count > limits::SLOTS_PER_SPLIT { Err(RebalanceError::TooManySlots { count }) } else { Ok(slots.0) }
}

fn check<V: AsRef<str>>(current: &[Slot], weights: &[(V, u32)]) -> Result<(), RebalanceError> {
    let sums = [
        current.iter().map(|slot| u64::from(slot.weight)).sum::<u64>(),
        weights.iter().map(|weight| u64::from(weight.1)).sum(),
    ];
    if let Some(sum) = sums.into_iter().find(|sum| *sum != u64::from(limits::WHOLE)) {
        return Err(RebalanceError::WeightsSum { sum });
    }
    for (at, (variant, _)) in weights.iter().enumerate() {
        if weights.iter().take(at).any(|earlier| earlier.0.as_ref() == variant.as_ref()) {
            return Err(RebalanceError::DuplicateVariant { variant: variant.as_ref().into() });
        }
    }
    Ok(())
}

/// How much of each slot stays: each variant keeps its first buckets, up to its new weight.
fn keep(current: &[Slot], wanted: impl Fn(&str) -> u32) -> Vec<u32> {
    let mut kept: Vec<u32> = Vec::with_capacity(current.len());
    for slot in current {
        let before: u32 = current
            .iter()
            .zip(&kept)
            .filter(|(other, _)| other.variant == slot.variant)
            .map(|(_, kept)| kept)
            .sum();
        kept.push(slot.weight.min(wanted(&slot.variant).saturating_sub(before)));
    }
    kept
}

#[derive(Default)]
struct Slots(Vec<Slot>);

impl Slots {
    fn push(&mut self, variant: &str, weight: u32) {
        match self.0.last_mut() {
            _ if weight == 0 => {}
            Some(last) if last.variant == variant => last.weight += weight,
            _ => self.0.push(Slot { variant: variant.into(), weight }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(list: &[(&str, u32)]) -> Vec<Slot> {
        list.iter().map(|(variant, weight)| Slot { variant: (*variant).into(), weight: *weight }).collect()
    }

    #[test]
    fn shrinking_variants_lose_their_tail() {
        let current = slots(&[("a", 30_000), ("b", 40_000), ("a", 30_000)]);
        let new = rebalance(&current, &[("b", 80_000), ("a", 20_000)]).unwrap();
        assert_eq!(new, slots(&[("a", 20_000), ("b", 80_000)]));
        assert_eq!(rebalance(&current, &[("a", 60_000), ("b", 40_000)]).unwrap(), current);
        assert_eq!(rebalance(&current, &[("c", 100_000)]).unwrap(), slots(&[("c", 100_000)]));
    }

    #[test]
    fn what_cannot_be_reached_is_refused() {
        let current = slots(&[("a", 100_000)]);
        assert_eq!(rebalance(&current, &[("a", 99_999)]), Err(RebalanceError::WeightsSum { sum: 99_999 }));
        assert_eq!(rebalance(&[], &[("a", 100_000)]), Err(RebalanceError::WeightsSum { sum: 0 }));
        let twice = rebalance(&current, &[("a", 50_000), ("a", 50_000)]);
        assert_eq!(twice, Err(RebalanceError::DuplicateVariant { variant: "a".into() }));
        let names: Vec<String> = (0..250).map(|number| format!("v{number}")).collect();
        let many: Vec<Slot> = names.iter().map(|name| Slot { variant: name.clone(), weight: 400 }).collect();
        let mut weights: Vec<(&str, u32)> = names.iter().map(|name| (&**name, 200)).collect();
        weights.push(("new", 50_000));
        assert_eq!(rebalance(&many, &weights), Err(RebalanceError::TooManySlots { count: 500 }));
    }
}
