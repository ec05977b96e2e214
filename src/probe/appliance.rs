//! Products that stand in the way, by the marks they leave in headers, pages and certificate names.

use std::collections::BTreeMap;

/// The product whose mark is found in the headers or the page of an answer.
pub(super) fn find_in_answer(headers: &BTreeMap<String, String>, body: Option<&str>) -> Option<String> {
    // `Via` names who forwarded an answer, not who gave it
    let headers = headers.iter().filter(|(name, _)| *name != "via");
    let marks = headers.map(|(name, value)| format!("{name}: {value}")).chain(body.map(str::to_owned));
    let text = marks.collect::<Vec<_>>().join("\n").to_ascii_lowercase();
    ANSWER_MARKERS.iter().find(|(mark, _)| text.contains(mark)).map(|&(_, product)| product.to_owned())
}

/// The product whose mark is found in the names of an authority.
pub(super) fn find_in_ca_name(distinguished: &str) -> Option<&'static str> {
    let text = distinguished.to_ascii_lowercase();
    CA_NAME_MARKERS.iter().find(|(mark, _)| text.contains(mark)).map(|&(_, product)| product)
}

/// Marks in headers (`name: value`) and pages; lower case. None of them is something that an Azure service sends.
const ANSWER_MARKERS: &[(&str, &str)] = &[
    ("x-squid-error", "Squid"),
    ("server: squid", "Squid"),
    ("(squid", "Squid"),
    ("zscaler", "Zscaler"),
    ("x-bluecoat", "Blue Coat ProxySG"),
    ("bluecoat", "Blue Coat ProxySG"),
    ("fortigate", "FortiGate"),
    ("fortiguard", "FortiGate"),
    ("palo alto networks", "Palo Alto Networks firewall"),
    ("mcafee web gateway", "Skyhigh (McAfee) Web Gateway"),
    ("skyhigh", "Skyhigh (McAfee) Web Gateway"),
    ("forcepoint", "Forcepoint"),
    ("websense", "Forcepoint"),
    ("netskope", "Netskope"),
    ("opendns", "Cisco Umbrella"),
    ("cisco umbrella", "Cisco Umbrella"),
    ("ironport", "Cisco Secure Web Appliance"),
    ("usercheck", "Check Point"),
    ("check point", "Check Point"),
    ("sophos", "Sophos"),
    ("sonicwall", "SonicWall"),
    ("watchguard", "WatchGuard"),
    ("barracuda", "Barracuda"),
    ("iboss", "iboss"),
    ("tinyproxy", "Tinyproxy"),
    ("mitmproxy", "mitmproxy"),
];

/// Marks in the names of inspecting authorities; lower case.
const CA_NAME_MARKERS: &[(&str, &str)] = &[
    ("zscaler", "Zscaler"),
    ("fortinet", "FortiGate"),
    ("fortigate", "FortiGate"),
    ("palo alto", "Palo Alto Networks firewall"),
    ("blue coat", "Blue Coat ProxySG"),
    ("bluecoat", "Blue Coat ProxySG"),
    ("mcafee", "Skyhigh (McAfee) Web Gateway"),
    ("skyhigh", "Skyhigh (McAfee) Web Gateway"),
    ("forcepoint", "Forcepoint"),
    ("websense", "Forcepoint"),
    ("netskope", "Netskope"),
    ("goskope", "Netskope"),
    ("cisco umbrella", "Cisco Umbrella"),
    ("opendns", "Cisco Umbrella"),
    ("check point", "Check Point"),
    ("sophos", "Sophos"),
    ("sonicwall", "SonicWall"),
    ("watchguard", "WatchGuard"),
    ("barracuda", "Barracuda"),
    ("iboss", "iboss"),
    ("cloudflare gateway", "Cloudflare Gateway"),
    ("squid", "Squid"),
    ("mitmproxy", "mitmproxy"),
    ("kaspersky", "Kaspersky"),
    ("eset ssl filter", "ESET"),
    ("avast", "Avast"),
    ("bitdefender", "Bitdefender"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_recognized_by_their_markers() {
        let header = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
        assert_eq!(find_in_answer(&header("server", "squid/6.1"), None).as_deref(), Some("Squid"));
        assert_eq!(find_in_answer(&header("via", "1.1 edge (squid/6.1)"), None), None, "only forwarded");
        assert_eq!(
            find_in_answer(&BTreeMap::new(), Some("<h1>FortiGuard Intrusion</h1>")).as_deref(),
            Some("FortiGate")
        );
        assert_eq!(find_in_answer(&BTreeMap::new(), Some("{\"error\":\"NotFound\"}")), None);
        assert_eq!(find_in_ca_name("CN=Zscaler Intermediate Root CA"), Some("Zscaler"));
        assert_eq!(find_in_ca_name("CN=DigiCert Global Root G2"), None);
    }

    #[test]
    fn markers_are_lower_case() {
        for (mark, _) in ANSWER_MARKERS.iter().chain(CA_NAME_MARKERS) {
            assert_eq!(*mark, mark.to_ascii_lowercase());
        }
    }
}
