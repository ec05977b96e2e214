use super::*;

fn parsed_hosts(text: &str) -> Vec<String> {
    let table = VendorTable::parse(text.as_bytes()).unwrap_or_else(|e| panic!("{e}\n{text}"));
    table
        .hosts
        .iter()
        .map(|l| l.port.map_or(l.host.to_string(), |port| format!("{}:{port}", l.host)))
        .collect()
}

#[test]
fn tables_of_markdown_are_read() {
    let text = "\
# Requirements

Nothing of portal.example.com in prose counts where there is a table.

| Endpoint (DNS) | Description |
| --- | :--- |
| `https://Management.example.com/`, `https://<region>.dp.example.com` | see `https://docs.example.com` |
| [`*.relay.example.com`](https://docs.example.com/relay), \\*.more.example.com | a \\| b |
| **https://eastus.obo.example.com:8084** <br/> wss://chat.example.com?x=1 | two |

Agent | Means
--- | ---
deployment.apps | none
";
    let expected = [
        "management.example.com:443",
        "{region}.dp.example.com:443",
        "*.relay.example.com",
        "*.more.example.com",
        "eastus.obo.example.com:8084",
        "chat.example.com:443",
    ];
    assert_eq!(parsed_hosts(text), expected);
    let table = VendorTable::parse(text.as_bytes()).unwrap();
    assert_eq!((table.hosts[0].line, table.hosts[5].line), (7, 9));
    assert_eq!(table.skipped_tables, ["agent | means"]);
}

#[test]
fn a_column_of_ports_counts_where_the_host_has_none() {
    let text = "\
|Purpose|FQDN|Ports|Transport
|-|-|-|-
|a|a.example.com|443, 8084|1
|b|https://b.example.com|TCP 9418|2
|c|c.example.com:22|443|3
";
    let expected = ["a.example.com:443", "a.example.com:8084", "b.example.com:9418", "c.example.com:22"];
    assert_eq!(parsed_hosts(text), expected);
}

#[test]
fn tables_of_html_are_read() {
    let text = "<!doctype html><body><p>other.example.com\n<script>\n'<td>evil.example.com</td>'</script>
<TABLE class='x'><thead><tr><th>Endpoint&nbsp;(DNS)</th><th>Description</th></tr></thead>
<tr><td><code>https://&lt;region&gt;.dp.example.com</code>, <strong>https://</strong>login.example.com</td><td>x.example.com</td></tr>
<tr>
 <td><a href='https://docs.example.com'>*.relay.example.com</a><br>a.example.com<td>unclosed
<tr><td>b.example.com</table><table><tr><td>c.example.com</td><td>no heading</td></tr></table>";
    let expected = [
        "{region}.dp.example.com:443",
        "login.example.com:443",
        "*.relay.example.com",
        "a.example.com",
        "b.example.com",
        "c.example.com",
    ];
    assert_eq!(parsed_hosts(text), expected);
    let table = VendorTable::parse(text.as_bytes()).unwrap();
    assert_eq!(table.hosts.iter().map(|l| l.line).collect::<Vec<_>>(), [5, 5, 6, 6, 8, 8]);
}

#[test]
fn lines_that_begin_with_hosts_are_read_where_there_is_no_table() {
    let text = "\u{feff}Endpoint (DNS)\tWhat for
https://a.example.com (public cloud), https://{region}.b.example.com (other cloud) Needed by portal.example.com
* *.relay.example.com
*.more.example.com
1. c.example.com
- [Region name].d.example.com\twss
deployment.apps/config-agent created
Open 10.0.0.1 and e.example.com too.
readme
";
    let expected = [
        "a.example.com:443",
        "{region}.b.example.com:443",
        "*.relay.example.com",
        "*.more.example.com",
        "c.example.com",
        "{region_name}.d.example.com",
    ];
    assert_eq!(parsed_hosts(text), expected);
}

#[test]
fn unusable_pages_are_rejected_with_a_reason() {
    let error_of = |bytes: &[u8]| VendorTable::parse(bytes).unwrap_err().to_string();
    assert!(
        error_of(b"")
            .starts_with("no hosts are in it; what is read are tables with a column that is called Endpoint")
    );
    let other = b"|Agent|Means|\n|---|---|\n|deployment.apps|x|\n";
    assert!(
        error_of(other).ends_with("lines that begin with a host; tables were seen with agent | means"),
        "{}",
        error_of(other)
    );
    assert_eq!(error_of(b"\xff\xfea\0"), "this is UTF-16; save it as UTF-8");
    assert_eq!(error_of(b"\x7fELF\0www.gnu.org"), "this is no text; save the page as HTML, Markdown or text");
    assert!(error_of(&vec![b' '; MAX_BYTES + 1]).starts_with("larger than"));
    let many: Vec<_> = (0..=MAX_HOSTS).map(|n| format!("h{n}.example.com")).collect();
    let many = many.join("\n");
    assert!(error_of(many.as_bytes()).starts_with("more than 5000 hosts"));
}

#[test]
fn patterns_cover_what_they_stand_for() {
    let covers = |a: &str, b: &str| Pattern::parse(a).unwrap().covers(&Pattern::parse(b).unwrap());
    let table = [
        ("a.example.com", "a.example.com", true),
        ("a.example.com", "b.example.com", false),
        ("{region}.example.com", "eastus.example.com", true),
        ("{region}.example.com", "{other}.example.com", true),
        ("{region}.example.com", "a.eastus.example.com", false),
        ("{region}.example.com", "*.example.com", false),
        ("eastus.example.com", "{region}.example.com", false),
        ("{geo}-ats.example.com", "na-ats.example.com", true),
        ("{geo}-ats.example.com", "na-gas.example.com", false),
        ("*.example.com", "a.b.example.com", true),
        ("*.example.com", "*.example.com", true),
        ("*.example.com", "{region}.example.com", true),
        ("*.example.com", "example.com", false),
        ("*.example.com", "a.other.com", false),
        ("*.b.example.com", "*.example.com", false),
        ("*.example.com", "*.b.example.com", true),
        ("*.{region}.example.com", "*.eastus.example.com", true),
    ];
    for (a, b, expected) in table {
        assert_eq!(covers(a, b), expected, "{a} {b}");
    }
    let long = format!("{}.example.com", "a".repeat(64));
    let bad = [
        "",
        "*",
        "example",
        "*.com",
        "{x}.com",
        "a..com",
        "a.{b",
        "a}.b.com",
        "{a{b}}.c.com",
        "a.c0",
        "ä.example.com",
        &long,
    ];
    for text in bad {
        assert_eq!(Pattern::parse(text), None, "{text}");
    }
}

mod properties {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;

    const PARTS: [&str; 24] = [
        "<td>",
        "</td>",
        "<tr>",
        "<table>",
        "<",
        ">",
        "<script>",
        "|",
        "\n",
        "---|---\n",
        "[",
        "](",
        ")",
        "{",
        "}",
        "%",
        "&lt;",
        "`",
        "a.example.com",
        "*.",
        "https://",
        ":443",
        "Endpoint",
        " ",
    ];

    proptest! {
        #[test]
        fn any_page_gives_hosts_or_a_reason(parts in prop::collection::vec(prop::sample::select(&PARTS[..]), 0..60)) {
            let text = parts.concat();
            if let Ok(table) = VendorTable::parse(text.as_bytes()) {
                for listed in table.hosts {
                    let shown = listed.host.to_string();
                    prop_assert_eq!(Pattern::parse(&shown), Some(listed.host.clone()));
                    prop_assert!(listed.host.covers(&listed.host));
                    prop_assert!(listed.line <= text.lines().count() + 1);
                }
            }
        }

        #[test]
        fn any_bytes_are_handled(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = VendorTable::parse(&bytes);
        }
    }

    /// What is read again and again from its beginning would take many minutes.
    #[test]
    fn parsing_takes_linear_time() {
        let began = Instant::now();
        for part in
            PARTS.iter().chain(&["<td>|", "<td", "[a](", "{a", "<a", "a|", "(", "a.b ", "<!--", "<x>&lt;"])
        {
            let page = part.repeat((1 << 14) / part.len());
            let _ = VendorTable::parse(page.as_bytes());
            let cell = format!("|Endpoint|\n|---|\n|{page}|\n<td>{page}");
            let _ = VendorTable::parse(cell.as_bytes());
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    }
}
