//! A network in CIDR notation (RFC 4632, RFC 4291 2.3).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address as it was written, and how many of its bits name the network.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// Reads `10.0.0.0/8`; host bits may be set.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/')?;
        let (address, size): (IpAddr, _) = (address.parse().ok()?, bits.parse::<u8>().ok()?);
        let is_plain = bits.bytes().all(|b| b.is_ascii_digit());
        let bits = u32::from(size);
        (is_plain && bits <= address_bits(address)).then_some(Self { address, bits })
    }

    /// A network of this size around an address.
    pub(super) fn from_address(address: IpAddr, bits: u32) -> Self {
        Self { address, bits: bits.min(address_bits(address)) }
    }

    /// The number of bits that name the network.
    pub fn prefix_len(self) -> u32 {
        self.bits
    }

    /// Whether an address of the same family lies in it.
    pub fn contains(self, address: IpAddr) -> bool {
        address.is_ipv4() == self.address.is_ipv4()
            && mask_address(address, self.bits) == mask_address(self.address, self.bits)
    }

    /// Whether bits are set behind the mask, as in `10.1.2.3/8`.
    pub fn has_host_bits(self) -> bool {
        mask_address(self.address, self.bits) != self.address
    }

    /// The same without host bits.
    #[must_use]
    pub fn without_host_bits(self) -> Self {
        Self { address: mask_address(self.address, self.bits), ..self }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

fn address_bits(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// A shift by the whole width is no shift for the processor, hence the checked ones.
fn mask_address(address: IpAddr, bits: u32) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            Ipv4Addr::from_bits(v4.to_bits() & mask).into()
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            Ipv6Addr::from_bits(v6.to_bits() & mask).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_contains_its_addresses() {
        let table = [
            ("10.0.0.0/8", "10.255.255.255", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.1.2.3/8", "10.9.9.9", true),
            ("10.96.0.0/12", "10.111.255.255", true),
            ("10.96.0.0/12", "10.112.0.0", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "::1", false),
            ("10.0.0.1/32", "10.0.0.1", true),
            ("fd00::/8", "fdff::1", true),
            ("::/0", "fe80::1", true),
            ("::1/128", "::2", false),
        ];
        for (network, address, holds) in table {
            let network = Network::parse(network).unwrap();
            assert_eq!(network.contains(address.parse().unwrap()), holds, "{network} {address}");
        }
    }

    #[test]
    fn text_that_is_no_network_is_rejected() {
        for text in
            ["10.0.0.0", "10.0/8", "10.0.0.0/33", "::/129", "10.0.0.0/+8", "10.0.0.0/", "x/8", "010.0.0.0/8"]
        {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }

    #[test]
    fn host_bits_are_found_and_removed() {
        let table = [
            ("10.1.2.3/8", true, "10.0.0.0/8"),
            ("10.0.0.0/8", false, "10.0.0.0/8"),
            ("fd00::1/64", true, "fd00::/64"),
        ];
        for (text, has, trimmed) in table {
            let network = Network::parse(text).unwrap();
            assert_eq!(
                (network.has_host_bits(), network.without_host_bits().to_string()),
                (has, trimmed.to_owned())
            );
        }
    }
}
