//! Puts packed agents into the program where a release build asks for them, and links the loader without a C library.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The folder with what `cargo run --example pack_agent` wrote.
const AGENT_DIR_VARIABLE: &str = "ARCPROBE_AGENT_DIR";

/// Set by `pack_agent` alone: elsewhere the loader is an empty program with an ordinary beginning. A build script is not
/// told whether code aborts, which makes the difference.
const LOADER_VARIABLE: &str = "ARCPROBE_LOADER_IS_REAL";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={AGENT_DIR_VARIABLE}");
    println!("cargo::rerun-if-env-changed={LOADER_VARIABLE}");
    if env::var_os(LOADER_VARIABLE).is_some() && env::var_os("CARGO_FEATURE_AGENT").is_some() {
        println!("cargo::rustc-link-arg-bin=arcprobe-loader=-nostartfiles");
    }
    let mut list = String::from("&[");
    if let Some(directory) = env::var_os(AGENT_DIR_VARIABLE).map(PathBuf::from) {
        for arch in ["amd64", "arm64"] {
            let path = directory.join(format!("arcprobe-agent-linux-{arch}.payload"));
            if path.is_file() {
                println!("cargo::rerun-if-changed={}", path.display());
                let path = path.canonicalize().unwrap_or_else(|_| path.clone());
                let literal = path.to_string_lossy().escape_default().to_string();
                // writing to a string cannot fail
                let _ = write!(list, "include_bytes!(\"{literal}\"), ");
            } else {
                // a file that is not there would make every build begin anew
                println!("cargo::rerun-if-changed={}", directory.display());
            }
            if arch == "amd64" && !path.is_file() {
                println!(
                    "cargo::error={AGENT_DIR_VARIABLE}: {} does not exist; cargo run --example pack_agent makes it",
                    path.display()
                );
            }
        }
    }
    list.push(']');
    let out = env::var_os("OUT_DIR").unwrap_or_default();
    if let Err(e) = fs::write(Path::new(&out).join("agents.rs"), list) {
        println!("cargo::error=OUT_DIR: {e}");
    }
}
