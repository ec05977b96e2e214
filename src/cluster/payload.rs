//! The packed agent: where it is found, and how it is cut into pieces that fit into ConfigMaps.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::model::words::words;

/// An architecture that there are agents for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Arch {
    /// x86-64.
    Amd64,
    /// 64-bit Arm.
    Arm64,
}

words!(Arch::as_str { Amd64 = "amd64", Arm64 = "arm64" });

impl Arch {
    /// As a node names it.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|arch| arch.as_str() == text)
    }
}

/// A packed agent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Payload {
    /// Lower-case hexadecimal digest of loader and agent.
    pub sha256: String,
    /// A static program that puts the pieces together.
    pub loader: Vec<u8>,
    /// Each fits into a ConfigMap of its own, the first one together with the loader.
    pub chunks: Vec<Vec<u8>>,
}

/// Why there is no agent.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    /// None is built in, and none lies beside the program.
    #[error(
        "this build of arcprobe carries no agent for linux/{arch}, as that of a release does; in a clone of the \
         repository, build one with cargo run --example pack_agent, or give --agent-binary FILE or --image IMAGE"
    )]
    Missing {
        /// The architecture of the nodes.
        arch: Arch,
    },
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is no packed agent, or not the right one.
    #[error("{origin}: {problem}; cargo run --example pack_agent makes a fitting one")]
    Invalid {
        /// The file, or that it is built in.
        origin: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// The agents of a release build.
const EMBEDDED_AGENTS: &[&[u8]] = include!(concat!(env!("OUT_DIR"), "/agents.rs"));

/// The agent for an architecture: the given file, else a built-in one, else one that lies beside the program or in the
/// `target` folder that it was built in.
///
/// # Errors
/// When there is none, or the file is no agent of this version for this architecture.
pub fn find_payload(arch: Arch, given: Option<&Path>) -> Result<Payload, PayloadError> {
    if let Some(path) = given {
        return parse_payload(&read_file(path)?, arch, &format!("--agent-binary {}", path.display()));
    }
    if let Some(bytes) = EMBEDDED_AGENTS
        .iter()
        .find(|bytes| PayloadHeader::parse_header(bytes).is_ok_and(|(head, _)| head.arch == arch.as_str()))
    {
        return parse_payload(bytes, arch, "the agent that is built in");
    }
    let path = candidate_paths(arch)
        .into_iter()
        .find(|path| path.is_file())
        .ok_or(PayloadError::Missing { arch })?;
    parse_payload(&read_file(&path)?, arch, &path.display().to_string())
}

/// `arcprobe` may lie in `target/release` or `target/debug`, a test program in `deps` below.
fn candidate_paths(arch: Arch) -> Vec<PathBuf> {
    let name = format!("arcprobe-agent-linux-{arch}.payload");
    let program = std::env::current_exe().unwrap_or_default();
    let directories = program.ancestors().skip(1).take(3);
    directories.flat_map(|dir| [dir.join(&name), dir.join("agent").join(&name)]).collect()
}

fn read_file(path: &Path) -> Result<Vec<u8>, PayloadError> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_PAYLOAD_BYTES + 1).read_to_end(&mut bytes));
    read.map_err(|source| PayloadError::Unreadable { path: path.to_owned(), source })?;
    Ok(bytes)
}

/// What a payload says of itself.
#[derive(Deserialize)]
struct PayloadHeader {
    version: String,
    arch: String,
    loader: usize,
    agent: usize,
    sha256: String,
}

impl PayloadHeader {
    fn parse_header(bytes: &[u8]) -> Result<(Self, &[u8]), String> {
        let rest = bytes.strip_prefix(MAGIC).ok_or("no packed agent")?;
        let end = rest.iter().take(MAX_HEADER_BYTES).position(|&byte| byte == b'\n').ok_or("it is cut")?;
        let head =
            serde_json::from_slice(&rest[..end]).map_err(|e| format!("its head cannot be read ({e})"))?;
        Ok((head, &rest[end + 1..]))
    }
}

