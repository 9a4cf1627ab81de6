#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""libsfi.a and libsfi-sim.a: their names, and programs that link them.

    test_static.py BUILD CC...
"""

import pathlib
import re
import sys
import tempfile

import installed
from installed import HERE, run

# A consumer with names of its own that are also libsfi's inner ones.
MAIN = """
#include "story.h"
int sfi__fail(void);
int chip_find(void);
int sfi__fail(void) { return 0; }
int chip_find(void) { return 0; }
int main(void) { return sfi__fail() + chip_find() + embed_story(); }
"""
PLUGIN = """
#include "story.h"
int plugin(void);
int plugin(void) { return embed_story(); }
"""
HOST = """
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv)
{
    void *lib = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    int (*plugin)(void);
    if (lib == NULL) {
        fprintf(stderr, "%s\\n", dlerror());
        return 1;
    }
    *(void **)&plugin = dlsym(lib, "plugin");
    return plugin() + dlclose(lib);
}
"""


def public(tree, name):
    """The names of a version script."""
    text = (installed.ROOT / f"lib/{name}.map").read_text()
    part = re.search(r"global:(.*?)(?:local:|\})", text, re.S).group(1)
    return set(re.findall(r"\w+(?=;)", part))


def defined(archive):
    out = run(["nm", "-g", "-P", "--defined-only", archive])
    return {line.split()[0] for line in out.splitlines() if " " in line}


def check_names(tree):
    """Only sfi_*: the public names, and what libsfi-sim.a uses besides."""
    found = defined(tree.lib / "libsfi.a")
    extra = found - public(tree, "core/libsfi")
    wrong = {n for n in extra
             if not re.fullmatch(r"sfi_private_[0-9a-f]{12}_\w+", n)}
    missing = public(tree, "core/libsfi") - found
    if wrong or missing or (extra and not tree.has("libsfi-sim.a")):
        sys.exit(f"libsfi.a: {sorted(wrong or extra)} besides, "
                 f"{sorted(missing)} missing")
    if tree.has("libsfi-sim.a"):
        sim = defined(tree.lib / "libsfi-sim.a")
        if sim != public(tree, "sim/libsfi-sim"):
            sys.exit(f"libsfi-sim.a: {sim ^ public(tree, 'sim/libsfi-sim')}")
    print(f"libsfi.a: {len(found)} names, {len(extra)} for libsfi-sim.a")


def main(build, cc):
    with tempfile.TemporaryDirectory(prefix="sfi-static-") as folder:
        work = pathlib.Path(folder)
        tree = installed.Installed(build, work / "tree")
        if not tree.has("libsfi.a"):
            print("-Ddefault_library=shared")
            return installed.SKIPPED
        for shared in tree.lib.glob("libsfi*.so*"):
            shared.unlink()
        check_names(tree)
        if not tree.has("libsfi-sim.a"):
            return 0
        build_with = [*cc, "-std=c11", "-fPIC", f"-I{HERE}",
                      HERE / "story.c"]
        libs = tree.pkg_config("--static", "--cflags", "--libs", "sfi-sim")
        for name, text, extra in (("main", MAIN, []),
                                  ("plugin", PLUGIN,
                                   ["-shared", "-Wl,-z,nodelete"])):
            (work / f"{name}.c").write_text(text)
            run([*build_with, work / f"{name}.c", "-o", work / name, *extra,
                 *libs])
            of = installed.needed(work / name)
            if any("sfi" in lib for lib in of):
                sys.exit(f"{name} needs {of}")
        (work / "host.c").write_text(HOST)
        run([*cc, work / "host.c", "-o", work / "host"])
        print(run([work / "main"], env=tree.env), end="")
        print(run([work / "host", work / "plugin"], env=tree.env), end="")
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
