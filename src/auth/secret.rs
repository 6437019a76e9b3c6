//! The text of keys and tokens: made, taken apart, and compared with a verifier in constant time.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Random bytes of a secret.
const SECRET_BYTES: usize = 32;
/// Characters of a secret: 32 bytes are at most 43 digits of base 62, always padded to that.
const SECRET_LENGTH: usize = 43;
/// Characters of a selector: 62^12 makes a clash as good as impossible; the database refuses one anyway.
const SELECTOR_LENGTH: usize = 12;
/// Random bytes of a selector: fewer than 12 digits hold, so that every value fits.
const SELECTOR_BYTES: usize = 8;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// What a credential is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// Evaluates, and reads the rules of one environment.
    Server,
    /// Evaluates client-visible flags of one environment; safe to publish.
    Client,
    /// Uses the admin API.
    Api,
}

impl CredentialKind {
    /// The kind's name in the database and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            CredentialKind::Server => "server",
            CredentialKind::Client => "client",
            CredentialKind::Api => "api",
        }
    }

    /// Reads a kind's name.
    #[must_use]
    pub fn parse(text: &str) -> Option<CredentialKind> {
        [CredentialKind::Server, CredentialKind::Client, CredentialKind::Api]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }

    fn prefix(self) -> &'static str {
        match self {
            CredentialKind::Server => "pnn_srv_",
            CredentialKind::Client => "pnn_cli_",
            CredentialKind::Api => "pnn_api_",
        }
    }
}

/// A key just made. The text is shown once and stored nowhere.
#[derive(Clone)]
pub struct NewSecret {
    /// The whole key, as it is given to its user.
    pub text: String,
    /// Its public part.
    pub selector: String,
    /// sha256 of its secret part, hex.
    pub verifier: String,
}

/// A key taken apart.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Presented<'a> {
    /// What it is for.
    pub kind: CredentialKind,
    /// Its public part.
    pub selector: &'a str,
    /// Its secret part.
    pub secret: &'a str,
}

/// The operating system gave no randomness.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no randomness: {0}")]
pub struct NoEntropy(getrandom::Error);

/// Makes a key; `environment` is part of the text of server and client keys, so that people see what they hold.
pub fn generate(kind: CredentialKind, environment: Option<&str>) -> Result<NewSecret, NoEntropy> {
    let secret = base62(&random::<SECRET_BYTES>()?, SECRET_LENGTH);
    let selector = base62(&random::<SELECTOR_BYTES>()?, SELECTOR_LENGTH);
    let mut text = String::from(kind.prefix());
    if let Some(environment) = environment {
        text.push_str(environment);
        text.push('_');
    }
    text.push_str(&selector);
    text.push('_');
    text.push_str(&secret);
    Ok(NewSecret { verifier: verifier(&secret), text, selector })
}

/// 32 random bytes, hex: the installation's own secret.
pub fn random_hex() -> Result<String, NoEntropy> {
    Ok(hex(&random::<SECRET_BYTES>()?))
}

/// Takes a key apart, from the right: an environment's key may hold `_`.
#[must_use]
pub fn parse(text: &str) -> Option<Presented<'_>> {
    let kinds = [CredentialKind::Server, CredentialKind::Client, CredentialKind::Api];
    let (kind, rest) = kinds.into_iter().find_map(|kind| Some((kind, text.strip_prefix(kind.prefix())?)))?;
    let (rest, secret) = rest.rsplit_once('_')?;
    let selector = match (kind, rest.rsplit_once('_')) {
        (CredentialKind::Api, None) => rest,
        (CredentialKind::Server | CredentialKind::Client, Some((_, selector))) => selector,
        _ => return None,
    };
    let base62 = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let shaped = selector.len() == SELECTOR_LENGTH && secret.len() == SECRET_LENGTH;
    (shaped && base62(selector) && base62(secret)).then_some(Presented { kind, selector, secret })
}

/// sha256 of a secret, hex: what is stored in its place.
#[must_use]
pub fn verifier(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// Compares a secret with a verifier, in constant time.
#[must_use]
pub fn matches(secret: &str, stored: &str) -> bool {
    verifier(secret).as_bytes().ct_eq(stored.as_bytes()).into()
}

/// Lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn random<const N: usize>() -> Result<[u8; N], NoEntropy> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(NoEntropy)?;
    Ok(bytes)
}

/// The bytes as one big-endian number in base 62, padded with zeros on the left.
fn base62(bytes: &[u8], length: usize) -> String {
    let mut number = bytes.to_vec();
    let mut digits = Vec::with_capacity(length);
    for _ in 0..length {
        let mut remainder = 0u32;
        for byte in &mut number {
            let value = remainder * 256 + u32::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            remainder = value % 62;
        }
        let digit = DIGITS.get(remainder as usize).copied().unwrap_or(b'0');
        digits.push(char::from(digit));
    }
    digits.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::{CredentialKind, base62, generate, matches, parse};

    #[test]
    fn a_generated_key_is_found_by_its_selector_and_matches_its_verifier_only() {
        for (kind, environment) in [
            (CredentialKind::Server, Some("production")),
            (CredentialKind::Client, Some("my_odd_env")),
            (CredentialKind::Api, None),
        ] {
            let made = generate(kind, environment).unwrap();
            let presented = parse(&made.text).expect("parses");
            assert_eq!(presented.kind, kind);
            assert_eq!(presented.selector, made.selector);
            assert!(matches(presented.secret, &made.verifier));
            let other = generate(kind, environment).unwrap();
            assert!(!matches(presented.secret, &other.verifier));
        }
    }

    #[test]
    fn what_is_no_key_is_none() {
        let good = generate(CredentialKind::Server, Some("e")).unwrap().text;
        for bad in [
            "",
            "pnn_srv_",
            "pnn_srv_e_x_y",
            "Bearer x",
            &good.replace("srv", "xyz"),
            &format!("{good}0"),
            &good[..50],
        ] {
            assert!(parse(bad).is_none(), "{bad}");
        }
        assert!(parse(&good).is_some());
    }

    #[test]
    fn base62_is_positional_and_padded() {
        assert_eq!(base62(&[0], 3), "000");
        assert_eq!(base62(&[61], 3), "00z");
        assert_eq!(base62(&[1, 0], 3), "048");
        assert_eq!(base62(&[0xff; 32], 43).len(), 43);
    }
}
