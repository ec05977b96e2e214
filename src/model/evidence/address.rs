//! Where an address leads, judged from its number alone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where an address leads.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reach {
    /// To nobody, or to the machine itself: unspecified or loopback. What sinkholes answer.
    Nowhere,
    /// To somewhere inside: RFC 1918, shared space (RFC 6598), link-local, unique local (RFC 4193).
    Private,
    /// To the internet. Documentation and other special blocks count here: nobody's inside uses them on purpose.
    Public,
}

impl Reach {
    /// Judges an address; IPv4 inside IPv6 (`::ffff:10.0.0.1`) counts as IPv4.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => of_v4(v4),
            IpAddr::V6(v6) => of_v6(v6),
        }
    }
}

fn of_v4(address: Ipv4Addr) -> Reach {
    let [a, b, ..] = address.octets();
    if a == 0 || address.is_loopback() {
        Reach::Nowhere
    } else if address.is_private() || address.is_link_local() || (a == 100 && (64..128).contains(&b)) {
        Reach::Private
    } else {
        Reach::Public
    }
}

fn of_v6(address: Ipv6Addr) -> Reach {
    if address.is_unspecified() || address.is_loopback() {
        Reach::Nowhere
    } else if address.is_unique_local() || address.is_unicast_link_local() {
        Reach::Private
    } else {
        Reach::Public
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_their_edges() {
        let table = [
            (Reach::Nowhere, &["0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.255", "::", "::1"][..]),
            (Reach::Private, &["10.0.0.1", "172.16.0.0", "172.31.255.255", "192.168.1.1", "169.254.1.1"]),
            (Reach::Private, &["100.64.0.0", "100.127.255.255", "fc00::1", "fd12::1", "fe80::1"]),
            (Reach::Private, &["::ffff:10.0.0.1"]),
            (Reach::Public, &["9.255.255.255", "11.0.0.0", "172.15.0.1", "172.32.0.1", "100.63.255.255"]),
            (Reach::Public, &["100.128.0.0", "20.42.0.1", "2603:1030::1", "64:ff9b::a00:1", "fec0::1"]),
        ];
        for (reach, addresses) in table {
            for address in addresses {
                assert_eq!(Reach::of(address.parse().unwrap()), reach, "{address}");
            }
        }
    }
}
