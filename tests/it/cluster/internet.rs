//! A lab that pods, nodes and this machine reach at an address of their own: it stands for the internet.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::runtime::Runtime;

use super::bed::Namespace;
use crate::lab::{Dns, Host, Lab, LabOptions, Resolver, Serves, azure};
use crate::program::Program;

/// As tests/kube-lab/lib.sh has them.
const AT: Ipv4Addr = Ipv4Addr::new(172, 30, 240, 80);
const PODS_DNS: Ipv4Addr = Ipv4Addr::new(172, 30, 240, 53);
const NODES_DNS: Ipv4Addr = Ipv4Addr::new(172, 30, 240, 54);

/// What clusters call themselves.
const API_SERVER_NAME: &str = "kubernetes.default.svc.cluster.local";

/// Servers and the forwarders that lead to them.
pub(crate) struct Internet {
    lab: Lab,
    _pods_dns: Lab,
    _forwarders: Runtime,
}

impl Internet {
    /// Everything works.
    pub(crate) fn start_healthy() -> Self {
        Self::start(Vec::new(), Resolver::Good)
    }

    /// The pods' DNS knows names of the cluster and answers this for all others.
    pub(crate) fn with_dns_for_pods(dns: &Dns) -> Self {
        Self::start(NAMES.iter().map(|name| Host::with_dns(*name, dns.clone())).collect(), Resolver::Good)
    }

    /// No DNS server answers, so that a run takes its time.
    pub(crate) fn silent() -> Self {
        Self::start(Vec::new(), Resolver::Silent)
    }

    fn start(mut inside: Vec<Host>, resolver: Resolver) -> Self {
        let good = Some(Serves::Good);
        let options =
            || LabOptions { default: good.clone(), address: Some(AT), resolver, ..LabOptions::default() };
        let lab = Lab::start_with(azure(), options());
        inside
            .push(Host::with_dns(API_SERVER_NAME, Dns::Addresses(vec![Ipv4Addr::new(10, 96, 0, 1).into()])));
        let pods_dns = Lab::start_with(inside, options());
        let forwarders = Runtime::new().unwrap();
        forwarders.block_on(async {
            forward_dns(PODS_DNS, pods_dns.resolver()).await;
            forward_dns(NODES_DNS, lab.resolver()).await;
            for port in ports(&lab) {
                forward((AT, port).into(), (Ipv4Addr::LOCALHOST, port).into()).await;
            }
        });
        Self { lab, _pods_dns: pods_dns, _forwarders: forwarders }
    }

    /// The pods' DNS answers this for the identity service.
    pub(crate) fn without_identity_service(dns: &Dns) -> Self {
        let names = ["gbl.his.arc.azure.com", "eus.his.arc.azure.com", "*.his.arc.azure.com"];
        Self::start(names.map(|name| Host::with_dns(name, dns.clone())).into(), Resolver::Good)
    }

    /// `check` from these vantages, with all traffic in the lab.
    pub(crate) fn check(&self, namespace: &Namespace<'_>, from: &str) -> Program {
        self.command(namespace, "check").args(["-l", "eastus", "--from", from, "-o", "json"])
    }

    /// `diagnose`, with all traffic of its probes in the lab.
    pub(crate) fn diagnose(&self, namespace: &Namespace<'_>) -> Program {
        self.command(namespace, "diagnose").args(["-o", "json"])
    }

    /// The same, for people.
    pub(crate) fn diagnose_on_screen(&self, namespace: &Namespace<'_>) -> Program {
        self.command(namespace, "diagnose")
    }

    fn command(&self, namespace: &Namespace<'_>, command: &str) -> Program {
        let args = ["--resolver".to_owned(), self.lab.resolver().to_string()];
        let flags = self.lab_flags(&self.roots().display().to_string());
        namespace.program(command).args(args).args(flags)
    }

    /// Flags that lead into the lab, whoever looks; its names have to be asked for where the lab answers for them.
    pub(crate) fn lab_flags(&self, roots: &str) -> Vec<String> {
        let mut args = vec![format!("--public-roots={roots}"), "--timeout=2s".into()];
        args.extend(self.lab.connect_to().into_iter().map(|diversion| format!("--connect-to={diversion}")));
        args
    }

    /// A PEM file with the root that stands for the public ones.
    pub(crate) fn roots(&self) -> &std::path::Path {
        self.lab.roots()
    }

    pub(crate) fn directory(&self) -> &std::path::Path {
        self.lab.directory()
    }
}

/// What pods call in the region of the tests; a wildcard stands for one label.
const NAMES: &[&str] = &[
    "*.azure.com",
    "*.arc.azure.com",
    "*.his.arc.azure.com",
    "*.dp.kubernetesconfiguration.azure.com",
    "*.guestnotificationservice.azure.com",
    "*.servicebus.windows.net",
    "*.microsoftonline.com",
    "*.windows.net",
    "*.login.microsoft.com",
    "*.obo.arc.azure.com",
    "*.microsoft.com",
    "*.k8s.io",
];

/// The ports that the lab's diversions lead to.
fn ports(lab: &Lab) -> Vec<u16> {
    let port = |diversion: &String| diversion.rsplit(':').next()?.parse().ok();
    let mut ports: Vec<u16> = lab.connect_to().iter().filter_map(port).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

async fn forward(from: SocketAddr, to: SocketAddr) {
    let listener = TcpListener::bind(from).await.unwrap_or_else(|e| panic!("{from}: {e}"));
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                if let Ok(mut server) = TcpStream::connect(to).await {
                    let _ = client.set_nodelay(true);
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                }
            });
        }
    });
}

async fn forward_dns(at: Ipv4Addr, to: SocketAddr) {
    forward((at, 53).into(), to).await;
    let socket = std::sync::Arc::new(UdpSocket::bind((at, 53)).await.unwrap_or_else(|e| panic!("{at}: {e}")));
    tokio::spawn(async move {
        let mut datagram = [0; 4096];
        while let Ok((length, client)) = socket.recv_from(&mut datagram).await {
            let (socket, question) = (std::sync::Arc::clone(&socket), datagram[..length].to_vec());
            tokio::spawn(async move {
                let upstream = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
                upstream.send_to(&question, to).await.unwrap();
                let mut answer = [0; 4096];
                if let Ok(length) = upstream.recv(&mut answer).await {
                    let _ = socket.send_to(&answer[..length], client).await;
                }
            });
        }
    });
}
