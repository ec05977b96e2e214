//! Arithmetic of networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// The smallest network that holds all addresses of one family; `None` without any.
pub fn covering_network(addresses: impl IntoIterator<Item = IpAddr>, is_v4: bool) -> Option<IpNet> {
    let bits: Vec<u128> = addresses.into_iter().filter(|a| a.is_ipv4() == is_v4).map(to_bits).collect();
    let (least, most) = (*bits.iter().min()?, *bits.iter().max()?);
    let width: u8 = if is_v4 { 32 } else { 128 };
    let differing = u8::try_from(128 - (least ^ most).leading_zeros()).unwrap_or(width);
    network_from_bits(least, width - differing.min(width), is_v4)
}

/// The same networks as few as possible, those inside others left out, in order. Nothing is added to what they hold.
pub fn merge_networks(networks: &[IpNet]) -> Vec<IpNet> {
    let mut merged = IpNet::aggregate(&networks.iter().map(IpNet::trunc).collect::<Vec<_>>());
    merged.sort_unstable();
    merged
}

/// The smallest network that holds all of one family.
pub fn covering_network_of(networks: &[IpNet], is_v4: bool) -> Option<IpNet> {
    covering_network(networks.iter().flat_map(|n| [n.network(), n.broadcast()]), is_v4)
}

/// Whether two networks have an address in common.
pub fn has_overlap(one: &IpNet, other: &IpNet) -> bool {
    one.contains(other) || other.contains(one)
}

/// An address as the network that holds nothing else.
pub fn single_address_network(address: IpAddr) -> IpNet {
    IpNet::from(address)
}

/// A network as text; a single address without the length that says that it is one.
pub fn format_network(network: &IpNet) -> String {
    if network.prefix_len() == network.max_prefix_len() {
        network.addr().to_string()
    } else {
        network.to_string()
    }
}

/// Text of one or several networks: separated by commas or blanks, host bits cut off. What is no network is left out.
pub fn parse_networks(text: &str) -> Vec<IpNet> {
    let parts = text.split([',', ' ', '\t']).map(|part| part.trim().trim_matches(['"', '\'']));
    parts.filter_map(|part| part.parse::<IpNet>().ok()).map(|net| net.trunc()).collect()
}

/// The first free networks of a size inside the private ranges (RFC 1918, RFC 6598), past all that are to be avoided.
pub fn free_networks(prefix: u8, avoid: &[IpNet], number: usize) -> Vec<Ipv4Net> {
    let blocks = PRIVATE_BLOCKS.iter().filter_map(|text| text.parse::<Ipv4Net>().ok());
    let fitting = blocks.filter(|block| block.prefix_len() <= prefix);
    let all = fitting.flat_map(|block| block.subnets(prefix).into_iter().flatten().take(MAX_CANDIDATES));
    all.filter(|net| !avoid.iter().any(|a| has_overlap(a, &IpNet::V4(*net)))).take(number).collect()
}

/// Ordered so that what companies use least comes first.
const PRIVATE_BLOCKS: [&str; 4] = ["172.16.0.0/12", "10.0.0.0/8", "192.168.0.0/16", "100.64.0.0/10"];

/// Of each block.
const MAX_CANDIDATES: usize = 70_000;

fn to_bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

fn network_from_bits(bits: u128, prefix: u8, is_v4: bool) -> Option<IpNet> {
    let net = if is_v4 {
        let address = Ipv4Addr::from_bits(u32::try_from(bits).ok()?);
        IpNet::V4(Ipv4Net::new(address, prefix).ok()?)
    } else {
        IpNet::V6(Ipv6Net::new(Ipv6Addr::from_bits(bits), prefix).ok()?)
    };
    Some(net.trunc())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn net(text: &str) -> IpNet {
        text.parse().unwrap()
    }

    #[test]
    fn covering_networks_are_minimal() {
        let cover = |texts: &[&str], is_v4| {
            covering_network(texts.iter().map(|t| t.parse().unwrap()), is_v4).map(|n| n.to_string())
        };
        assert_eq!(
            cover(&["10.100.0.1", "10.100.0.10", "10.100.199.4"], true).as_deref(),
            Some("10.100.0.0/16")
        );
        assert_eq!(cover(&["10.0.0.1"], true).as_deref(), Some("10.0.0.1/32"));
        assert_eq!(cover(&["10.0.0.1", "fd00::1", "fd00::ffff"], false).as_deref(), Some("fd00::/112"));
        assert_eq!(cover(&["0.0.0.0", "255.255.255.255"], true).as_deref(), Some("0.0.0.0/0"));
        assert_eq!(cover(&[], true), None);
    }

    #[test]
    fn lists_of_networks_are_parsed() {
        let parse = |text| parse_networks(text).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(parse("10.96.0.0/12,fd00:10:96::/112"), ["10.96.0.0/12", "fd00:10:96::/112"]);
        assert_eq!(parse(" \"10.96.1.2/12\" nonsense 10.0.0.0/33"), ["10.96.0.0/12"]);
    }

    #[test]
    fn free_networks_avoid_what_is_taken() {
        let avoid = [net("172.16.0.0/12"), net("10.0.0.0/9")];
        let found: Vec<_> = free_networks(16, &avoid, 2).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["10.128.0.0/16", "10.129.0.0/16"]);
        assert!(free_networks(8, &[net("10.0.0.0/8")], 1).is_empty());
        assert!(free_networks(16, &[net("0.0.0.0/0")], 1).is_empty());
    }

    fn any_net() -> impl Strategy<Value = IpNet> {
        let v4 = (any::<u32>(), 0..=32_u8).prop_map(|(b, p)| IpNet::V4(Ipv4Net::new(b.into(), p).unwrap()));
        let v6 = (any::<u128>(), 0..=128_u8).prop_map(|(b, p)| IpNet::V6(Ipv6Net::new(b.into(), p).unwrap()));
        prop_oneof![v4, v6]
    }

    proptest! {
        #[test]
        fn a_covering_network_contains_all_and_no_half_of_it_does(bits in proptest::collection::vec(any::<u32>(), 1..20)) {
            let addresses: Vec<IpAddr> = bits.iter().map(|b| Ipv4Addr::from_bits(*b).into()).collect();
            let net = covering_network(addresses.clone(), true).unwrap();
            prop_assert!(addresses.iter().all(|a| net.contains(a)));
            if let Ok(halves) = net.subnets(net.prefix_len() + 1) {
                for half in halves {
                    prop_assert!(!addresses.iter().all(|a| half.contains(a)));
                }
            }
        }

        #[test]
        fn merging_changes_no_membership(nets in proptest::collection::vec(any_net(), 0..12), v4: u32, v6: u128) {
            let merged = merge_networks(&nets);
            for address in [IpAddr::V4(v4.into()), IpAddr::V6(v6.into())] {
                let within = |nets: &[IpNet]| nets.iter().any(|n| n.contains(&address));
                prop_assert_eq!(within(&nets), within(&merged));
            }
            for (at, net) in merged.iter().enumerate() {
                prop_assert!(!merged.iter().enumerate().any(|(other, n)| other != at && has_overlap(n, net)));
            }
        }

        #[test]
        fn free_networks_are_free(avoid in proptest::collection::vec(any_net(), 0..8), prefix in 12..28_u8) {
            for net in free_networks(prefix, &avoid, 3) {
                prop_assert_eq!(net.prefix_len(), prefix);
                prop_assert!(!avoid.iter().any(|a| has_overlap(a, &IpNet::V4(net))));
            }
        }
    }
}
