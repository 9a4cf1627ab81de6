#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""A static library of one object, with the names of the shared one.

All objects of an archive are linked into one, in which every name is local
except the public ones of a version script.  What libsfi-sim uses of libsfi
besides gets names with the hash of the private node (private_node.py), so
builds whose structs may differ do not link, as the shared ones do not load.

    one_object.py OUTPUT MAP WHOLE-MAP ARCHIVE USERS NM OBJCOPY AR CC...

ARCHIVE becomes OUTPUT.  USERS, "-" or an archive, is who uses private names
of it; when ARCHIVE is USERS, those are what it needs.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

PRIVATE = "sfi__"


def public_names(path):
    text = pathlib.Path(path).read_text(encoding="utf-8")
    part = re.search(r"global:(.*?)(?:local:|\})", text, re.S)
    return re.findall(r"\w+(?=;)", part.group(1))


def build_hash(path):
    text = pathlib.Path(path).read_text(encoding="utf-8")
    return re.search(r"^LIBSFI_PRIVATE_.*_(\w+) \{$", text, re.M).group(1)


def private_names(nm, archive):
    """The private names that an archive needs and does not define."""
    out = subprocess.run([nm, "-P", archive], check=True, text=True,
                         capture_output=True).stdout
    rows = [line.split()[:2] for line in out.splitlines()
            if line.startswith(PRIVATE)]
    needed = {name for name, kind in rows if kind == "U"}
    return sorted(needed - {name for name, kind in rows if kind != "U"})


def write_lines(path, lines):
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def main(output, public, whole_map, archive, users, nm, objcopy, ar, *cc):
    prefix = f"sfi_private_{build_hash(whole_map)}_"
    shared = private_names(nm, users) if users != "-" else []
    renamed = {name: prefix + name[len(PRIVATE):] for name in shared}
    out = pathlib.Path(output)
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        work = pathlib.Path(folder)
        whole = work / "whole.o"
        one = work / f"{out.stem}.o"
        keep = write_lines(work / "keep",
                           public_names(public) + list(renamed.values()))
        names = write_lines(work / "names",
                            [f"{a} {b}" for a, b in renamed.items()])
        subprocess.run([*cc, "-r", "-nostdlib", "-o", whole,
                        "-Wl,--whole-archive", archive,
                        "-Wl,--no-whole-archive"], check=True)
        subprocess.run([objcopy, f"--redefine-syms={names}", whole], check=True)
        subprocess.run([objcopy, f"--keep-global-symbols={keep}", whole, one],
                       check=True)
        out.unlink(missing_ok=True)
        subprocess.run([ar, "rcs", out, one], check=True)


if __name__ == "__main__":
    if len(sys.argv) < 10:
        sys.exit(__doc__)
    main(*sys.argv[1:])
