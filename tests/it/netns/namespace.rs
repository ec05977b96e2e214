//! One network namespace.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::fd::AsFd as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// Exists as long as the value does, with all links that end in it.
pub(super) struct Namespace {
    name: String,
}

impl Namespace {
    /// Empty but for the loopback device. `role` is only for people who look at a running test.
    pub(super) fn new(role: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("arcprobe-{}-{count}-{role}", std::process::id());
        must(Command::new(tool("ip")).args(["netns", "add", &name]), "");
        let namespace = Self { name };
        namespace.ip("link set lo up");
        namespace
    }

    /// Lays a cable between two namespaces: the name of the device and its address with the prefix length, for each end.
    ///
    /// Nothing is handed to the devices that they would have to cut up: what goes over the cable is single packets, as
    /// on a real one. Otherwise virtual devices pass on what is far larger than they allow.
    pub(super) fn connect(&self, (device, address): (&str, &str), other: &Self, end: (&str, &str)) {
        let (other_device, other_address) = end;
        self.ip(&format!("link add {device} type veth peer name {other_device} netns {}", other.name));
        for (namespace, device, address) in [(self, device, address), (other, other_device, other_address)] {
            namespace.ip(&format!("link set {device} gso_max_segs 1"));
            namespace.ip(&format!("address add {address} dev {device}"));
            namespace.ip(&format!("link set {device} up"));
        }
    }

    /// `ip`, with arguments that hold no spaces.
    pub(super) fn ip(&self, arguments: &str) {
        must(Command::new(tool("ip")).args(["-n", &self.name]).args(arguments.split(' ')), "");
    }

    /// Adds rules of the packet filter, in its own language.
    pub(super) fn nft(&self, rules: &str) {
        let mut command = Command::new(tool("nft"));
        self.inside(|| must(command.args(["-f", "-"]), rules));
    }

    /// A setting of the kernel, below `net/ipv4`.
    pub(super) fn set(&self, setting: &str, value: &str) {
        let path = format!("/proc/sys/net/ipv4/{setting}");
        self.inside(|| fs::write(&path, value)).unwrap_or_else(|e| panic!("{path}: {e}"));
    }

    /// Does something on a thread inside. Sockets, threads and processes that it makes stay there.
    pub(super) fn inside<T: Send>(&self, act: impl FnOnce() -> T + Send) -> T {
        let done = thread::scope(|scope| {
            let inside = scope.spawn(|| {
                self.enter();
                act()
            });
            inside.join()
        });
        done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Moves this thread.
    fn enter(&self) {
        let namespace = File::open(format!("/run/netns/{}", self.name)).unwrap();
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = Command::new(tool("ip")).args(["netns", "delete", &self.name]).status();
    }
}

/// Why there can be no namespaces here, though the user is root: a container may forbid it.
pub(super) fn obstacle() -> Option<String> {
    let name = format!("arcprobe-{}-trial-{:?}", std::process::id(), thread::current().id());
    let name = name.replace(['(', ')'], "");
    let made = Command::new(tool("ip")).args(["netns", "add", &name]).output().unwrap();
    if !made.status.success() {
        return Some(format!("ip netns add: {}", String::from_utf8_lossy(&made.stderr).trim()));
    }
    let _ = Command::new(tool("ip")).args(["netns", "delete", &name]).status();
    None
}

fn tool(name: &str) -> std::path::PathBuf {
    crate::require::find(name).unwrap_or_else(|| panic!("{name} is not installed"))
}

/// Runs a command that has to succeed.
fn must(command: &mut Command, input: &str) {
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} {input}: {error}");
}
