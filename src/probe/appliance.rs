//! Products that stand in the way, by the marks they leave in headers, pages and certificate names.

use std::collections::BTreeMap;

/// The product whose mark is found in the headers or the page of an answer.
pub(super) fn find_in_answer(headers: &BTreeMap<String, String>, page: Option<&str>) -> Option<String> {
    // who forwarded an answer, or kept a copy, did not give it
    let own =
        headers.iter().filter(|(name, _)| !["via", "x-bluecoat-via", "x-cache"].contains(&name.as_str()));
    let heads = own.map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("\n");
    let in_head = || find_product(HEADER_MARKERS, &heads);
    let in_page = || find_product(PAGE_MARKERS, page?);
    in_head().or_else(in_page).or_else(|| find_product(HEADER_MARKERS, page?)).map(str::to_owned)
}

/// Words that block, coaching and log-on pages have, whatever product sends them.
pub(super) fn find_block_words(page: &str) -> Option<String> {
    let text = page.to_ascii_lowercase();
    BLOCK_WORDS.iter().find(|words| text.contains(**words)).map(|&words| words.to_owned())
}

fn find_product(markers: &[(&str, &'static str)], text: &str) -> Option<&'static str> {
    let text = text.to_ascii_lowercase();
    markers.iter().find(|(mark, _)| text.contains(mark)).map(|&(_, product)| product)
}

/// The product whose mark is found in the names of an authority.
pub(super) fn find_in_ca_name(distinguished: &str) -> Option<&'static str> {
    find_product(CA_NAME_MARKERS, distinguished)
}

/// Names of products, in headers (`name: value`, those of redirections too) and pages; lower case. None of them is something that
/// an Azure service sends.
const HEADER_MARKERS: &[(&str, &str)] = &[
    ("x-squid-error", "Squid"),
    ("server: squid", "Squid"),
    ("zscaler", "Zscaler"),
    ("zscloud.net", "Zscaler"),
    ("bluecoat", "Blue Coat ProxySG"),
    ("threatpulse", "Blue Coat ProxySG"),
    ("fortigate", "FortiGate"),
    ("fortiguard", "FortiGate"),
    ("fortinet", "FortiGate"),
    ("fgtauth", "FortiGate"),
    ("palo alto networks", "Palo Alto Networks firewall"),
    ("mcafee web gateway", "Skyhigh (McAfee) Web Gateway"),
    ("mwg-internal", "Skyhigh (McAfee) Web Gateway"),
    ("skyhigh", "Skyhigh (McAfee) Web Gateway"),
    ("forcepoint", "Forcepoint"),
    ("websense", "Forcepoint"),
    ("blockpage.cgi", "Forcepoint"),
    ("netskope", "Netskope"),
    ("goskope", "Netskope"),
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
    ("menlosecurity", "Menlo Security"),
    ("cloudflare zero trust", "Cloudflare Gateway"),
    ("cloudflareaccess.com", "Cloudflare Gateway"),
    ("contentkeeper", "ContentKeeper"),
    ("lightspeed systems", "Lightspeed Filter"),
    ("smoothwall", "Smoothwall"),
    ("untangle", "Untangle"),
    ("kerio control", "Kerio Control"),
    ("interscan", "Trend Micro InterScan"),
    ("wingate", "WinGate"),
    ("privoxy", "Privoxy"),
    ("tinyproxy", "Tinyproxy"),
    ("mitmproxy", "mitmproxy"),
    ("squidguard", "squidGuard"),
    ("dansguardian", "DansGuardian"),
    ("e2guardian", "e2guardian"),
    ("pi-hole", "Pi-hole"),
    ("threat management gateway", "Forefront TMG"),
    ("isa server", "Forefront TMG"),
    ("network-auth.com", "Cisco Meraki portal"),
    ("securelogin.arubanetworks", "Aruba portal"),
    ("guestportal", "Cisco ISE portal"),
    ("portalsetup.action", "Cisco ISE portal"),
    ("nomadix", "Nomadix portal"),
    ("coovachilli", "CoovaChilli portal"),
    ("mikrotik hotspot", "MikroTik portal"),
    ("/my.policy", "F5 BIG-IP APM"),
];

/// Sentences of products' default pages that do not name them; lower case. From the pages as the vendors' manuals print them.
const PAGE_MARKERS: &[(&str, &str)] = &[
    ("(squid", "Squid"),
    ("err_access_denied", "Squid"),
    ("the requested url could not be retrieved", "Squid"),
    ("your cache administrator", "Squid"),
    ("violation of your internet usage policy", "FortiGate"),
    ("has been blocked in accordance with company policy", "Palo Alto Networks firewall"),
    ("your system policy has denied access to the requested url", "Blue Coat ProxySG"),
    ("(policy_denied)", "Blue Coat ProxySG"),
    ("content_filter_denied", "Blue Coat ProxySG"),
    ("blocked by url filter database", "Skyhigh (McAfee) Web Gateway"),
    ("based on your organization's access policies, access to this web site", "Cisco Secure Web Appliance"),
    ("the requested url was rejected. please consult with your administrator", "F5 BIG-IP ASM"),
    ("incapsula incident id", "Imperva"),
    ("action: deny. ", "Azure Firewall"),
    ("request forbidden by administrative rules", "HAProxy"),
    ("rbac: access denied", "Envoy"),
    ("proxy server received an invalid response from an upstream server", "Apache as a proxy"),
];

/// What such pages say in their own words; lower case. Services say none of it to a request without credentials.
const BLOCK_WORDS: &[&str] = &[
    "access denied",
    "access to this site",
    "access to this page",
    "access to this web",
    "access has been blocked",
    "has been blocked",
    "is blocked",
    "was blocked",
    "blocked by",
    "page blocked",
    "site blocked",
    "website blocked",
    "request blocked",
    "url blocked",
    "content filter",
    "web filter",
    "url filter",
    "webfilter",
    "blocked category",
    "acceptable use",
    "internet usage policy",
    "company policy",
    "corporate policy",
    "security policy",
    "your network administrator",
    "your it department",
    "click to continue",
    "click here to continue",
    "click continue",
    "continue to site",
    "continue to the site",
    "proceed to the site",
    "network authentication required",
    "captive portal",
    "guest network",
    "guest access",
    "log in to the network",
    "log on to the network",
    "sign in to the network",
    "accept the terms",
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
        let none = BTreeMap::new();
        let table = [
            (header("server", "squid/6.1"), None, Some("Squid")),
            (header("via", "1.1 edge (squid/6.1)"), None, None), // only forwarded
            (header("x-cache", "MISS from zscaler"), None, None),
            (header("location", "https://gateway.zscloud.net/auth"), None, Some("Zscaler")),
            (none.clone(), Some("<h1>FortiGuard Intrusion</h1>"), Some("FortiGate")),
            (none.clone(), Some("Generated Mon by edge (squid/6.6)"), Some("Squid")),
            (none.clone(), Some("HTTP 470: Action: Deny. Reason: no rule matched."), Some("Azure Firewall")),
            (none, Some("{\"error\":\"NotFound\"}"), None),
        ];
        for (headers, page, product) in table {
            assert_eq!(find_in_answer(&headers, page).as_deref(), product, "{headers:?} {page:?}");
        }
        assert_eq!(find_in_ca_name("CN=Zscaler Intermediate Root CA"), Some("Zscaler"));
        assert_eq!(find_in_ca_name("CN=DigiCert Global Root G2"), None);
    }

    #[test]
    fn markers_are_lower_case() {
        let markers = HEADER_MARKERS.iter().chain(PAGE_MARKERS).chain(CA_NAME_MARKERS);
        for mark in markers.map(|(mark, _)| mark).chain(BLOCK_WORDS) {
            assert_eq!(*mark, mark.to_ascii_lowercase());
        }
    }
}
