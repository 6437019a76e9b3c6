//! Buckets: where a unit lands between 0 and 99 999, for gates and for splits.
//!
//! The hash is `MurmurHash3_x86_32`, our own so that it is fed in parts and the state after the salt is kept: an
//! evaluation hashes the unit only, and nothing is concatenated. Must not choose the unit or the salt.

use crate::limits::WHOLE;

/// The seed of gates.
pub const GATE_SEED: u32 = 0;
/// The seed of splits; another than that of gates, so that a gate leaves a split fair.
pub const SPLIT_SEED: u32 = 86_028_157;

const GATE_COARSE: u32 = 100;
const SPLIT_COARSE: u32 = 1_000;

const C1: u32 = 0xcc9e_2d51;
const C2: u32 = 0x1b87_3593;

/// `MurmurHash3_x86_32`, fed in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Murmur3 {
    hash: u32,
    /// Bytes that do not fill a word yet, little-endian.
    pending: u32,
    /// How many: 0 to 3.
    held: u32,
    length: u32,
}

impl Murmur3 {
    /// An empty hash with this seed.
    #[must_use]
    pub const fn new(seed: u32) -> Self {
        Self { hash: seed, pending: 0, held: 0, length: 0 }
    }

    /// The state after `bytes`.
    #[must_use]
    pub fn feed(mut self, bytes: &[u8]) -> Self {
        let shift = self.held * 8;
        let mut words = bytes.chunks_exact(4);
        for chunk in &mut words {
            let mut word = [0; 4];
            word.copy_from_slice(chunk);
            let word = u32::from_le_bytes(word);
            self.mix(self.pending | (word << shift));
            // Through 64 bits, since a shift by all 32 would overflow.
            #[expect(clippy::cast_possible_truncation, reason = "at most three bytes are left")]
            let rest = (u64::from(word) >> (32 - shift)) as u32;
            self.pending = rest;
        }
        for byte in words.remainder() {
            self.pending |= u32::from(*byte) << (self.held * 8);
            self.held += 1;
            if self.held == 4 {
                self.mix(self.pending);
                self.pending = 0;
                self.held = 0;
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "the algorithm takes the length modulo 2^32")]
        let added = bytes.len() as u32;
        self.length = self.length.wrapping_add(added);
        self
    }

    fn mix(&mut self, word: u32) {
        self.hash ^= scramble(word);
        self.hash = self.hash.rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }

    /// The hash of all that was fed.
    #[must_use]
    pub const fn finish(self) -> u32 {
        let mut hash = self.hash ^ scramble(self.pending) ^ self.length;
        hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
        hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
        hash ^ (hash >> 16)
    }
}

const fn scramble(word: u32) -> u32 {
    word.wrapping_mul(C1).rotate_left(15).wrapping_mul(C2)
}

/// A salt with the state of both hashes after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salt {
    text: Box<str>,
    gate: Murmur3,
    split: Murmur3,
}

impl Salt {
    /// Hashes the salt and the colon that follows it, once.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let after = |seed| Murmur3::new(seed).feed(text.as_bytes()).feed(b":");
        Self { text: text.into(), gate: after(GATE_SEED), split: after(SPLIT_SEED) }
    }

    /// The salt as it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The unit's hash for gates.
    #[must_use]
    pub fn gate_hash(&self, unit: &str) -> u32 {
        self.gate.feed(unit.as_bytes()).finish()
    }

    /// The unit's hash for splits.
    #[must_use]
    pub fn split_hash(&self, unit: &str) -> u32 {
        self.split.feed(unit.as_bytes()).finish()
    }

    /// The unit's bucket for gates, 0 to 99 999.
    #[must_use]
    pub fn gate_bucket(&self, unit: &str) -> u32 {
        spread::<GATE_COARSE>(self.gate_hash(unit))
    }

    /// The unit's bucket for splits, 0 to 99 999.
    #[must_use]
    pub fn split_bucket(&self, unit: &str) -> u32 {
        spread::<SPLIT_COARSE>(self.split_hash(unit))
    }
}

/// The bucket of `unit` under `salt` for gates, 0 to 99 999. [`Salt`] does the same with the salt hashed once.
///
/// ```
/// assert_eq!(pennon_engine::bucket::gate_bucket("new_checkout_flow", "user-1"), 10_345);
/// ```
#[must_use]
pub fn gate_bucket(salt: &str, unit: &str) -> u32 {
    Salt::new(salt).gate_bucket(unit)
}

/// The bucket of `unit` under `salt` for splits, 0 to 99 999.
///
/// ```
/// assert_eq!(pennon_engine::bucket::split_bucket("new_checkout_flow", "user-1"), 93_552);
/// ```
#[must_use]
pub fn split_bucket(salt: &str, unit: &str) -> u32 {
    Salt::new(salt).split_bucket(unit)
}

const fn spread<const COARSE: u32>(hash: u32) -> u32 {
    (hash % COARSE) * (WHOLE / COARSE) + (hash / COARSE) % (WHOLE / COARSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_golden_vectors_hold() {
        let golden = [
            ("new_checkout_flow", "user-1", 3_299_934_510, 10_345, 1_305_652_935, 93_552),
            ("new_checkout_flow", "user-42", 1_559_279_195, 95_791, 47_837_313, 31_337),
            ("new_checkout_flow", "4711", 1_204_172_841, 41_728, 2_916_220_908, 90_820),
            ("layer-pricing", "org-7", 2_036_497_016, 16_970, 2_757_493_410, 41_093),
            ("s", "é", 3_895_647_214, 14_472, 1_900_174_252, 25_274),
            ("s", "日本", 2_683_078_249, 49_782, 1_829_926_689, 68_926),
            ("s", "a b:c", 2_274_440_142, 42_401, 1_140_380_476, 47_680),
        ];
        for (salt, unit, gate_hash, gate, split_hash, split) in golden {
            let salt = Salt::new(salt);
            assert_eq!(salt.gate_hash(unit), gate_hash, "{unit}");
            assert_eq!(salt.gate_bucket(unit), gate, "{unit}");
            assert_eq!(salt.split_hash(unit), split_hash, "{unit}");
            assert_eq!(salt.split_bucket(unit), split, "{unit}");
        }
    }

    #[test]
    fn feeding_in_parts_is_the_reference_hash_of_the_whole() {
        let text: Vec<u8> = (0_u8..64).map(|byte| byte.wrapping_mul(37).wrapping_add(11)).collect();
        for length in 0..text.len() {
            let whole = &text[..length];
            let expected = murmur3::murmur3_32(&mut &*whole, 7).unwrap();
            for first in 0..=length {
                for second in first..=length {
                    let hash = Murmur3::new(7)
                        .feed(&whole[..first])
                        .feed(&whole[first..second])
                        .feed(&whole[second..]);
                    assert_eq!(hash.finish(), expected, "{length} {first} {second}");
                }
            }
        }
    }
}
