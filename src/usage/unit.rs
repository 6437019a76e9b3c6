//! Units as they are stored: a keyed hash, so that who it is cannot be told from the database alone, and the same unit is the same
//! in every run and metric of its environment.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// What is signed before the unit, so that the secret's other uses give other hashes.
const PURPOSE: &[u8] = b"pennon unit ";
/// Bytes of a hash that are kept: 128 bits, so that no two units of an installation are ever alike.
const KEPT: usize = 16;

/// Hashes the units of one environment.
#[derive(Clone)]
pub struct Units(Hmac<Sha256>);

impl std::fmt::Debug for Units {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Units")
    }
}

impl Units {
    /// Under the installation's secret; None as long as this node does not know it.
    #[must_use]
    pub fn of(secret: &str, environment_id: &str) -> Option<Units> {
        if secret.is_empty() {
            return None;
        }
        let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
        Some(Units(mac.chain_update(PURPOSE).chain_update(environment_id).chain_update(b" ")))
    }

    /// The hash of a unit: 32 hex digits.
    #[must_use]
    pub fn hash(&self, unit: &str) -> String {
        let signed = self.0.clone().chain_update(unit).finalize().into_bytes();
        let mut kept = [0; KEPT];
        for (to, from) in kept.iter_mut().zip(signed) {
            *to = from;
        }
        format!("{:032x}", u128::from_be_bytes(kept))
    }
}

#[cfg(test)]
mod tests {
    use super::Units;

    #[test]
    fn a_unit_has_one_hash_in_an_environment_and_none_without_the_secret() {
        let units = Units::of("secret", "e").unwrap();
        assert_eq!(units.hash("user-1"), units.hash("user-1"));
        assert_eq!(units.hash("user-1").len(), 32);
        assert_ne!(units.hash("user-1"), units.hash("user-2"));
        assert_ne!(units.hash("user-1"), Units::of("secret", "f").unwrap().hash("user-1"));
        assert_ne!(units.hash("user-1"), Units::of("other", "e").unwrap().hash("user-1"));
        assert!(Units::of("", "e").is_none());
        assert!(!format!("{units:?}").contains("secret"));
    }
}
