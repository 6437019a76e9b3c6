//! Addresses of event streams for clients that can send no header (a browser's `EventSource`): the public part of a key, and
//! proof that this installation made the address. It ends with the key, and opens nothing but the stream.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::secret::hex;

/// What is signed before the selector, so that the secret's other uses, now and later, give other signatures.
const PURPOSE: &[u8] = b"pennon event stream ";

/// `<selector>.<HMAC-SHA256, hex>`: the same for a key as long as the installation lives.
#[must_use]
pub fn address(secret: &str, selector: &str) -> String {
    format!("{selector}.{}", signature(secret, selector))
}

/// The selector of an address that was made under this secret.
#[must_use]
pub fn selector<'a>(secret: &str, address: &'a str) -> Option<&'a str> {
    let (selector, signed) = address.split_once('.')?;
    let is_ours: bool = signature(secret, selector).as_bytes().ct_eq(signed.as_bytes()).into();
    (is_ours && !secret.is_empty()).then_some(selector)
}

fn signature(secret: &str, selector: &str) -> String {
    // HMAC takes keys of any length.
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    hex(&mac.chain_update(PURPOSE).chain_update(selector).finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::{address, selector};

    #[test]
    fn an_address_is_good_under_its_own_secret_only_and_as_a_whole() {
        let made = address("secret", "abc");
        assert_eq!(made, address("secret", "abc"));
        assert_eq!(selector("secret", &made), Some("abc"));
        assert_eq!(selector("other", &made), None);
        assert_eq!(selector("secret", &made.replace("abc", "abd")), None);
        for bad in ["", "abc", "abc.", &made[..made.len() - 1], &format!("{made}0"), &made.to_uppercase()] {
            assert_eq!(selector("secret", bad), None, "{bad}");
        }
        assert_eq!(selector("", &address("", "abc")), None, "no secret signs nothing");
    }
}
