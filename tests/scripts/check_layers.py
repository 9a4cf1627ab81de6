#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""An include only goes down the layers of doc/design.md, and so does a call.

    check_layers.py                      what the sources include
    check_layers.py objects ARCHIVE...   what the built objects use
    check_layers.py --self-test [CC...]
"""

import collections
import fnmatch
import pathlib
import re
import subprocess
import sys
import tempfile

import source

# What stands right below each folder.  A file may include what is below its
# folder, however far; a folder in a folder is a layer of its own.
BELOW = {
    "util": [],
    "core": ["util"],
    "crypto": ["core"],
    "keys": ["crypto"],
    "wire": ["util"],
    "proto": ["wire"],
    "chip": ["util"],
    "chip/define": ["core", "chip"],
    "firmware": ["core", "chip"],
    "option_bytes": ["chip/define"],
    "preflight": ["wire", "firmware", "option_bytes"],
    "map": ["preflight"],
    "image": ["keys", "preflight"],
    "license": ["keys", "wire", "chip"],
    "audit": ["keys", "wire"],
    "receipt": ["image", "license", "audit", "journal"],
    "journal": ["crypto"],
    "hsm/base": ["audit", "license"],
    "hsm/token": ["hsm/base"],
    "hsm/vault": ["hsm/token"],
    "hsm/card": ["hsm/base", "proto"],
    "hsm/server": ["hsm/base"],
    "hsm": ["hsm/vault", "hsm/card", "hsm/server"],
    "transport/base": ["core"],
    "transport/net": ["transport/base"],
    "transport/ports": ["transport/net", "proto"],
    "transport/usb": ["transport/base"],
    "transport/probe": ["transport/usb", "proto"],
    "transport/openocd": ["transport/net", "wire"],
    "transport/trace": ["transport/base"],
    "transport": ["transport/ports", "transport/probe", "transport/openocd",
                  "transport/trace"],
    "boot": ["chip", "proto", "transport/base"],
    "target": ["boot", "firmware", "option_bytes", "license"],
    "installer": ["receipt", "target", "hsm/base"],
    "describe": ["receipt", "hsm", "transport/trace", "target", "journal"],
    "device": ["chip", "proto"],
    "sim/board": ["core"],
    "sim/storage": ["chip/define", "license", "firmware", "sim/board"],
    "sim": ["device", "sim/storage", "proto"],
    "sim/links": ["sim", "transport/probe"],
    "sim/serve": ["sim", "transport/net"],
    "sim/card": ["hsm", "transport/net"],
}


def closure(table):
    """Folder: all that is below it; a table that runs in a circle is refused."""
    whole = {}

    def below(folder, above=()):
        if folder in above:
            raise ValueError(f"{folder} is below itself")
        if folder not in whole:
            whole[folder] = {folder}.union(
                *(below(f, above + (folder,)) for f in table[folder]))
        return whole[folder]

    for folder in table:
        below(folder)
    return whole


ALLOWED = closure(BELOW)

# The public headers, by the folder that implements them.
PUBLIC = {
    "api.h": "util",
    "boards.h": "journal",
    "card.h": "sim/card",
    "cause.h": "target",
    "certificate.h": "license",
    "chip.h": "chip",
    "chip_definition.h": "chip/define",
    "ctx.h": "core",
    "describe.h": "describe",
    "device.h": "device",
    "dialect.h": "target",
    "finding.h": "preflight",
    "firmware.h": "firmware",
    "hsm.h": "hsm/base",
    "hsm_server.h": "hsm/base",
    "hsm_share.h": "hsm/base",
    "image.h": "image",
    "installer.h": "installer",
    "journal.h": "journal",
    "key.h": "keys",
    "layout.h": "preflight",
    "lease.h": "hsm/base",
    "license.h": "license",
    "license_batch.h": "hsm/base",
    "license_store.h": "license",
    "map.h": "map",
    "audit.h": "audit",
    "option_bytes.h": "option_bytes",
    "personalization.h": "license",
    "program.h": "target",
    "receipt.h": "receipt",
    "progress.h": "core",
    "sfi.h": None,  # the umbrella: for users only
    "sim.h": "sim/storage",
    "sim_serve.h": "sim/serve",
    "status.h": "core",
    "target.h": "target",
    "transport.h": "transport/base",
    "version.h": "core",
}
ALSO = {
    "device.h": ["proto", "target", "installer", "sim/storage", "sim"],  # its numbers are the wire's
    "hsm.h": ["audit"],  # has the limits of what records say
    "audit.h": ["keys"],  # declares the files of audit keys
}

# The island: all that the device core may see, directly or not.
ISLAND = ["lib/device/*", "lib/util/crc32.h", "lib/util/rd.h",
          "lib/util/wr.h", "lib/util/mem.h", "lib/chip/chip.h",
          "lib/chip/parts.h", "lib/wire/*", "lib/proto/*",
          "include/sfi/api.h", "include/sfi/cause.h", "include/sfi/chip.h",
          "include/sfi/device.h",
          "include/sfi/status.h"]  # statuses are numbers
FREESTANDING = ["limits.h", "stdbool.h", "stddef.h", "stdint.h",
                "string.h"]  # of the last, the compiler's four: mem*

# Headers of others, and the only files of ours that may include them.
OWNED = [
    ("openssl/*", ["lib/crypto/*", "examples/served/*",
                   "examples/station/*"]),
    ("sqlite3.h", ["lib/hsm/vault/ledger_*"]),
    ("libpq-fe.h", ["lib/hsm/vault/ledger_pg*"]),
    ("p11-kit/*", ["lib/hsm/token/*"]),
    ("winscard.h", ["lib/hsm/card/pcsc*"]),
    ("curl/*", ["lib/hsm/server/http_curl.c"]),
    ("jansson.h", ["lib/hsm/server/answer.c", "examples/served/*",
                   "examples/station/*"]),
    ("event2/*", ["examples/served/*", "examples/station/*"]),
    ("mbedtls/*", ["examples/bootloader/crypto/*"]),
    ("ini.h", ["examples/line/job_file.c", "examples/served/config.c"]),
    ("time.h", ["lib/util/sys_posix.c", "examples/*"]),
    ("termios.h", ["lib/transport/*", "lib/sim/*", "examples/*"]),
    ("pty.h", ["lib/sim/*"]),
    ("poll.h", ["lib/transport/*", "lib/hsm/vault/ledger_pg_link.c", "lib/sim/*", "examples/*"]),
    ("sys/ioctl.h", ["lib/transport/*", "lib/sim/*", "examples/*"]),
    ("sys/select.h", ["lib/transport/*"]),
    ("sys/socket.h", ["lib/transport/*", "lib/sim/*", "examples/*",
                      "lib/hsm/server/http_curl.c", "lib/util/sys_socket.c"]),
    ("netdb.h", ["lib/transport/*", "lib/sim/*", "examples/*"]),
    ("libusb*", ["lib/transport/*"]),
    ("linux/*", ["lib/transport/*", "examples/wrap/*"]),
    ("umockdev*", ["examples/wrap/*"]),
    ("asm/*", ["lib/transport/*"]),
    ("unicorn/*", ["examples/board/*"]),  # GPL-2: never in one process with libcrypto
    ("nettle/*", ["examples/board/*"]),
]

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+([<"])([^>"\n]+)[>"]', re.M)


def includes(root, path):
    text = source.without_comments(source.read(root, path))
    for m in INCLUDE.finditer(text):
        yield source.line_of(text, m.start()), m.group(1) + m.group(2)


def target(name):
    """The file of ours that an include means, else None."""
    quote, name = name[0], name[1:]
    if quote == "<":
        return f"include/{name}" if name.startswith("sfi/") else None
    return f"lib/{name}"


def folder(path):
    """The layer of a file below lib/: the innermost folder of the table."""
    parts = str(path).split("/")[:-1]
    while len(parts) > 1 and "/".join(parts) not in BELOW:
        parts.pop()
    return "/".join(parts)


def downwards(path, name):
    """Why this file of lib/ may not include that; None: it may."""
    here = path.parent.relative_to("lib").as_posix()
    if here not in BELOW:
        return f"lib/{here} is no layer: add it to the table"
    if name[0] == "<":
        if not name.startswith("<sfi/"):
            return None
        header = name[5:]
        if header not in PUBLIC:
            return f"<sfi/{header}> is no public header: add it to the table"
        if here in ALSO.get(header, []):
            return None
        there = PUBLIC[header]
    else:
        there = folder(name[1:])
        if name == '"config.h':
            return None
    if there in ALLOWED[here]:
        return None
    return f"lib/{here} may not include {name[1:]}: it is not below"


def foreign(path, name):
    """Is this header somebody else's, and of this file no business?"""
    if name[0] != "<":
        return None
    for pattern, owners in OWNED:
        if not fnmatch.fnmatchcase(name[1:], pattern):
            continue
        if any(fnmatch.fnmatchcase(str(path), o) for o in owners):
            return None
        return f"{name[1:]} belongs to {', '.join(owners)} alone"
    return None


