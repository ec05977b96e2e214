//! Prometheus' `blackbox_exporter` on the loopback interface, asked for many URLs at the same time.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::Measured;

/// Requests in flight: all URLs at once, which is its best.
const CLIENTS: usize = 500;

/// The running exporter; it ends when this is dropped.
pub(crate) struct Exporter {
    child: Child,
    address: SocketAddr,
    _directory: TempDir,
}

impl Exporter {
    /// With these roots as the only trust; `None` where it is not installed.
    pub(crate) fn start(roots: &Path) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let config = format!(
            "modules:\n  lab:\n    prober: http\n    timeout: 5s\n    http:\n      preferred_ip_protocol: ip4\n      \
             tls_config: {{ca_file: '{}'}}\n",
            roots.display()
        );
        let file = directory.path().join("blackbox.yml");
        std::fs::write(&file, config).unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = ["prometheus-blackbox-exporter", "blackbox_exporter"].iter().find_map(|name| {
            let mut command = Command::new(name);
            command.arg(format!("--config.file={}", file.display()));
            command.arg(format!("--web.listen-address={address}"));
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()
        })?;
        let exporter = Self { child, address, _directory: directory };
        let until = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < until, "blackbox_exporter does not listen at {address}");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(exporter)
    }

    /// Has every target probed, `runs` times: the median of the times, and the mean CPU time of the exporter.
    pub(crate) fn probe_all(&self, targets: &[(&str, SocketAddr)], runs: u32) -> Measured {
        let mut walls = Vec::new();
        let before = self.cpu();
        for _ in 0..runs {
            let started = Instant::now();
            let next = AtomicUsize::new(0);
            std::thread::scope(|scope| {
                for _ in 0..CLIENTS {
                    scope.spawn(|| {
                        while let Some((host, address)) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
                            self.probe(host, *address);
                        }
                    });
                }
            });
            walls.push(started.elapsed());
        }
        walls.sort_unstable();
        Measured { wall: walls[walls.len() / 2], cpu: self.cpu().saturating_sub(before) / runs }
    }

    /// One URL. The exporter is spared the DNS question, since it cannot be told whom to ask.
    fn probe(&self, host: &str, address: SocketAddr) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let request = format!(
            "GET /probe?module=lab&hostname={host}&target=https://{address}/ HTTP/1.1\r\nHost: exporter\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains("\nprobe_success 1\n"), "{host}: {answer}");
    }

    /// From proc(5): fields 14 and 15, in ticks of 10 ms. Zero elsewhere than on Linux.
    fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        let ticks: u64 =
            after_name.split_whitespace().skip(11).take(2).filter_map(|f| f.parse::<u64>().ok()).sum();
        Duration::from_millis(ticks * 10)
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        // it may have ended by itself
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
