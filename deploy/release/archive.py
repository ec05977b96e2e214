"""Packs the program of a target with all that goes along, and writes what is inside it beside the archive:

    python3 deploy/release/archive.py PROGRAM TARGET FOLDER

Completions and manual pages come from the program itself, or, where this machine cannot run it, from --asked. The same
commit and program give the same archive.
"""

import argparse
import gzip
import io
import pathlib
import subprocess
import tarfile
import tempfile
import time
import zipfile

import names
import notices
import sbom

COMPLETIONS = {
    "bash": "completions/arcprobe.bash",
    "zsh": "completions/_arcprobe",
    "fish": "completions/arcprobe.fish",
    "powershell": "completions/_arcprobe.ps1",
    "elvish": "completions/arcprobe.elv",
}

# kubectl looks for a program of this name on the path
ASKED_BY_KUBECTL = "kubectl_complete-arcprobe"


def contents(program, target, asked, agents):
    """The files by their names in the archive: their bytes, and whether they are programs."""
    ask = lambda *args: subprocess.run([asked, *args], check=True, stdout=subprocess.PIPE).stdout
    if (told := ask("--version").decode().strip()) != f"arcprobe {names.VERSION}":
        raise SystemExit(f"{asked}: says that it is {told}; Cargo.toml has {names.VERSION}")
    data = pathlib.Path(program).read_bytes()
    if (carried := names.agents(data)) != dict.fromkeys(agents, names.VERSION):
        raise SystemExit(
            f"{program}: carries agents for {carried or 'no architecture'}; {' and '.join(agents)} of version "
            f"{names.VERSION} is needed. Build it with deploy/release/build, with all of them in ARCPROBE_AGENT_DIR"
        )
    yield names.program(target), data, True
    for shell, name in COMPLETIONS.items():
        yield name, ask("completions", shell), False
    yield ASKED_BY_KUBECTL, ask("completions", "kubectl"), True
    with tempfile.TemporaryDirectory() as folder:
        ask("man", "--dir", folder)
        for page in pathlib.Path(folder).iterdir():
            yield f"man/man1/{page.name}", page.read_bytes(), False
    for name in ("LICENSE", "README.md", "CHANGELOG.md"):
        yield name, (names.ROOT / name).read_bytes(), False
    yield "THIRD-PARTY-LICENSES.txt", notices.text(target).encode(), False


def write_tar(path, files):
    # no time of packing in the head of gzip either
    packed = gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=open(path, "wb"), mtime=0)
    with packed.fileobj, packed, tarfile.open(fileobj=packed, mode="w") as tar:
        for name, data, is_program in files:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(data), names.time_of_release()
            entry.mode = 0o755 if is_program else 0o644
            tar.addfile(entry, io.BytesIO(data))


def write_zip(path, files):
    moment = time.gmtime(names.time_of_release())[:6]
    with zipfile.ZipFile(path, "w") as archive:
        # krew makes no folder that is not an entry of its own
        folders = {f"{parent}/" for name, _, _ in files for parent in pathlib.PurePosixPath(name).parents} - {"./"}
        for name, data, is_program in sorted([*files, *((folder, b"", False) for folder in folders)]):
            entry = zipfile.ZipInfo(name, moment)
            mode = 0o040755 if name in folders else 0o100755 if is_program else 0o100644
            entry.external_attr = mode << 16 | (0x10 if name in folders else 0)
            entry.create_system = 3  # the mode counts, wherever it is packed
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED, 9)


def main(args):
    args.folder.mkdir(parents=True, exist_ok=True)
    inside = names.folder(args.target)
    all = contents(args.program, args.target, args.asked or args.program, args.agents.split(","))
    files = sorted((f"{inside}/{name}", data, is_program) for name, data, is_program in all)
    path = args.folder / names.archive(args.target)
    (write_zip if names.is_windows(args.target) else write_tar)(path, files)
    (args.folder / names.sbom(args.target)).write_bytes(sbom.text(args.target).encode())
    print(f"{path}: {len(files)} files, {path.stat().st_size} bytes")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("program")
    parser.add_argument("target", choices=names.TARGETS)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--asked", help="the same program for this machine")
    parser.add_argument("--agents", default="amd64,arm64", help="what it has to carry (a release: amd64,arm64)")
    return parser.parse_args()


if __name__ == "__main__":
    main(arguments())