def island(root):
    """The closure of lib/device: ours only, and freestanding."""
    todo = [str(p) for p in source.files(root, ["lib/device"])]
    seen = set(todo)
    found = []
    while todo:
        path = todo.pop()
        for line, name in includes(root, path):
            there = target(name)
            if there is None:
                if name[1:] not in FREESTANDING:
                    found.append(source.finding(
                        path, line, f"the device core sees {name[1:]}, "
                        "which is not freestanding"))
            elif not any(fnmatch.fnmatchcase(there, i) for i in ISLAND):
                found.append(source.finding(
                    path, line, f"the device core sees {there}, "
                    "which is not on its island"))
            elif there not in seen and (root / there).exists():
                seen.add(there)
                todo.append(there)
    return found


def on_island(path, name):
    """Is this a bootloader's file, and that one what a bootloader links?"""
    return path.parts[:2] == ("examples", "bootloader") and \
        any(fnmatch.fnmatchcase(f"lib/{name[1:]}", i) for i in ISLAND)


def check(root):
    found = []
    for path in source.files(root, ["lib", "include", "examples"]):
        top = path.parts[0]
        for line, name in includes(root, path):
            why = foreign(path, name)
            if why is None and top == "lib":
                why = downwards(path, name)
            elif why is None and top == "include":
                if name[1:] not in ("stddef.h", "stdint.h") and \
                        not name.startswith("<sfi/"):
                    why = f"a public header may not include {name[1:]}"
            elif why is None and name[0] == '"' and "/" in name and \
                    not on_island(path, name) and \
                    not name.startswith(('"cli/', '"chips/', '"lease/', '"line/',
                                         '"receipts/', '"served/', '"station/', '"web/', '"win32/', '"wrap/',
                                         '"sim/board/wire.h', '"wire/v7m_debug.h')):
                why = f"an example uses only the public API, not {name[1:]}"
            if why is not None:
                found.append(source.finding(path, line, why))
    return found + island(root)


