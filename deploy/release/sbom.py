"""Prints what is inside the program of a target, as CycloneDX 1.5:

    python3 deploy/release/sbom.py TARGET
"""

import datetime
import json
import sys
import tomllib
import uuid

import names


def component(crate, checksums):
    reference = purl(crate)
    about = {
        "type": "library",
        "bom-ref": reference,
        "name": crate["name"],
        "version": crate["version"],
        "purl": reference,
        # "/" is the old way to write OR
        "licenses": [{"expression": crate["license"].replace("/", " OR ")}],
    }
    if checksum := checksums.get((crate["name"], crate["version"])):
        about["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    return about


def purl(crate):
    return f"pkg:cargo/{crate['name']}@{crate['version']}"


def systems(target):
    """What the compiler adds, to the program or to the agents that it carries."""
    yield {"type": "library", "name": "rust-std", "version": names.run("rustc", "--version").split()[1]}
    glibc = {"type": "library", "name": "glibc"}
    if names.TARGETS[target]["os"] == "linux":
        glibc["version"] = names.run("getconf", "GNU_LIBC_VERSION").split()[1]
    yield glibc


def text(target):
    packages, edges = names.graph(target)
    lock = tomllib.loads((names.ROOT / "Cargo.lock").read_text(encoding="utf-8"))
    checksums = {(entry["name"], entry["version"]): entry.get("checksum") for entry in lock["package"]}
    program, *libraries = (component(crate, checksums) for crate in packages.values())
    libraries.sort(key=lambda library: library["bom-ref"])
    moment = datetime.datetime.fromtimestamp(names.time_of_release(), datetime.timezone.utc)
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        # the same release has the same number, whoever builds it
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, names.url(names.sbom(target)))}",
        "version": 1,
        "metadata": {"timestamp": moment.strftime("%Y-%m-%dT%H:%M:%SZ"), "component": program | {"type": "application"}},
        "components": libraries + list(systems(target)),
        "dependencies": [
            {"ref": purl(packages[id]), "dependsOn": sorted({purl(packages[other]) for other in needed})}
            for id, needed in sorted(edges.items())
        ],
    }
    return json.dumps(document, indent=1) + "\n"


if __name__ == "__main__":
    sys.stdout.buffer.write(text(sys.argv[1]).encode())