fn parse_payload(bytes: &[u8], arch: Arch, origin: &str) -> Result<Payload, PayloadError> {
    let invalid = |problem: String| PayloadError::Invalid { origin: origin.to_owned(), problem };
    let (head, body) = PayloadHeader::parse_header(bytes).map_err(invalid)?;
    if head.arch != arch.as_str() {
        return Err(invalid(format!("it is for {}, the node is {arch}", head.arch)));
    }
    if head.version != env!("CARGO_PKG_VERSION") {
        return Err(invalid(format!(
            "it is of version {}, this is {}",
            head.version,
            env!("CARGO_PKG_VERSION")
        )));
    }
    let digest = format!("{:x}", Sha256::digest(body));
    if head.loader.checked_add(head.agent) != Some(body.len()) || digest != head.sha256 {
        return Err(invalid("it is cut or damaged".into()));
    }
    let (loader, agent) = body.split_at(head.loader);
    let first = CONFIG_MAP_CAPACITY
        .checked_sub(loader.len())
        .ok_or_else(|| invalid("its loader is larger than a ConfigMap".into()))?;
    let (first, rest) = agent.split_at(first.min(agent.len()));
    let chunks = std::iter::once(first).chain(rest.chunks(CONFIG_MAP_CAPACITY)).map(<[u8]>::to_vec).collect();
    Ok(Payload { sha256: head.sha256, loader: loader.to_vec(), chunks })
}

const MAGIC: &[u8] = b"ARCPROBE-AGENT/1\n";

const MAX_HEADER_BYTES: usize = 1024;

/// In bytes.
const MAX_PAYLOAD_BYTES: u64 = 64 << 20;

/// In bytes. A ConfigMap may have 1,048,576 of data (`core/validation`, `MaxSecretSize`), its keys included.
const CONFIG_MAP_CAPACITY: usize = 1_048_576 - 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(arch: &str, version: &str, loader: usize, agent: usize) -> Vec<u8> {
        let body: Vec<u8> = (0..loader + agent).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let sha256 = format!("{:x}", Sha256::digest(&body));
        let head = serde_json::json!({"version": version, "arch": arch, "loader": loader, "agent": agent, "sha256": sha256});
        [MAGIC, format!("{head}\n").as_bytes(), &body].concat()
    }

    #[test]
    fn chunks_fit_into_config_maps_and_restore_the_agent() {
        let version = env!("CARGO_PKG_VERSION");
        for (loader, agent, pieces) in [
            (10, 100, 1),
            (20_000, CONFIG_MAP_CAPACITY - 20_000, 1),
            (20_000, CONFIG_MAP_CAPACITY, 2),
            (400_000, 2 * CONFIG_MAP_CAPACITY, 3),
        ] {
            let payload = parse_payload(&pack("amd64", version, loader, agent), Arch::Amd64, "f").unwrap();
            assert_eq!(payload.chunks.len(), pieces);
            assert!(payload.loader.len() + payload.chunks[0].len() <= CONFIG_MAP_CAPACITY);
            assert!(payload.chunks.iter().all(|c| c.len() <= CONFIG_MAP_CAPACITY));
            assert_eq!(payload.chunks.concat().len(), agent);
        }
    }

    #[test]
    fn an_invalid_payload_is_an_error() {
        let version = env!("CARGO_PKG_VERSION");
        let good = pack("amd64", version, 10, 100);
        let table = [
            (b"\x7fELF".to_vec(), "no packed agent"),
            (good[..good.len() - 1].to_vec(), "cut or damaged"),
            (MAGIC.to_vec(), "it is cut"),
            (pack("arm64", version, 10, 100), "it is for arm64, the node is amd64"),
            (pack("amd64", "0.0.0", 10, 100), "it is of version 0.0.0"),
        ];
        for (bytes, problem) in table {
            let error = parse_payload(&bytes, Arch::Amd64, "--agent-binary x").unwrap_err().to_string();
            assert!(error.starts_with("--agent-binary x: ") && error.contains(problem), "{error}");
        }
    }
}
