//! IP addresses and networks, for `cidr`.
//!
//! Must not take zone ids, ports or leading zeros. IPv4 inside `::ffff:0:0/96` is IPv4, however written.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The bits of `::ffff:0:0/96` above its IPv4.
const MAPPED_BITS: u8 = 96;

/// An address, with mapped ones told as the IPv4 they are.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    text.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// A network: an address with its host bits masked, and how many bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Network {
    V4 { bits: u32, mask: u32 },
    V6 { bits: u128, mask: u128 },
}

impl Network {
    /// Parses an address, or an address and a prefix length.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (base, length) = match text.split_once('/') {
            Some((base, length)) => (base, Some(prefix(length)?)),
            None => (text, None),
        };
        match base.parse::<IpAddr>().ok()? {
            IpAddr::V4(base) => Self::v4(base, length.unwrap_or(32)),
            IpAddr::V6(base) => Self::v6(base, length.unwrap_or(128)),
        }
    }

    fn v4(base: Ipv4Addr, length: u8) -> Option<Self> {
        let shift = 32_u8.checked_sub(length)?;
        let mask = u32::MAX.checked_shl(shift.into()).unwrap_or(0);
        Some(Self::V4 { bits: base.to_bits() & mask, mask })
    }

    fn v6(base: Ipv6Addr, length: u8) -> Option<Self> {
        let shift = 128_u8.checked_sub(length)?;
        if let (Some(inner), Some(length)) = (base.to_ipv4_mapped(), length.checked_sub(MAPPED_BITS)) {
            return Self::v4(inner, length);
        }
        let mask = u128::MAX.checked_shl(shift.into()).unwrap_or(0);
        Some(Self::V6 { bits: base.to_bits() & mask, mask })
    }

    pub(super) fn contains(&self, address: IpAddr) -> bool {
        match (self, address) {
            (Self::V4 { bits, mask }, IpAddr::V4(address)) => address.to_bits() & mask == *bits,
            (Self::V6 { bits, mask }, IpAddr::V6(address)) => address.to_bits() & mask == *bits,
            _ => false,
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4 { bits, mask } => write!(out, "{}/{}", Ipv4Addr::from_bits(*bits), mask.count_ones()),
            Self::V6 { bits, mask } => write!(out, "{}/{}", Ipv6Addr::from_bits(*bits), mask.count_ones()),
        }
    }
}

/// A prefix length without leading zeros.
fn prefix(text: &str) -> Option<u8> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(network: &str, text: &str) -> bool {
        address(text).is_some_and(|address| Network::parse(network).unwrap().contains(address))
    }

    #[test]
    fn networks_hold_their_addresses() {
        assert!(holds("10.0.0.0/8", "10.255.0.1"));
        assert!(holds("10.1.2.3/8", "10.9.9.9"));
        assert!(!holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("0.0.0.0/0", "1.2.3.4"));
        assert!(holds("1.2.3.4", "1.2.3.4"));
        assert!(!holds("1.2.3.4", "1.2.3.5"));
        assert!(holds("2001:db8::/32", "2001:DB8:ffff::1"));
        assert!(holds("::/0", "::1"));
        assert!(holds("::1", "0:0::1"));
    }

    #[test]
    fn mapped_addresses_are_ipv4() {
        assert!(holds("10.0.0.0/8", "::ffff:10.1.1.1"));
        assert!(holds("10.0.0.0/8", "::ffff:a01:101"));
        assert!(holds("::ffff:10.0.0.0/104", "10.1.1.1"));
        assert!(holds("::ffff:0:0/96", "1.2.3.4"));
        assert!(!holds("::/0", "1.2.3.4"));
        assert!(!holds("::ffff:0:0/95", "1.2.3.4"));
        assert!(!holds("::ffff:0:0/95", "::ffff:1.2.3.4"));
    }

    #[test]
    fn what_is_no_address_or_network_is_refused() {
        for bad in [
            "",
            "10.0.0",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/08",
            "10.0.0.0/+8",
            "01.0.0.0",
            "10.0.0.0/8/8",
            "fe80::1%eth0",
            "[::1]",
            "1.2.3.4:80",
            "::/129",
            " 1.2.3.4",
            "10.0.0.0/ 8",
            "1.2.3.256",
            "::/-1",
            "/8",
        ] {
            assert!(Network::parse(bad).is_none(), "{bad}");
        }
        assert!(address("10.0.0.0/8").is_none());
    }

    #[test]
    fn a_network_prints_in_a_form_that_reads_back() {
        for text in ["10.1.2.3/8", "1.2.3.4", "2001:db8::1/33", "::ffff:1.2.3.4", "::ffff:0:0/95", "::/0"] {
            let network = Network::parse(text).unwrap();
            assert_eq!(Network::parse(&network.to_string()), Some(network), "{text}");
        }
    }
}