CASES = [
    ("downwards", {
        "lib/image/a.c": '#include <sfi/image.h>\n#include "core/err.h"\n'
                         '#include <string.h>\n#include "image/b.h"\n',
        "lib/crypto/a.c": "#include <openssl/evp.h>\n",
        "lib/device/a.c": '#include "util/rd.h"\n#include <stdint.h>\n',
        "include/sfi/a.h": "#include <stdint.h>\n#include <sfi/api.h>\n",
        "examples/a.c": '#include <sfi/sfi.h>\n#include "cli/cli.h"\n',
    }, []),
    ("upwards", {"lib/util/a.c": '\n#include "core/err.h"\n'},
     [r"lib/util/a.c:2: lib/util may not include core/err.h"]),
    ("upwards by a public header", {"lib/core/a.h": "#include <sfi/hsm.h>\n"},
     ["lib/core may not include sfi/hsm.h"]),
    ("the umbrella", {"lib/hsm/a.c": "#include <sfi/sfi.h>\n"},
     ["lib/hsm may not include sfi/sfi.h"]),
    ("sideways", {"lib/license/a.c": '#include "image/plan.h"\n'},
     ["lib/license may not include image/plan.h"]),
    ("no folder", {"lib/hsm/a.c": '#include "vault.h"\n'},
     ["lib/hsm may not include vault.h"]),
    ("new layer", {"lib/extra/a.c": '#include "util/rd.h"\n'},
     ["lib/extra is no layer"]),
    ("new folder in a layer", {"lib/transport/extra/a.c":
                               '#include "util/rd.h"\n'},
     ["lib/transport/extra is no layer"]),
    ("new header", {"lib/core/a.c": "#include <sfi/extra.h>\n"},
     ["no public header"]),
    ("openssl outside crypto", {"lib/sim/a.c": "#include <openssl/evp.h>\n"},
     ["openssl/evp.h belongs to lib/crypto"]),
    ("sqlite outside the ledger", {"lib/hsm/vault/vault.c": "#include <sqlite3.h>\n"},
     ["sqlite3.h belongs to"]),
    ("device headers outside the transport",
     {"lib/installer/a.c": "# include <termios.h>\n"}, ["termios.h belongs"]),
    ("a clock elsewhere", {"lib/hsm/a.c": "#include <time.h>\n"},
     ["time.h belongs"]),
    ("hosted device core", {"lib/device/a.c": "#include <stdio.h>\n"},
     ["stdio.h, which is not freestanding"]),
    ("device core leaves its island, directly",
     {"lib/device/a.c": '#include "util/buf.h"\n'},
     ["lib/util/buf.h, which is not on its island"]),
    ("device core leaves its island, by another header",
     {"lib/device/a.c": '#include "util/rd.h"\n',
      "lib/util/rd.h": "#include <stdlib.h>\n"},
     ["lib/util/rd.h:1: the device core sees stdlib.h"]),
    ("an example goes inside", {"examples/a.c": '#include "core/err.h"\n'},
     ["only the public API"]),
    ("a bootloader links the island",
     {"examples/bootloader/common/a.c": '#include "util/mem.h"\n'}, []),
    ("a bootloader leaves the island",
     {"examples/bootloader/common/a.c": '#include "util/buf.h"\n'},
     ["only the public API"]),
    ("Mbed TLS elsewhere", {"examples/a.c": "#include <mbedtls/ecp.h>\n"},
     ["mbedtls/ecp.h belongs to examples/bootloader/crypto"]),
    ("a public header is not alone",
     {"include/sfi/a.h": "#include <stdio.h>\n"}, ["may not include stdio.h"]),
    ("comments do not include", {"lib/util/a.c": '/*\n#include "core/e.h"\n*/'},
     []),
]



