"""Packs the Linux programs of a release, as they are in its archives, into one image for several architectures:

    python3 deploy/release/image.py FOLDER NAME IMAGE.tar

NAME is that of the repository, such as ghcr.io/arcprobe/arcprobe; the tag is the version. The image is an OCI layout, which
skopeo copies to a registry and containerd imports. Like that of deploy/Dockerfile it holds nothing but the program and
licences, and its user is nobody in particular. The digest of the image is printed; the same archives give the same one.
"""

import datetime
import gzip
import hashlib
import io
import json
import pathlib
import sys
import tarfile

import names

USER = "65532:65532"

# from the folder of an archive to the image, and the mode there
FILES = {
    "arcprobe": ("arcprobe", 0o755),
    "LICENSE": ("licenses/LICENSE", 0o644),
    "THIRD-PARTY-LICENSES.txt": ("licenses/THIRD-PARTY-LICENSES.txt", 0o644),
}

OCI = "application/vnd.oci.image"


class Layout:
    """Blobs by their digests."""

    def __init__(self):
        self.files = {"oci-layout": json.dumps({"imageLayoutVersion": "1.0.0"}).encode()}

    def blob(self, kind, data):
        """Adds one, and says how it is referred to."""
        data = data if isinstance(data, bytes) else json.dumps(data, separators=(",", ":")).encode()
        digest = hashlib.sha256(data).hexdigest()
        self.files[f"blobs/sha256/{digest}"] = data
        return {"mediaType": f"{OCI}.{kind}", "digest": f"sha256:{digest}", "size": len(data)}

    def write(self, path):
        path.write_bytes(tar({name: (data, 0o644) for name, data in self.files.items()}, 0))


def tar(files, moment):
    """Folders come before what is in them; nobody owns anything."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        folders = {str(parent) for name in files for parent in pathlib.PurePosixPath(name).parents} - {"."}
        for name in sorted({*folders, *files}):
            entry = tarfile.TarInfo(name)
            entry.mtime = moment
            if name in folders:
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(entry)
            else:
                data, entry.mode = files[name]
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


def layer(archive, target):
    with tarfile.open(archive) as packed:
        read = lambda name: packed.extractfile(f"{names.folder(target)}/{name}").read()
        return tar({to: (read(name), mode) for name, (to, mode) in FILES.items()}, names.time_of_release())


def labels():
    repository = names.PACKAGE["repository"]
    return {
        "org.opencontainers.image.title": "arcprobe",
        "org.opencontainers.image.description": names.PACKAGE["description"],
        "org.opencontainers.image.url": repository,
        "org.opencontainers.image.source": repository,
        "org.opencontainers.image.documentation": f"{repository}/blob/v{names.VERSION}/README.md",
        "org.opencontainers.image.version": names.VERSION,
        "org.opencontainers.image.revision": names.run("git", "rev-parse", "HEAD").strip(),
        "org.opencontainers.image.created": created(),
        "org.opencontainers.image.licenses": names.PACKAGE["license"],
    }


def created():
    moment = datetime.datetime.fromtimestamp(names.time_of_release(), datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def manifest(layout, archive, target):
    plain = layer(archive, target)
    platform = {"architecture": names.TARGETS[target]["arch"], "os": "linux"}
    config = platform | {
        "created": created(),
        "config": {"User": USER, "Entrypoint": ["/arcprobe"], "WorkingDir": "/", "Labels": labels()},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(plain).hexdigest()}"]},
        "history": [{"created": created(), "created_by": "deploy/release/image.py"}],
    }
    whole = {
        "schemaVersion": 2,
        "mediaType": f"{OCI}.manifest.v1+json",
        "config": layout.blob("config.v1+json", config),
        "layers": [layout.blob("layer.v1.tar+gzip", gzip.compress(plain, mtime=0))],
        "annotations": labels(),
    }
    return layout.blob("manifest.v1+json", whole) | {"platform": platform}


def main(folder, name, path):
    layout = Layout()
    manifests = [
        manifest(layout, pathlib.Path(folder) / names.archive(target), target)
        for target, words in names.TARGETS.items()
        if words["os"] == "linux"
    ]
    index = {"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": manifests, "annotations": labels()}
    reference = layout.blob("index.v1+json", index)
    called = {
        # for skopeo, and for containerd
        "org.opencontainers.image.ref.name": names.VERSION,
        "io.containerd.image.name": f"{name}:{names.VERSION}",
    }
    entry = {"schemaVersion": 2, "manifests": [reference | {"annotations": called}]}
    layout.files["index.json"] = json.dumps(entry).encode()
    layout.write(pathlib.Path(path))
    print(reference["digest"])


if __name__ == "__main__":
    main(*sys.argv[1:])
