//! The lab for tests: fails loudly, and has its CAs in files, since the program takes them so.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tempfile::TempDir;

#[allow(dead_code, reason = "some faults are for tests of one system or feature")]
mod servers;

pub(crate) use servers::*;

/// A lab with a directory. Dropping it stops the servers and deletes the directory.
pub(crate) struct Lab {
    inside: servers::Lab,
    files: TempDir,
    roots: PathBuf,
    corporate_ca: PathBuf,
}

impl Lab {
    /// Starts with a well-behaved resolver, no delay and the right time.
    pub(crate) fn start(hosts: Vec<Host>) -> Self {
        Self::start_with(hosts, LabOptions::default())
    }

    /// Starts with everything adjustable.
    pub(crate) fn start_with(hosts: Vec<Host>, options: LabOptions) -> Self {
        let inside = servers::Lab::start(hosts, options).unwrap_or_else(|e| panic!("{e}"));
        let files = tempfile::tempdir().expect("a directory");
        let write = |name: &str, der: &[u8]| {
            let path = files.path().join(name);
            std::fs::write(&path, pem(der)).expect("a file");
            path
        };
        let roots = write("roots.pem", inside.public_root());
        let corporate_ca = write("corporate-ca.pem", inside.corporate_root());
        Self { inside, files, roots, corporate_ca }
    }

    /// A PEM file with the root that stands for the public ones.
    pub(crate) fn roots(&self) -> &Path {
        &self.roots
    }

    /// A PEM file with the CA of the inspecting proxy ([`Tls::Intercepted`]).
    pub(crate) fn corporate_ca(&self) -> &Path {
        &self.corporate_ca
    }

    /// A directory for other files of the test.
    pub(crate) fn directory(&self) -> &Path {
        self.files.path()
    }

    /// For `--connect-to`, as `HOST:PORT::PORT`.
    pub(crate) fn connect_to(&self) -> Vec<String> {
        self.inside.diversions().iter().map(ToString::to_string).collect()
    }

    /// Starts a proxy; there may be several.
    pub(crate) fn proxy(&self, behaviour: Proxy) -> std::net::SocketAddr {
        self.inside.proxy(behaviour).unwrap_or_else(|e| panic!("{e}"))
    }

    /// The port on 127.0.0.1 at which this host is really served.
    pub(crate) fn port(&self, host: &str) -> u16 {
        self.inside.port(host).unwrap_or_else(|| panic!("the lab has no host {host}"))
    }

    /// Like [`Lab::port`], as an address.
    pub(crate) fn address(&self, host: &str) -> std::net::SocketAddr {
        std::net::SocketAddr::from(([127, 0, 0, 1], self.port(host)))
    }
}

impl std::ops::Deref for Lab {
    type Target = servers::Lab;

    fn deref(&self) -> &Self::Target {
        &self.inside
    }
}

/// RFC 7468: lines of 64 characters.
pub(crate) fn pem(der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}
