//! Where an address leads, judged from its number alone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where an address leads.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AddressScope {
    /// To nobody, or to the machine itself: unspecified or loopback. What sinkholes answer.
    Nowhere,
    /// To somewhere inside: RFC 1918, shared space (RFC 6598), link-local, unique local (RFC 4193).
    Private,
    /// To the internet. Documentation and other special blocks count here: nobody's inside uses them on purpose.
    Public,
}

impl AddressScope {
    /// Judges an address; IPv4 inside IPv6 (`::ffff:10.0.0.1`) counts as IPv4.
    pub fn classify(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => classify_v4(v4),
            IpAddr::V6(v6) => classify_v6(v6),
        }
    }
}

fn classify_v4(address: Ipv4Addr) -> AddressScope {
    let [a, b, ..] = address.octets();
    if a == 0 || address.is_loopback() {
        AddressScope::Nowhere
    } else if address.is_private() || address.is_link_local() || (a == 100 && (64..128).contains(&b)) {
        AddressScope::Private
    } else {
        AddressScope::Public
    }
}

fn classify_v6(address: Ipv6Addr) -> AddressScope {
    if address.is_unspecified() || address.is_loopback() {
        AddressScope::Nowhere
    } else if address.is_unique_local() || address.is_unicast_link_local() {
        AddressScope::Private
    } else {
        AddressScope::Public
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_blocks_are_classified_up_to_their_edges() {
        let table = [
            (AddressScope::Nowhere, &["0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.255", "::", "::1"][..]),
            (
                AddressScope::Private,
                &["10.0.0.1", "172.16.0.0", "172.31.255.255", "192.168.1.1", "169.254.1.1"],
            ),
            (AddressScope::Private, &["100.64.0.0", "100.127.255.255", "fc00::1", "fd12::1", "fe80::1"]),
            (AddressScope::Private, &["::ffff:10.0.0.1"]),
            (
                AddressScope::Public,
                &["9.255.255.255", "11.0.0.0", "172.15.0.1", "172.32.0.1", "100.63.255.255"],
            ),
            (
                AddressScope::Public,
                &["100.128.0.0", "20.42.0.1", "2603:1030::1", "64:ff9b::a00:1", "fec0::1"],
            ),
        ];
        for (reach, addresses) in table {
            for address in addresses {
                assert_eq!(AddressScope::classify(address.parse().unwrap()), reach, "{address}");
            }
        }
    }
}
