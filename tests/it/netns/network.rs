//! A client, a machine in the middle, and an outside where the lab is.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use serde_json::Value;

use super::namespace::Namespace;
use crate::lab::{Dns, Host, Lab, LabOptions, Serves};
use crate::phases::verdict_of;
use crate::program::{Program, TestRules, check};

/// What the machine in the middle does with packets that are not for itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Middle {
    /// Passes them on.
    Forwards,
    /// Drops them: whoever wants out needs a program on it, such as a proxy.
    Ends,
}

/// Client, middle, outside, with a cable between each two. The addresses of hosts outside are from a block for
/// documentation (RFC 5737), which counts as public.
pub(super) struct Network {
    pub(super) client: Namespace,
    pub(super) middle: Namespace,
    /// Dropped before the namespace in which it is.
    pub(super) lab: Lab,
    _outside: Namespace,
    rules: TestRules,
}

/// The machine in the middle, as the client sees it.
pub(super) const MIDDLE: Ipv4Addr = Ipv4Addr::new(10, 9, 1, 1);

/// The name server outside, at port 53 as everywhere.
pub(super) const RESOLVER: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 53);

impl Network {
    /// Each host, below `lab.example`, has an address of its own, at which the ports that its clients ask for lead to
    /// the lab.
    pub(super) fn new(middle_does: Middle, hosts: &[(&str, Serves)]) -> Self {
        Self::with_names(middle_does, hosts, Vec::new(), LabOptions::default())
    }

    /// The same with further names in DNS, and a lab with other manners.
    pub(super) fn with_names(
        middle_does: Middle,
        hosts: &[(&str, Serves)],
        names: Vec<Host>,
        options: LabOptions,
    ) -> Self {
        let (client, middle, outside) =
            (Namespace::new("client"), Namespace::new("middle"), Namespace::new("outside"));
        client.connect(("eth0", "10.9.1.2/24"), &middle, ("near", "10.9.1.1/24"));
        middle.connect(("far", "198.51.100.1/24"), &outside, ("eth0", "198.51.100.2/24"));
        client.ip("route add default via 10.9.1.1");
        outside.ip("route add default via 198.51.100.1");
        middle.set("ip_forward", if middle_does == Middle::Forwards { "1" } else { "0" });
        for setting in ["all", "eth0"] {
            outside.set(&format!("conf/{setting}/route_localnet"), "1"); // the lab is on 127.0.0.1
        }
        let all = hosts.iter().enumerate().map(|(index, (name, serves))| Host {
            name: host_of(name),
            dns: Dns::Addresses(vec![address(index).into()]),
            serves: serves.clone(),
        });
        let all = all.chain(names).collect();
        let lab = outside.inside(|| Lab::start_with(all, options));
        outside.ip(&format!("address add {RESOLVER}/24 dev eth0"));
        for index in 0..hosts.len() {
            outside.ip(&format!("address add {}/24 dev eth0", address(index)));
        }
        outside.nft(&translations(&lab, hosts));
        Self { client, middle, lab, _outside: outside, rules: TestRules::new() }
    }

    /// Adds an endpoint to what is checked; `rule` is further lines of it.
    pub(super) fn expect(self, host: &str, rule: &str) -> Self {
        self.expect_name(host, &host_of(host), rule)
    }

    /// The same for a host elsewhere.
    pub(super) fn expect_name(mut self, id: &str, host: &str, rule: &str) -> Self {
        self.rules = self.rules.endpoint(id, host, rule);
        self
    }

    /// The flags that make `check` ask for nothing but what is expected here.
    pub(super) fn flags(&self) -> Vec<String> {
        self.rules.flags(self.lab.directory())
    }

    /// Runs `check` at the client, whose own store is this PEM file.
    fn check(&self, flags: &[&str], store: Option<&str>) -> Value {
        let mut program = Program::new()
            .args(["check", "-o", "json", "--resolver", &RESOLVER.to_string(), "--public-roots"])
            .args([self.lab.roots()])
            .args(self.flags())
            .args(flags);
        if let Some(file) = store {
            program = program.env("SSL_CERT_FILE", file);
        }
        self.client.inside(|| program.run()).json()
    }

    /// Runs `check` at the client with the resolver of the system, which has these files.
    pub(super) fn check_with_system(&self, resolv_conf: &str, hosts: &str, flags: &[&str]) -> Value {
        let file = |name: &str, text: &str| {
            let path = self.lab.directory().join(name);
            std::fs::write(&path, text).expect("a file of the test");
            path
        };
        let (resolv_conf, hosts) = (file("resolv.conf", resolv_conf), file("hosts", hosts));
        let program = Program::new()
            .args(["check", "-o", "json", "--public-roots"])
            .args([self.lab.roots()])
            .args(self.rules.flags(self.lab.directory()))
            .args(flags)
            .with_system_files(&[(&resolv_conf, "/etc/resolv.conf"), (&hosts, "/etc/hosts")]);
        self.client.inside(|| program.run()).json()
    }

    /// Runs `check` at the client and asserts the verdict of each endpoint: `met`, or the phase and the word.
    pub(super) fn sees(&self, flags: &[&str], verdicts: &[(&str, &str)]) -> Value {
        self.sees_with_store(flags, None, verdicts)
    }

    /// The same on a machine whose own store is this PEM file.
    pub(super) fn sees_with_store(
        &self,
        flags: &[&str],
        store: Option<&str>,
        verdicts: &[(&str, &str)],
    ) -> Value {
        let report = self.check(flags, store);
        for (host, expected) in verdicts {
            let check = check(&report, host);
            assert_eq!(&verdict_of(check), expected, "{flags:?}\n{check:#}\n{:?}", self.lab.log());
        }
        report
    }
}

/// The ids of all findings.
pub(super) fn findings(report: &Value) -> Vec<&str> {
    report["findings"].as_array().expect("findings").iter().filter_map(|f| f["id"].as_str()).collect()
}

fn host_of(name: &str) -> String {
    format!("{name}.lab.example")
}

fn address(index: usize) -> Ipv4Addr {
    Ipv4Addr::new(198, 51, 100, 100 + u8::try_from(index).expect("few hosts"))
}

/// What comes in for a host goes to the port at which the lab serves it.
fn translations(lab: &Lab, hosts: &[(&str, Serves)]) -> String {
    let mut rules = String::from(
        "table ip lab {\n chain incoming {\n  type nat hook prerouting priority -100; policy accept;\n",
    );
    for protocol in ["udp", "tcp"] {
        writeln!(rules, "  ip daddr {RESOLVER} {protocol} dport 53 dnat to {}", lab.resolver()).unwrap();
    }
    for diversion in lab.connect_to() {
        // HOST:PORT::PORT, the host empty for all others
        let parts: Vec<&str> = diversion.split(':').collect();
        let to = match hosts.iter().position(|(name, _)| host_of(name) == parts[0]) {
            Some(index) => address(index).to_string(),
            None => "198.51.100.100-198.51.100.199".to_owned(),
        };
        let (asked, real) = (parts[1], parts[3]);
        writeln!(rules, "  ip daddr {to} tcp dport {asked} dnat to 127.0.0.1:{real}").unwrap();
    }
    rules + " }\n}\n"
}
