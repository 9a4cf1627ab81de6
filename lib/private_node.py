#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""libsfi's version script: the public names, and a private node for libsfi-sim.

libsfi-sim uses functions and structs of libsfi that are not public.  The name
of the node has the version and a hash of all headers without their comments,
so the loader refuses to mix builds whose structs may differ.

    private_node.py MAP VERSION LIB INCLUDE OUTPUT DEPFILE
"""

import hashlib
import pathlib
import re
import sys

COMMENT = re.compile(r"/\*.*?\*/", re.S)


def headers(folders):
    """(name, path) of every header, in an order of its own."""
    for folder in folders:
        root = pathlib.Path(folder)
        for path in sorted(root.rglob("*.h")):
            yield path.relative_to(root).as_posix(), path


def fingerprint(folders):
    digest = hashlib.sha256()
    for name, path in headers(folders):
        text = COMMENT.sub(" ", path.read_text(encoding="utf-8"))
        digest.update(f"{name}\n{' '.join(text.split())}\n".encode())
    return digest.hexdigest()[:12]


def node(version, folders):
    return f"LIBSFI_PRIVATE_{version}_{fingerprint(folders)}"


def main(public, version, lib, include, output, depfile):
    folders = [lib, include]
    with open(output, "w", encoding="utf-8") as f:
        f.write(pathlib.Path(public).read_text(encoding="utf-8"))
        f.write(f"{node(version, folders)} {{\nglobal:\n    sfi__*;\n}};\n")
    paths = " ".join(str(path) for _, path in headers(folders))
    with open(depfile, "w", encoding="utf-8") as f:
        f.write(f"{output}: {paths}\n")


if __name__ == "__main__":
    if len(sys.argv) != 7:
        sys.exit(__doc__)
    main(*sys.argv[1:])
