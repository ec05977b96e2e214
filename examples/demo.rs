//! The real `arcprobe check` against a network in a box with a few typical faults. Nothing leaves the loopback interface.
//!
//! `cargo run --release --example demo [-- MORE FLAGS]`

#[path = "../tests/it/lab.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod lab;

use std::process::ExitCode;

use lab::{Dns, Host, Lab, LabOptions, Serves, Tcp, Tls};

fn main() -> ExitCode {
    let lab = start();
    let dropped = lab.port("dropped.lab.example");
    let mut args: Vec<String> = vec![
        "arcprobe".into(),
        "check".into(),
        "--location=eastus".into(),
        format!("--resolver={}", lab.resolver()),
        format!("--public-roots={}", lab.roots().display()),
        // a firewall that lets out 443 and drops the other ports
        format!("--connect-to=eastus.obo.arc.azure.com:8084::{dropped}"),
        "--timeout=2s".into(),
    ];
    args.extend(lab.connect_to().iter().map(|diversion| format!("--connect-to={diversion}")));
    args.extend(std::env::args().skip(1));
    let environment = ["NO_COLOR", "COLUMNS", "TERM"]
        .iter()
        .filter_map(|&name| Some((name.to_owned(), std::env::var_os(name)?.into_string().ok()?)))
        .collect();
    arcprobe::commands::run(args.into_iter().map(Into::into).collect(), &environment).into()
}

/// Every name that is not listed is a healthy endpoint.
fn start() -> Lab {
    let mut hosts = lab::azure();
    hosts.retain(|host| host.name != "gbl.his.arc.azure.com");
    hosts.extend([
        // TLS inspection of one service
        Host::new("gbl.his.arc.azure.com", Tls::Intercepted),
        // a filter that reads server names: the registry is allowed, its data host is not
        Host::new("eastus.data.mcr.microsoft.com", Tls::ResetAfterHello),
        // a name that the corporate resolver does not forward
        Host::with_dns("eastus.login.microsoft.com", Dns::Nxdomain),
        Host::new("dropped.lab.example", Tcp::Blackhole),
    ]);
    Lab::start_with(hosts, LabOptions { default: Some(Serves::Good), ..LabOptions::default() })
}
