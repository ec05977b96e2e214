"""Writes SHA256SUMS, the manifest of krew and the formula of Homebrew beside the archives of a release:

    python3 deploy/release/render.py FOLDER
"""

import hashlib
import pathlib
import re
import sys

import names

TEMPLATES = names.ROOT / "deploy/release"


def main(folder):
    folder = pathlib.Path(folder)
    missing = [names.archive(target) for target in names.TARGETS if not (folder / names.archive(target)).is_file()]
    if missing:
        raise SystemExit(f"{folder}: {', '.join(missing)} is missing; deploy/release/archive.py makes it")
    values = {"VERSION": names.VERSION, "REPOSITORY": names.PACKAGE["repository"]}
    platforms = []
    for target, words in names.TARGETS.items():
        its = {
            "OS": words["os"],
            "ARCH": words["arch"],
            "URL": names.url(names.archive(target)),
            "SHA256": digest(folder / names.archive(target)),
            "PROGRAM": names.program(target),
            "FOLDER": names.folder(target),
        }
        values |= {f"{name}:{target}": value for name, value in its.items()}
        platforms.append(filled("krew-platform.yaml.in", its))
    values["PLATFORMS"] = "".join(platforms).rstrip("\n")
    (folder / "krew.yaml").write_text(filled("krew.yaml.in", values), encoding="utf-8", newline="\n")
    (folder / "arcprobe.rb").write_text(filled("arcprobe.rb.in", values), encoding="utf-8", newline="\n")
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name not in NOT_SUMMED)
    lines = "".join(f"{digest(path)}  {path.name}\n" for path in files)
    (folder / "SHA256SUMS").write_text(lines, encoding="utf-8", newline="\n")


# itself, and the signature of it
NOT_SUMMED = ("SHA256SUMS", "SHA256SUMS.sigstore.json")


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def filled(template, values):
    """A value that is not there is an error, and no empty text."""
    text = (TEMPLATES / template).read_text(encoding="utf-8")
    return re.sub(r"@([A-Z0-9]+(?::[a-z0-9_-]+)?)@", lambda match: values[match[1]], text)


if __name__ == "__main__":
    main(*sys.argv[1:])
