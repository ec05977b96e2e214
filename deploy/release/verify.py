"""Holds the files of a release against each other, as those read them who install from them:

    python3 deploy/release/verify.py FOLDER

Runs with the Python that .ci/tools prepares, which has readers of YAML, of JSON Schema and of CycloneDX.
"""

import fnmatch
import hashlib
import json
import pathlib
import re
import sys
import tarfile
import zipfile

import jsonschema
import names
import render
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from ruamel.yaml import YAML

# beside the program
ALWAYS = ("LICENSE", "README.md", "CHANGELOG.md", "THIRD-PARTY-LICENSES.txt", "kubectl_complete-arcprobe",
          "completions/arcprobe.bash", "completions/_arcprobe", "completions/arcprobe.fish", "man/man1/arcprobe-check.1")


def expect(holds, complaint):
    if not holds:
        raise SystemExit(f"verify: {complaint}")


def sums(folder):
    """The digests, once every file has the one that is written."""
    lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    written = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    there = {path.name for path in folder.iterdir()} - set(render.NOT_SUMMED)
    expect(set(written) == there, f"SHA256SUMS and the folder differ in {sorted(set(written) ^ there)}")
    for name, digest in written.items():
        found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        expect(found == digest, f"{name}: its digest is {found}, SHA256SUMS says {digest}")
    return written


def entries(path):
    """Names and modes; whatever is no file or folder is refused by krew."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            inside = {entry.filename.rstrip("/"): entry.external_attr >> 16 & 0o7777 for entry in archive.infolist()}
            parents = {str(pathlib.PurePosixPath(name).parent) for name in inside} - {"."}
            expect(parents <= set(inside), f"{path.name}: krew makes no folders: {sorted(parents - set(inside))}")
            return inside
    with tarfile.open(path) as archive:
        members = archive.getmembers()
        expect(all(entry.isreg() or entry.isdir() for entry in members), f"{path.name}: holds links")
        return {entry.name: entry.mode for entry in members}


def archives(folder):
    for target in names.TARGETS:
        path, inside = folder / names.archive(target), names.folder(target)
        modes = entries(path)
        expect(all(name == inside or name.startswith(f"{inside}/") for name in modes), f"{path.name}: not one folder")
        for name in (names.program(target), *ALWAYS):
            expect(f"{inside}/{name}" in modes, f"{path.name}: {name} is missing")
        expect(modes[f"{inside}/{names.program(target)}"] == 0o755, f"{path.name}: the program cannot be executed")


def local(folder, url):
    """The file that a URL of the release leads to."""
    name = url.rsplit("/", 1)[1]
    expect(url == names.url(name) and (folder / name).is_file(), f"{url}: no file of this release")
    return folder / name


def krew(folder, digests):
    manifest = YAML(typ="safe").load(folder / "krew.yaml")
    schema = json.loads((names.ROOT / "fixtures/schemas/krew-plugin.json").read_text(encoding="utf-8"))
    jsonschema.validate(manifest, schema)
    expect(manifest["spec"]["version"] == f"v{names.VERSION}", "krew.yaml: another version")
    for platform in manifest["spec"]["platforms"]:
        path = local(folder, platform["uri"])
        expect(platform["sha256"] == digests[path.name], f"krew.yaml: the digest of {path.name}")
        words = platform["selector"]["matchLabels"]
        expect(names.TARGETS[target_of(path.name)] == words, f"krew.yaml: {path.name} for {dict(words)}")
        inside = entries(path)
        moved = [file["from"] for file in platform["files"]]
        expect(set(moved) <= set(inside), f"krew.yaml: {path.name} has not all of {moved}")
        # each of them lands in the folder of the plugin
        expect(platform["bin"] in {name.rsplit("/", 1)[1] for name in moved}, f"krew.yaml: {platform['bin']} is not moved")
    expect(len(manifest["spec"]["platforms"]) == len(names.TARGETS), "krew.yaml: platforms are missing")


def target_of(name):
    return next(target for target in names.TARGETS if names.archive(target) == name)


def formula(folder, digests):
    text = (folder / "arcprobe.rb").read_text(encoding="utf-8")
    pairs = re.findall(r'^ +url "([^"]+)"\n +sha256 "([^"]+)"$', text, re.MULTILINE)
    for url, digest in pairs:
        expect(digests[local(folder, url).name] == digest, f"arcprobe.rb: the digest of {url}")
    posix = {names.url(names.archive(target)) for target in names.TARGETS if not names.is_windows(target)}
    expect({url for url, _ in pairs} == posix, "arcprobe.rb: an archive is missing or does not belong there")
    # brew unpacks the one folder, goes into it, and moves what these lines name first
    moved = [name for line in re.findall(r"\.install (.*)", text) for name in re.findall(r'"([^"]+)"', line.split(" => ")[0])]
    for target in names.TARGETS:
        if not names.is_windows(target):
            inside = entries(folder / names.archive(target))
            for name in moved:
                there = fnmatch.filter(inside, f"{names.folder(target)}/{name}")
                expect(there, f"arcprobe.rb: {name} is not in the archive for {target}")


def binstall(folder):
    """The patterns of Cargo.toml give the archive of each target, and the program inside."""
    settings = names.PACKAGE["metadata"]["binstall"]
    for target in names.TARGETS:
        its = settings | settings.get("overrides", {}).get(target, {})
        path, inside = local(folder, pattern(its["pkg-url"], target)), pattern(its["bin-dir"], target)
        expect(inside in entries(path), f"Cargo.toml, binstall: {inside} is not in {path.name}")
        expect(path.name.endswith({"tgz": ".tar.gz", "zip": ".zip"}[its["pkg-fmt"]]), f"Cargo.toml, binstall: pkg-fmt of {target}")
    # static programs need no C library: what musl machines are given is the same archive
    for target, its in settings["overrides"].items():
        its = settings | its
        path = local(folder, pattern(its["pkg-url"], target))
        expect(pattern(its["bin-dir"], target) in entries(path), f"Cargo.toml, binstall: the program for {target}")


def pattern(text, target):
    ending = ".exe" if target.endswith("-msvc") else ""
    values = {"repo": names.PACKAGE["repository"], "version": names.VERSION, "target": target, "bin": "arcprobe", "binary-ext": ending}
    return re.sub(r"\{ ([a-z-]+) \}", lambda match: values[match[1]], text)


def sboms(folder):
    for target in names.TARGETS:
        text = (folder / names.sbom(target)).read_text(encoding="utf-8")
        error = JsonStrictValidator(SchemaVersion.V1_5).validate_str(text)
        expect(error is None, f"{names.sbom(target)}: {error}")
        document = json.loads(text)
        listed = {component["bom-ref"] for component in document["components"] if "bom-ref" in component}
        expect(len(listed) > 100, f"{names.sbom(target)}: only {len(listed)} crates")
        needed = {name for entry in document["dependencies"] for name in entry["dependsOn"]}
        expect(needed <= listed, f"{names.sbom(target)}: not listed: {sorted(needed - listed)}")


def main(folder):
    folder = pathlib.Path(folder)
    digests = sums(folder)
    archives(folder)
    krew(folder, digests)
    formula(folder, digests)
    binstall(folder)
    sboms(folder)
    print(f"{len(digests)} files: sums, archives, krew, Homebrew, binstall and lists of crates agree")


if __name__ == "__main__":
    main(*sys.argv[1:])
