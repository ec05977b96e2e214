//! `arcprobe demo`: `check` in a network with a few typical faults, all of it servers of this process on the loopback interface.

use super::{CommandError, Console, Environment, Result, check};
use crate::cli::args::{CheckArgs, DemoArgs};
use crate::cli::exit::Exit;
use crate::cluster::settings::CheckSettings;
use crate::loopback::{Fault, Faults, LoopbackError, Network};
use crate::probe::net::{Net, Roots, TrustAnchors};
use crate::probe::settings::ConnectTo;

/// Starts the network and checks it. No file is written for it, so that none is left however the run ends, and the environment is left
/// out: a proxy that it names would be asked for hosts that only the lab has.
pub(super) fn run(args: &DemoArgs, screen: &Console) -> Result<Exit> {
    let failed = |e: LoopbackError| CommandError::Failed(anyhow::Error::new(e).context("the demo"));
    let network = start().map_err(failed)?;
    let public = TrustAnchors::from_store(&network.public_store().map_err(failed)?);
    let roots = Roots { public: Some(public), ..Roots::default() };
    let net = |settings: &mut CheckSettings| {
        // what is pasted checks a real network, since the lab is gone by then
        let of_lab = ["--resolver", "--connect-to", "--timeout"];
        settings.flags.retain(|flag| !of_lab.contains(&flag.name.as_str()));
        let own = Net::with_roots(&settings.probe, &settings.routes, roots);
        Ok(Net { second_opinions: settings.probe.cross_checks, ..own })
    };
    check::run_in(&inside(&network, &args.check), &Environment::new(), screen, net)
}

fn start() -> Result<Network, LoopbackError> {
    Network::start(Faults::from([
        // TLS inspection of one service
        ("gbl.his.arc.azure.com", Fault::Inspected),
        // a filter that reads server names: the registry is allowed, its data host is not
        ("eastus.data.mcr.microsoft.com", Fault::ResetAfterHello),
        // a name that the corporate resolver does not forward
        ("eastus.login.microsoft.com", Fault::NoSuchName),
    ]))
}

/// The arguments as if all of the lab had been typed.
fn inside(network: &Network, given: &CheckArgs) -> CheckArgs {
    let mut args = given.clone();
    args.scope.location = Some("eastus".to_owned());
    args.probe.connection.resolver = vec![network.resolver()];
    // a firewall that lets out 443 and drops the other ports
    let filtered = divert(Some("eastus.obo.arc.azure.com"), 8084, network.dropping_port());
    let others = network.ports().iter().map(|&(port, to_port)| divert(None, port, to_port));
    args.probe.connection.connect_to = std::iter::once(filtered).chain(others).collect();
    args
}

fn divert(host: Option<&str>, port: u16, to_port: u16) -> ConnectTo {
    ConnectTo { host: host.map(str::to_owned), port: Some(port), to_host: None, to_port: Some(to_port) }
}
