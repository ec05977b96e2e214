"""Prints the licences of everything that is inside the program of a target:

    python3 deploy/release/notices.py TARGET
"""

import collections
import os
import pathlib
import sys

import names

# files with a licence or a notice, as crates call them
CALLED = ("licence", "license", "copying", "copyright", "notice", "unlicense")

# of the machine where the agents were built: beside them, where that was another one
GLIBC = (
    pathlib.Path(os.environ.get("ARCPROBE_AGENT_DIR", "target/agent")) / "glibc-copyright",
    pathlib.Path("/usr/share/doc/libc6-dev/copyright"),
)

INTRODUCTION = """\
arcprobe is under the MIT licence, see LICENSE. The program holds code of others, whose licences follow: each text once,
below the names of what it is for.
"""

NO_TEXT = """\
These come without a text of their licence. Of those that they offer, the texts above hold for them, with the names of
their authors:
"""

SYSTEM_LIBRARY = """\
The programs for Linux, and the agents for Linux that every program carries, are linked statically with the GNU C Library.
It is free software under the GNU Lesser General Public License 2.1 or newer. To link them with another one, build them from
their sources (examples/pack_agent.rs, deploy/release/build).
"""


def texts(crate):
    """What the crate's own folder says of its licence."""
    folder = pathlib.Path(crate["manifest_path"]).parent
    files = [*folder.iterdir(), *folder.glob("LICENSES/*"), *folder.glob("licenses/*")]
    # a file below such a folder is a licence by its place
    is_one = lambda file: file.name.lower().startswith(CALLED) or file.parent.name.lower() == "licenses"
    found = [file for file in sorted(files) if file.is_file() and is_one(file) and file.suffix not in (".rs", ".toml", ".html")]
    return [file.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n").strip() for file in found]


def standard_library():
    """What the toolchain says of the standard library: its own licences, offered to choose from."""
    folder = pathlib.Path(names.run("rustc", "--print", "sysroot").strip()) / "share/doc/rust/licenses"
    wanted = ("MIT.txt", "Apache-2.0.txt", "LLVM-exception.txt", "Unicode-3.0.txt")
    missing = [name for name in wanted if not (folder / name).is_file()]
    if missing:
        raise SystemExit(f"{folder}: {', '.join(missing)} is missing; install Rust with rustup, which puts it there")
    return [(folder / name).read_text(encoding="utf-8").strip() for name in wanted]


def text(target):
    users, without = collections.defaultdict(set), []
    for crate in names.crates(target):
        title = f"{crate['name']} {crate['version']} ({crate['license']})"
        found = texts(crate)
        for licence in found:
            users[licence].add(title)
        if not found:
            without.append(f"{title}, {', '.join(crate['authors']) or crate['repository']}")
    for licence in standard_library():
        users[licence].add("the standard library of Rust (MIT OR Apache-2.0, and parts of others)")
    parts = [(sorted(titles), licence) for licence, titles in users.items()]
    sections = [INTRODUCTION]
    sections += ["\n".join(titles) + f"\n\n{licence}\n" for titles, licence in sorted(parts)]
    if without:
        sections.append(NO_TEXT + "\n" + "".join(f"{line}\n" for line in without))
    sections.append(SYSTEM_LIBRARY + "\n" + glibc())
    return f"\n{'=' * 80}\n".join(sections)


def glibc():
    found = [path for path in GLIBC if path.is_file()]
    if not found:
        raise SystemExit(
            f"neither {GLIBC[0]} nor {GLIBC[1]} exists; the second one comes with libc6-dev of Debian and Ubuntu, where agents "
            "are built: put a copy beside them"
        )
    return found[0].read_text(encoding="utf-8")


if __name__ == "__main__":
    # UTF-8 on every system
    sys.stdout.buffer.write(text(sys.argv[1]).encode())
