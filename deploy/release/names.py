"""What a release is made of, and how its files are called. The other scripts of this folder, and only they, import it."""

import json
import os
import pathlib
import re
import subprocess
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]

PACKAGE = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["package"]

VERSION = PACKAGE["version"]

# os and arch are the words of krew, Kubernetes and images
TARGETS = {
    "x86_64-unknown-linux-gnu": {"os": "linux", "arch": "amd64"},
    "aarch64-unknown-linux-gnu": {"os": "linux", "arch": "arm64"},
    "x86_64-apple-darwin": {"os": "darwin", "arch": "amd64"},
    "aarch64-apple-darwin": {"os": "darwin", "arch": "arm64"},
    "x86_64-pc-windows-msvc": {"os": "windows", "arch": "amd64"},
}


def is_windows(target):
    return TARGETS[target]["os"] == "windows"


def program(target):
    return "arcprobe.exe" if is_windows(target) else "arcprobe"


def folder(target):
    """The one folder in an archive."""
    return f"arcprobe-{VERSION}-{target}"


def archive(target):
    # Windows opens .zip by itself, and krew takes no other
    return folder(target) + (".zip" if is_windows(target) else ".tar.gz")


def sbom(target):
    return folder(target) + ".cdx.json"


def url(name):
    return f"{PACKAGE['repository']}/releases/download/v{VERSION}/{name}"


def time_of_release():
    """Seconds: SOURCE_DATE_EPOCH, else the time of the commit. The same commit gives the same files, whenever it is built."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    return int(run("git", "log", "-1", "--format=%ct").strip())


def run(*command):
    """Standard output of a command that is run in the repository."""
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout


def graph(target):
    """The crates inside the program and its agents for a target, as `cargo metadata` has them, by id, and who needs whom.
    arcprobe itself is the first."""
    metadata = json.loads(
        run("cargo", "metadata", "--format-version=1", "--locked", "--features=agent", f"--filter-platform={target}")
    )
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    # what only builds or tests is not in the program
    needs = lambda id: [d["pkg"] for d in nodes[id]["deps"] if any(kind["kind"] is None for kind in d["dep_kinds"])]
    edges, ahead = {}, [metadata["resolve"]["root"]]
    while ahead:
        id = ahead.pop()
        if id not in edges:
            edges[id] = needs(id)
            ahead += edges[id]
    return {id: packages[id] for id in edges}, edges


def crates(target):
    """The crates inside, without arcprobe itself."""
    others = list(graph(target)[0].values())[1:]
    return sorted(others, key=lambda crate: (crate["name"], crate["version"]))


def agents(program_bytes):
    """The architectures of the agents that a program carries, and their versions."""
    heads = re.findall(rb"ARCPROBE-AGENT/1\n(\{[^\n]{1,1000}\})\n", program_bytes)
    return {head["arch"]: head["version"] for head in map(json.loads, heads)}
