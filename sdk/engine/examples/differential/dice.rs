//! Bytes that look random and are always the same.
//!
//! Must not read a clock or the system's randomness: a difference that was found is found again by its seed.

/// The step of `SplitMix64` (Steele, Lea, Flood 2014), which is good for any seed.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// The bytes of one round of a seed.
pub fn bytes(seed: u64, round: u64, count: usize) -> Vec<u8> {
    let mut state = mix(seed.wrapping_mul(STEP)) ^ mix(round.wrapping_add(1).wrapping_mul(STEP));
    let mut out = Vec::with_capacity(count + 8);
    while out.len() < count {
        state = state.wrapping_add(STEP);
        out.extend_from_slice(&mix(state).to_le_bytes());
    }
    out.truncate(count);
    out
}

fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}
