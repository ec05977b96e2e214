//! Builds the agent that travels into clusters, and packs it with its loader into one file below `target/agent`, where the
//! program finds it: `cargo run --example pack_agent`. Runs on Linux; `-- TARGET` builds for another architecture.

#![expect(clippy::print_stdout, reason = "a tool that tells what it did")]

use std::error::Error;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use lzma_rust2::filter::bcj::BcjWriter;
use lzma_rust2::{LzmaOptions, LzmaWriter};
use sha2::{Digest as _, Sha256};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What makes a small static program: no loader of shared libraries, no tables for unwinding, functions of the same code
/// once. The cfg has random numbers come from the kernel and not from /dev, which a pod from an empty image has not.
const FLAGS: &str = "-C target-feature=+crt-static --cfg getrandom_backend=\"linux_getrandom\" \
                     -C relocation-model=static -C force-unwind-tables=no";

/// Where code aborts and nothing unwinds, these only cost room.
const DEAD_SECTIONS: [&str; 3] = [".eh_frame", ".eh_frame_hdr", ".gcc_except_table"];

fn main() -> Result<()> {
    let target =
        std::env::args().nth(1).unwrap_or_else(|| format!("{}-unknown-linux-gnu", std::env::consts::ARCH));
    let arch = match target.split('-').next() {
        Some("x86_64") => "amd64",
        Some("aarch64") => "arm64",
        _ => return Err(format!("{target}: agents are for x86_64 and aarch64").into()),
    };
    let directory = target_directory().join("agent");
    let built = build(&target, &directory.join("build"))?;
    let loader = stripped(&built.join("arcprobe-loader"))?;
    let agent = stripped(&built.join("arcprobe-agent"))?;
    let packed = packed(&agent, arch)?;
    let path = directory.join(format!("arcprobe-agent-linux-{arch}.payload"));
    fs::write(&path, payload(arch, &loader, &packed))?;
    println!("agent    {:>9} bytes, packed {}", agent.len(), packed.len());
    println!("loader   {:>9} bytes", loader.len());
    println!("written  {}", path.display());
    Ok(())
}

/// Beside this program: `target/debug/examples/pack_agent`.
fn target_directory() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    program.ancestors().nth(3).map_or_else(|| PathBuf::from("target"), Path::to_owned)
}

fn build(target: &str, directory: &Path) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("RUSTFLAGS", FLAGS)
        .env("ARCPROBE_LOADER_IS_REAL", "1");
    command.args(["build", "--locked", "--profile", "tiny", "--no-default-features", "--features", "agent"]);
    command.args(["--bin", "arcprobe-agent", "--bin", "arcprobe-loader", "--target", target, "--target-dir"]);
    let status = command.arg(directory).status()?;
    if !status.success() {
        return Err(format!(
            "the build for {target} fails; is the target installed (rustup target add {target})?"
        )
        .into());
    }
    Ok(directory.join(target).join("tiny"))
}

/// The program with zeros in the place of what is never read.
fn stripped(path: &Path) -> Result<Vec<u8>> {
    let mut program = fs::read(path)?;
    for (name, range) in sections(&program).ok_or("no ELF file")? {
        if DEAD_SECTIONS.contains(&name.as_str()) {
            program.get_mut(range).ok_or("a section that lies outside of its file")?.fill(0);
        }
    }
    Ok(program)
}

/// Names and places of the sections (System V ABI, "ELF-64 Object File Format").
fn sections(program: &[u8]) -> Option<Vec<(String, std::ops::Range<usize>)>> {
    let number = |at: usize, bytes: usize| {
        let field = program.get(at..at + bytes)?;
        Some(field.iter().rev().fold(0_usize, |value, &byte| value << 8 | usize::from(byte)))
    };
    let (table, count, names) = (number(0x28, 8)?, number(0x3c, 2)?, number(0x3e, 2)?);
    let names = number(table + names * 64 + 0x18, 8)?;
    (0..count)
        .map(|index| {
            let header = table + index * 64;
            let (name, start, size) =
                (number(header, 4)?, number(header + 0x18, 8)?, number(header + 0x20, 8)?);
            let name = program.get(names + name..)?.split(|&byte| byte == 0).next()?;
            Some((String::from_utf8_lossy(name).into_owned(), start..start + size))
        })
        .collect()
}

/// Branches by their targets (BCJ), then LZMA with its own header: what the loader undoes.
fn packed(agent: &[u8], arch: &str) -> Result<Vec<u8>> {
    let mut filtered = match arch {
        "amd64" => BcjWriter::new_x86(Vec::new(), 0),
        _ => BcjWriter::new_arm64(Vec::new(), 0),
    };
    filtered.write_all(agent)?;
    let filtered = filtered.finish()?;
    let mut options = LzmaOptions::with_preset(9);
    options.dict_size = u32::try_from(agent.len())?.next_power_of_two();
    let mut writer = LzmaWriter::new_use_header(Vec::new(), &options, Some(filtered.len() as u64))?;
    writer.write_all(&filtered)?;
    Ok(writer.finish()?)
}

/// One line that says what it is, one that says what is in it, then loader and packed agent.
fn payload(arch: &str, loader: &[u8], packed: &[u8]) -> Vec<u8> {
    let digest = Sha256::new().chain_update(loader).chain_update(packed).finalize();
    let digest = format!("{digest:x}");
    let version = env!("CARGO_PKG_VERSION");
    let head = serde_json::json!({
        "version": version, "arch": arch, "loader": loader.len(), "agent": packed.len(), "sha256": digest,
    });
    [format!("ARCPROBE-AGENT/1\n{head}\n").as_bytes(), loader, packed].concat()
}
