//! The networks that this machine has routes to. Only Linux tells without a call of the system.

use ipnet::IpNet;

/// Networks with the interfaces that lead to them; without the default route, and nothing where that cannot be read.
pub fn read_local_routes() -> Vec<(IpNet, String)> {
    let table = std::fs::read_to_string("/proc/net/route").unwrap_or_default();
    table.lines().skip(1).take(MAX_ROUTES).filter_map(parse_route).collect()
}

/// Interface, destination, gateway, flags, three counters, mask; addresses as the processor has them (`/proc/net/route`, proc(5)).
fn parse_route(line: &str) -> Option<(IpNet, String)> {
    let fields: Vec<_> = line.split_whitespace().collect();
    let [interface, destination, _, _, _, _, _, mask, ..] = fields[..] else { return None };
    let address = |hex: &str| {
        u32::from_str_radix(hex, 16).ok().map(|bits| std::net::Ipv4Addr::from(bits.to_ne_bytes()))
    };
    let net = IpNet::with_netmask(address(destination)?.into(), address(mask)?.into()).ok()?;
    (net.prefix_len() > 0 && interface != "lo")
        .then(|| (net, crate::model::evidence::sanitize(interface, 20)))
}

/// Routers with full tables have a million.
const MAX_ROUTES: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_endian = "little")]
    #[test]
    fn routes_of_the_kernel_are_parsed() {
        let parse_line = |line| parse_route(line).map(|(net, interface)| format!("{net} {interface}"));
        let line = "eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0";
        assert_eq!(parse_line(line).as_deref(), Some("192.168.1.0/24 eth0"));
        assert_eq!(parse_line("eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0"), None);
        assert_eq!(parse_line("nonsense"), None);
    }
}
