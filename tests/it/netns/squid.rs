//! Squid, as it is installed: Debian's `squid-openssl`, which can inspect TLS.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::daemon::{Daemon, open_to_all};
use super::network::{MIDDLE, Network, RESOLVER};
use crate::require::{require, require_that};

/// A squid in the middle of a network.
pub(super) struct Squid {
    daemon: Daemon,
    authority: PathBuf,
    configuration: PathBuf,
}

/// The URL of every proxy of these tests.
pub(super) const URL: &str = "http://10.9.1.1:3128";

/// With the credentials that [`AUTHENTICATED`] takes.
pub(super) const URL_WITH_LOGIN: &str = "http://user:secret@10.9.1.1:3128";

/// Everybody may go everywhere.
pub(super) const OPEN: &str = "http_access allow all";

/// Basic authentication against a password file; `DIR` is the directory of the proxy's files.
pub(super) const AUTHENTICATED: &str = "auth_param basic program /usr/lib/squid/basic_ncsa_auth DIR/passwords\n\
     auth_param basic realm lab\nacl known proxy_auth REQUIRED\nhttp_access allow known\nhttp_access deny all";

/// One name is not for this company's people.
pub(super) const DENY_LIST: &str =
    "acl denied dstdomain blocked.lab.example\nhttp_access deny denied\nhttp_access allow all";

/// As it is delivered, as far as CONNECT goes: the port of the agents' notifications, 8084, is refused.
pub(super) const ONLY_443: &str = "acl tls port 443\nhttp_access deny CONNECT !tls\nhttp_access allow all";

/// Its own name server does not exist.
pub(super) const DEAD_RESOLVER: &str = "dns_nameservers 10.9.1.1\ndns_timeout 1 second\ndns_retransmit_interval 500 milliseconds\nhttp_access allow all";

/// What it needs in addition to `ip` and `nft`.
pub(super) const TOOLS: &[&str] = &["squid", "openssl"];

/// Where Debian has the program that makes certificates, which only builds with OpenSSL bring.
const CERTGEN: &str = "/usr/lib/squid/security_file_certgen";

/// Whether this squid can inspect TLS; if not it has been said why.
pub(super) fn can_inspect() -> bool {
    require_that(Path::new(CERTGEN).is_file(), "this squid has no OpenSSL; squid-openssl does")
}

impl Squid {
    /// Plain, with these rules of access and whatever else.
    pub(super) fn start(network: &Network, rules: &str) -> Self {
        Self::with_port(network, "", rules)
    }

    /// Opens every TLS connection and shows certificates of its own [`Self::authority`].
    pub(super) fn inspecting(network: &Network, rules: &str) -> Self {
        let options = "ssl-bump cert=DIR/authority.pem generate-host-certificates=on";
        let rules = format!(
            "{rules}\nsslcrtd_program {CERTGEN} -s DIR/certificates -M 4MB\nsslcrtd_children 1\n\
             tls_outgoing_options cafile=DIR/roots.pem\nacl first at_step SslBump1\nssl_bump peek first\n\
             ssl_bump bump all"
        );
        Self::with_port(network, options, &rules)
    }

    /// PEM file of the authority that signs what an inspecting one shows.
    pub(super) fn authority(&self) -> &Path {
        &self.authority
    }

    fn with_port(network: &Network, options: &str, rules: &str) -> Self {
        let directory = network.lab.directory().join("squid");
        fs::create_dir(&directory).unwrap();
        open_to_all(network.lab.directory(), 0o755);
        open_to_all(&directory, 0o777);
        fs::copy(network.lab.roots(), directory.join("roots.pem")).unwrap();
        let authority = prepare(&directory);
        let configuration = directory.join("squid.conf");
        let text = configured(options, rules).replace("DIR", &directory.display().to_string());
        fs::write(&configuration, text).unwrap();
        Self { daemon: launch(network, &configuration), authority, configuration }
    }

    /// Leaves the TLS of these hosts alone from now on.
    pub(super) fn exempt(self, network: &Network, hosts: &[String]) -> Self {
        let Self { daemon, authority, configuration } = self;
        drop(daemon);
        let lines = format!(
            "acl exempt ssl::server_name {}\nssl_bump splice exempt\nssl_bump bump all",
            hosts.join(" ")
        );
        let text = fs::read_to_string(&configuration).unwrap().replace("ssl_bump bump all", &lines);
        fs::write(&configuration, text).unwrap();
        Self { daemon: launch(network, &configuration), authority, configuration }
    }
}

fn launch(network: &Network, configuration: &Path) -> Daemon {
    let directory = configuration.parent().unwrap();
    let mut command = Command::new(require("squid").unwrap());
    command.arg("-N").arg("-f").arg(configuration).current_dir(directory);
    Daemon::start(&network.middle, &mut command, (MIDDLE, 3128).into(), &directory.join("output.log"))
}

fn configured(options: &str, rules: &str) -> String {
    let mut text = format!("http_port {MIDDLE}:3128 {options}\n");
    for line in [
        "pid_filename none",
        "cache_effective_user proxy",
        "cache_log DIR/cache.log",
        "access_log stdio:DIR/access.log",
        "cache deny all",
        "netdb_filename none",
        "pinger_enable off",
        "max_filedescriptors 1024",
        "visible_hostname squid.lab.example",
        "connect_timeout 2 seconds",
    ] {
        writeln!(text, "{line}").unwrap();
    }
    if !rules.contains("dns_nameservers") {
        writeln!(text, "dns_nameservers {RESOLVER}").unwrap();
    }
    text + rules + "\n"
}

/// The password file, the authority and the store of certificates that squid makes; returns the authority.
fn prepare(directory: &Path) -> PathBuf {
    let passwords = output(Command::new("openssl").args(["passwd", "-apr1", "secret"]));
    fs::write(directory.join("passwords"), format!("user:{passwords}")).unwrap();
    let authority = directory.join("authority.pem");
    let mut make = Command::new("openssl");
    make.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "9",
    ]);
    make.args(["-subj", "/O=Contoso/CN=Contoso Squid Inspection CA"]);
    make.args(["-addext", "keyUsage=critical,keyCertSign,cRLSign"]);
    output(make.arg("-keyout").arg(&authority).arg("-out").arg(directory.join("certificate.pem")));
    let certificate = fs::read_to_string(directory.join("certificate.pem")).unwrap();
    let key = fs::read_to_string(&authority).unwrap();
    fs::write(&authority, certificate + &key).unwrap();
    open_to_all(&authority, 0o644); // a key of a test
    if !Path::new(CERTGEN).is_file() {
        return directory.join("certificate.pem");
    }
    let store = directory.join("certificates");
    output(Command::new(CERTGEN).args(["-c", "-s"]).arg(&store).args(["-M", "4MB"]));
    output(Command::new("chown").args(["-R", "proxy"]).arg(&store));
    directory.join("certificate.pem")
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
