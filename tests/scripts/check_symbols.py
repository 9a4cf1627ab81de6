#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The headers' functions, the version script and the library say the same.

    check_symbols.py library MAP LIBRARY HEADER...
    check_symbols.py device ARCHIVE HEADER
    check_symbols.py copies LIBRARY OTHER
    check_symbols.py list       doc/symbols.md has every public name
    check_symbols.py --write    ... and is made anew
    check_symbols.py --self-test

A function's comment says since when it exists; the version script has it in the
node of that release.  Any other name is as old as its header says with "@since"
in its comment, and without one as old as 1.0.
"""

import re
import subprocess
import sys

import source
from check_docs import DECLARATION, Declaration, comment_before

# What a compiler may call by itself in freestanding code.
FREESTANDING = {"memcpy", "memmove", "memset", "memcmp"}
# What the linker makes for position-independent code.
LINKER = {"_GLOBAL_OFFSET_TABLE_"}
FIRST = "1.0"
NODE = re.compile(r"^LIBSFI(?:_SIM)?_([\d.]+)$")
LIST = "doc/symbols.md"
LIST_HEAD = """\
# Public names

Every name of the public headers, and the version of libsfi that brought it. Made by `tests/scripts/check_symbols.py --write`; a test compares.
"""


def declared(texts):
    names = set()
    for text in texts:
        plain = source.without_comments(text)
        names |= {Declaration(m.group(1)).name
                  for m in DECLARATION.finditer(plain)}
    return names


def mapped(text):
    """The names of a version script, and its nodes."""
    text = source.without_comments(text)
    nodes = re.findall(r"^([\w.]+)\s*\{", text, re.M)
    names = []
    for part in re.findall(r"global:(.*?)(?:local:|\})", text, re.S):
        names += re.findall(r"[\w*]+", part)
    return names, nodes


def mapped_since(text):
    """The release of each name in a version script."""
    text = source.without_comments(text)
    found = {}
    for node, part in re.findall(r"^([\w.]+)\s*\{(.*?)^\}", text, re.M | re.S):
        release = NODE.match(node)
        part = re.search(r"global:(.*?)(?:local:|\Z)", part, re.S)
        if release and part:
            found |= {n: release.group(1)
                      for n in re.findall(r"\w+", part.group(1))}
    return found


OTHER_NAMES = [
    ("macro", re.compile(r"^#define (SFI_\w+)(?!\w)(?! *$)", re.M)),
    ("type", re.compile(r"^typedef\b(?![^;{]*\{)[^;]*?\(\*(sfi_\w+)\)", re.M)),
    ("type", re.compile(r"^typedef\b[^;{(]*?\b(sfi_\w+);", re.M)),
    ("struct", re.compile(r"^\} (sfi_\w+);", re.M)),
    ("enum", re.compile(r"^enum (sfi_\w+) \{", re.M)),
    ("number", re.compile(r"^ +(SFI_\w+)(?: =|,|$)", re.M)),
]


def since_of(text, start, end):
    """What the comment before a name says, or that behind it."""
    before = comment_before(text, start) or ""
    behind = re.match(r"[^\n]*?/\*\*<(.*?)\*/", text[end:], re.S)
    said = re.search(r"@since ([\d.]*\d)",
                     before + (behind.group(1) if behind else ""))
    return said.group(1) if said else FIRST


def public_names(text):
    """(name, kind, release) of everything that a header brings."""
    plain = source.without_comments(text)
    for m in DECLARATION.finditer(plain):
        yield (Declaration(m.group(1)).name, "function",
               since_of(text, m.start(), m.start()))
    for kind, pattern in OTHER_NAMES:
        for m in pattern.finditer(plain):
            yield m.group(1), kind, since_of(text, m.start(), m.end(1))


def name_list(headers):
    """doc/symbols.md, and what of it cannot be; headers: (name, text)."""
    parts = [LIST_HEAD]
    for header, text in headers:
        rows = sorted(set(public_names(text)))
        if rows:
            parts.append(f"## sfi/{header}\n\n| name | kind | since |\n"
                         "|---|---|---|\n" + "".join(
                             f"| `{n}` | {kind} | {since} |\n"
                             for n, kind, since in rows))
    return "\n".join(parts)


def since_faults(headers, maps):
    """Functions whose comment and node of the version script differ."""
    said = {n: since for _, text in headers
            for n, kind, since in public_names(text) if kind == "function"}
    for text in maps:
        for name, release in mapped_since(text).items():
            if said.get(name, release) != release:
                yield (f"{name}: @since {said[name]}, but in the version "
                       f"script since {release}")


def list_inputs():
    headers = [(p.name, source.read(source.ROOT, p))
               for p in source.files(source.ROOT, ["include"], (".h",))]
    maps = [source.read(source.ROOT, p)
            for p in source.files(source.ROOT, ["lib"], (".map",))]
    return headers, maps


def check_list():
    headers, maps = list_inputs()
    found = list(since_faults(headers, maps))
    if source.read(source.ROOT, LIST) != name_list(headers):
        found.append(f"{LIST} is not that of the headers: "
                     "run tests/scripts/check_symbols.py --write")
    return found


def write_list():
    (source.ROOT / LIST).write_text(name_list(list_inputs()[0]),
                                    encoding="utf-8")


def symbols(path, *options):
    """(name, type) of each symbol, as nm sees them."""
    out = subprocess.run(["nm", "-P", *options, path], check=True,
                         capture_output=True, text=True).stdout
    pairs = [line.split()[:2] for line in out.splitlines()
             if len(line.split()) >= 2]
    return {(name.split("@")[0], kind) for name, kind in pairs}


def with_sections(path):
    """(name, type) again, where constants that hold addresses, which in
    position-independent code wait for the loader, count as constant."""
    out = subprocess.run(["nm", "-f", "sysv", path], check=True,
                         capture_output=True, text=True).stdout
    rows = [[c.strip() for c in line.split("|")] for line in out.splitlines()
            if line.count("|") >= 6]
    return {(r[0], ("R" if r[2].isupper() else "r")
             if r[6].startswith(".data.rel.ro") else r[2]) for r in rows}


def split_private(names):
    """Exported names with their versions: the public ones, and faults."""
    public, faults = set(), []
    for name, version in names:
        private = version.startswith("LIBSFI_PRIVATE_")
        if name.startswith("LIBSFI_PRIVATE_"):
            continue  # the node itself
        if private != name.startswith("sfi__"):
            faults.append(f"{name}: exported in {version or 'no node'}")
        if not private:
            public.add(name)
    return public, faults


def exported_by(library):
    """(name, version) of each dynamic symbol that the library defines."""
    out = subprocess.run(["nm", "-D", "-P", "--defined-only", library],
                         check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        name, _, version = line.split()[0].partition("@")
        yield name, version.lstrip("@")


def copies(ours, theirs):
    """What a library defines that it should take from another one."""
    return [f"{name}: libsfi has it, and this library has a copy"
            for name in sorted(ours & theirs) if name.startswith("sfi_")]


def check_copies(library, other):
    return copies({n for n, kind in symbols(library) if kind != "U"},
                  {n for n, _ in symbols(other, "-D", "--defined-only")})


def differences(headers, names, exported):
    for name in sorted(n for n in set(names) if names.count(n) > 1):
        yield f"{name}: twice in the version script"
    if names != sorted(names):
        yield "the version script is not sorted"
    for name in sorted(headers - set(names)):
        yield f"{name}: in a header, not in the version script"
    for name in sorted(set(names) - headers):
        yield f"{name}: in the version script, in no header"
    for name in sorted(headers - exported):
        yield f"{name}: in a header, not exported by the library"
    for name in sorted(exported - headers):
        yield f"{name}: exported by the library, in no header"


def check_library(map_path, library, headers):
    texts = [open(h, encoding="utf-8").read() for h in headers]
    names, nodes = mapped(open(map_path, encoding="utf-8").read())
    exported, faults = split_private(exported_by(library))
    return faults + list(differences(declared(texts), names,
                                     exported - set(nodes)))


def device_differences(headers, pairs):
    defined = {n for n, kind in pairs if kind != "U"}
    for name in sorted(headers - defined):
        yield f"{name}: in the header, not in the archive"
    # a boot loader that links the archive has names of its own
    for name in sorted({n for n, kind in pairs if kind.isupper()
                        and kind != "U" and not n.startswith("sfi_")}
                       - LINKER):
        yield f"{name}: the archive defines it, and it has no prefix sfi_"
    for name in sorted({n for n, kind in pairs if kind == "U"}
                       - defined - FREESTANDING - LINKER):
        yield f"{name}: the device core needs it, and it is not freestanding"
    for name, kind in sorted(pairs):
        # state of its own would make it one device per program
        if kind in "BbDdC":
            yield f"{name}: the device core has writable data"


def check_device(archive, header):
    names = declared([open(header, encoding="utf-8").read()])
    return list(device_differences(names, with_sections(archive)))


def self_test():
    header = ("SFI_API int sfi_a(int x);\n/* SFI_API int sfi_no(void); */\n"
              "SFI_API const char *\nsfi_b(void (*f)(int));\n")
    names, nodes = mapped("V_1.0 {\nglobal:\n    sfi_a;\n    sfi_b;\n"
                          "local:\n    *;\n};\n")
    both = {"sfi_a", "sfi_b"}
    assert declared([header]) == both
    assert (names, nodes) == (["sfi_a", "sfi_b"], ["V_1.0"])
    rows = [
        (differences(both, names, both), 0),
        (differences(both | {"sfi_c"}, names, both), 2),
        (differences(both, names + ["sfi_c"], both), 1),
        (differences(both, names, both | {"sfi__inner"}), 1),
        (differences(both, names, {"sfi_a"}), 1),
        (differences(both, ["sfi_b", "sfi_a"], both), 1),
        (differences(both, ["sfi_a", "sfi_a", "sfi_b"], both), 1),
        (device_differences({"sfi_a"}, {("sfi_a", "T"), ("memcpy", "U")}), 0),
        (device_differences({"sfi_a"}, {("sfi_b", "T")}), 1),
        (device_differences({"sfi_a"}, {("sfi_a", "T"), ("rd_init", "T"),
                                        ("inner", "t")}), 1),
        (device_differences({"sfi_a"}, {("sfi_a", "T"), ("malloc", "U")}), 1),
        (device_differences({"sfi_a"}, {("sfi_a", "T"), ("state", "b")}), 1),
    ]
    rows += [
        (split_private([("sfi_a", "V_1.0"), ("V_1.0", "V_1.0"),
                        ("LIBSFI_PRIVATE_1", ""),
                        ("sfi__b", "LIBSFI_PRIVATE_1")])[1], 0),
        (split_private([("sfi__b", "V_1.0")])[1], 1),
        (split_private([("sfi_a", "LIBSFI_PRIVATE_1")])[1], 1),
        (copies({"sfi_a", "sfi__b"}, {"sfi__c", "sfi_d"}), 0),
        (copies({"sfi_a", "sfi__b"}, {"sfi__b"}), 1),
    ]
    dated = ("/** One.\n * @since 1.1\n */\nSFI_API int sfi_a(int x);\n"
             "typedef struct sfi_h sfi_h;\n#define SFI_M 1 /**< @since 1.2 */\n"
             "#define SFI_GUARD_H\ntypedef struct sfi_s {\n    int x;\n} sfi_s;\n"
             "typedef int (*sfi_fn)(void *user);\n"
             "enum sfi_e {\n    SFI_E_A = 1, /**< a */\n    SFI_E_B\n};\n")
    assert list(public_names(dated)) == [
        ("sfi_a", "function", "1.1"), ("SFI_M", "macro", "1.2"),
        ("sfi_fn", "type", "1.0"), ("sfi_h", "type", "1.0"),
        ("sfi_s", "struct", "1.0"), ("sfi_e", "enum", "1.0"),
        ("SFI_E_A", "number", "1.0"), ("SFI_E_B", "number", "1.0")], \
        list(public_names(dated))
    node = "LIBSFI_{} {{\nglobal:\n    sfi_a;\n{}}};\n"
    rows += [
        (since_faults([("a.h", dated)], [node.format("1.1", "")]), 0),
        (since_faults([("a.h", dated)],
                      [node.format("1.0", "local:\n    *;\n")]), 1),
    ]
    wrong = [i for i, (found, want) in enumerate(rows)
             if len(list(found)) != want]
    print(f"{len(rows)} rows, misjudged: {wrong or 'none'}")
    return wrong


def main(args):
    if args == ["--self-test"]:
        return 1 if self_test() else 0
    if args == ["--write"]:
        return write_list()
    if args == ["list"]:
        found = check_list()
    elif args[:1] == ["library"] and len(args) > 3:
        found = check_library(args[1], args[2], args[3:])
    elif args[:1] == ["copies"] and len(args) == 3:
        found = check_copies(args[1], args[2])
    elif args[:1] == ["device"] and len(args) == 3:
        found = check_device(args[1], args[2])
    else:
        sys.exit(__doc__)
    for f in found:
        print(f)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