def members(root):
    """Each object's name in an archive, by the source that it is made of."""
    return {str(p)[len("lib/"):].replace("/", "_") + ".o": str(p)
            for p in source.files(root, ["lib"], (".c",))}


def symbols(root, archives):
    """Who defines a symbol, and which symbols a file needs."""
    sources = members(root)
    owner, needs = {}, collections.defaultdict(set)
    for archive in archives:
        out = subprocess.run(["nm", "-A", "-P", archive], check=True,
                             capture_output=True, text=True).stdout
        for line in out.splitlines():
            place, name, kind = re.match(r".*\[(.*)\]: (\S+) (\S)",
                                         line).groups()
            path = sources.get(pathlib.Path(place).name)
            if path is None:
                continue  # no source of lib/
            if kind == "U":
                needs[path].add(name)
            elif kind.isupper():
                owner[name] = path
    return owner, needs


def check_objects(root, archives):
    """No folder uses what is not below it; no two use each other."""
    owner, needs = symbols(root, archives)
    uses = collections.defaultdict(set)
    for path, names in sorted(needs.items()):
        for name in sorted(names & owner.keys()):
            here, there = (folder(p[len("lib/"):]) for p in
                           (path, owner[name]))
            if here != there:
                uses[here, there].add(f"{path} uses {name}")
    found = [] if uses else ["no object of lib/ uses another: a wrong archive"]
    for (here, there), why in sorted(uses.items()):
        if there not in ALLOWED.get(here, ()):
            found.append(f"lib/{here} may not use lib/{there}: {min(why)}")
        if here < there and (there, here) in uses:
            found.append(f"lib/{here} and lib/{there} use each other: "
                         f"{min(why)}; {min(uses[there, here])}")
    return found


OBJECT_CASES = [
    ("objects: downwards", {"image/a.c": ("a", "b"), "wire/b.c": ("b", None)},
     []),
    ("objects: upwards", {"image/a.c": ("a", None), "util/b.c": ("b", "a")},
     [r"lib/util may not use lib/image: lib/util/b.c uses a"]),
    ("objects: each other", {"image/a.c": ("a", "b"), "wire/b.c": ("b", "a")},
     ["lib/image and lib/wire use each other", "may not use"]),
    ("objects: none", {"image/a.c": ("a", None)}, ["a wrong archive"]),
]


def object_case(cc, tree, expected):
    """Compile a tree of functions that each call one; is it judged right?"""
    with tempfile.TemporaryDirectory() as where:
        root = pathlib.Path(where)
        objects = []
        for path, (name, callee) in tree.items():
            file = root / "lib" / path
            file.parent.mkdir(parents=True)
            call = f"void {callee}(void);" if callee else ""
            file.write_text(f"{call} void {name}(void) "
                            f"{{ {callee + '();' if callee else ''} }}\n")
            objects.append(str(root / (path.replace("/", "_") + ".o")))
            subprocess.run([*cc, "-c", file, "-o", objects[-1]], check=True)
        subprocess.run(["ar", "rc", root / "x.a", *objects], check=True)
        got = check_objects(root, [root / "x.a"])
    return all(any(re.search(e, f) for f in got) for e in expected) and \
        all(any(re.search(e, f) for e in expected) for f in got)


def self_test(cc):
    wrong = [name for name, tree, expected in OBJECT_CASES
             if not object_case(cc, tree, expected)]
    for name in wrong:
        print(f"{name}: misjudged")
    return max(source.self_test(check, CASES), 1 if wrong else 0)


def main(args):
    if args[:1] == ["objects"] and len(args) > 1:
        found = check_objects(source.ROOT, args[1:])
        for f in found:
            print(f)
        return 1 if found else 0
    if args[:1] == ["--self-test"]:
        return self_test(args[1:] or ["cc"])
    return source.run(check) if not args else __doc__


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
