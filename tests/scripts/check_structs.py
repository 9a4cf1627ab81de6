#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Public structs can grow at their ends, and programs do not notice.

    check_structs.py CC...
    check_structs.py --self-test CC...

Each struct of a header begins with struct_size and does not end in padding,
which programs leave uninitialised.  What a function copies has a line
SFI_ABI_PIN(TYPE, LAST MEMBER OF 1.0) in the file that copies it: members that
come later say "@since 1.1" in their comments.  tests/abi/sizes.c has a row for
each of them.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import source
from check_docs import DECLARATION, Declaration, split_parameters

STRUCT = re.compile(r"^typedef struct \w+ \{\n(.*?)^\} (\w+);", re.M | re.S)
PIN = re.compile(r"\bSFI_ABI_PIN\(\s*(\w+),\s*(\w+)\s*\)")
ROW = re.compile(r"^ *(?:IN|OUT)\(\s*(\w+),", re.M)
COPY = re.compile(r"\bsfi__abi_(?:in|out)\(([^;]*);")
FIRST = "1.0"
# Never grows: programs have arrays of it.
FIXED = {"sfi_firmware_range", "sfi_chip_row", "sfi_chip_field",
         "sfi_chip_memory_range"}
# Part of libsfi-device.a, which is linked statically.
UNPINNED = {"sfi_device_port"}
OTHERS = [["arm-none-eabi-gcc", "-ffreestanding"],
          ["gcc", "-m32", "-ffreestanding"]]


class Struct:
    def __init__(self, name, body):
        self.name = name
        self.members = []  # (name, release)
        self.ends = []     # where each ends in the body
        plain = source.without_comments(body)
        start = 0
        for m in re.finditer(r";", plain):
            # its comment is before it, or behind it on its last line
            end = plain.find("\n", m.end())
            text = plain[start:m.end() - 1]
            since = re.search(r"@since (\S+?)[\s.*]", body[start:])
            where = start + since.start() if since else len(body)
            following = re.match(r"\s*/\*\*<.*?\*/", body[m.end():], re.S)
            stop = m.end() + (following.end() if following else 0)
            self.ends.append(m.end())
            self.members.append((self.member_name(text),
                                 since.group(1) if where < stop else FIRST))
            start = max(stop, m.end()) if end >= 0 else m.end()

    @staticmethod
    def member_name(text):
        pointer = re.search(r"\(\s*\*\s*(\w+)\s*\)", text)
        return pointer.group(1) if pointer else re.search(
            r"(\w+)\s*(?:\[[^\]]*\]\s*)*$", text.strip()).group(1)

    @property
    def last(self):
        """The last member of the release that brought the struct."""
        return [n for n, since in self.members
                if since == self.members[0][1]][-1]


def structs(texts):
    return {m.group(2): Struct(m.group(2), m.group(1))
            for text in texts for m in STRUCT.finditer(text)}


def taken(texts):
    """The names of types to which functions take pointers."""
    for text in texts:
        plain = source.without_comments(text)
        for m in DECLARATION.finditer(plain):
            inside = m.group(1).split("(", 1)[1]
            for p in split_parameters(inside):
                pointer = re.match(r"\s*(?:const )?(sfi_\w+) \*\w", p)
                if pointer:
                    yield Declaration(m.group(1)).name, pointer.group(1)


def pins(texts):
    """Struct: the members with which it is pinned."""
    found = {}
    for text in texts:
        for name, last in PIN.findall(source.without_comments(text)):
            if name != "type":
                found.setdefault(name, []).append(last)
    return found


def faults(headers, code, trial):
    known, pinned = structs(headers), pins(code)
    for s in known.values():
        if s.name not in FIXED and s.members[0][0] != "struct_size":
            yield f"{s.name}: does not begin with struct_size"
    for function, name in sorted(taken(headers)):
        if name in known and name not in FIXED | UNPINNED | set(pinned):
            yield f"{function}: copies {name} without an SFI_ABI_PIN"
    for name, members in sorted(pinned.items()):
        if len(members) > 1:
            yield f"{name}: has {len(members)} lines SFI_ABI_PIN"
        elif name not in known:
            yield f"{name}: is no public struct, and has an SFI_ABI_PIN"
        elif members[0] != known[name].last:
            yield (f"{name}: pinned at {members[0]}, but its first release "
                   f"ends with {known[name].last}; a member of a later "
                   "release says @since")
    tried = set(ROW.findall(source.without_comments(trial)))
    for name in sorted(set(pinned) - tried):
        yield f"{name}: has no row in tests/abi/sizes.c"
    for text in code:
        for m in COPY.finditer(source.without_comments(text)):
            if "sizeof(*" in m.group(1) or m.group(1).count("sizeof(") > 1:
                yield f"a minimum that grows: {' '.join(m.group(1).split())}"


def padding(include, commands):
    """Structs that end in padding, as the compilers lay them out."""
    paths = sorted(include.glob("sfi/*.h"))
    headers = [p.read_text(encoding="utf-8") for p in paths]
    asserts = [f"#include <sfi/{p.name}>" for p in paths] + [
        f"_Static_assert(offsetof({s.name}, {s.members[-1][0]}) + "
        f"sizeof((({s.name} *)0)->{s.members[-1][0]}) == sizeof({s.name}), "
        f"\"{s.name}\");"
        for s in structs(headers).values()]
    for command in commands:
        done = subprocess.run(
            [*command, "-std=c11", "-fsyntax-only", "-x", "c",
             f"-I{include}", "-"],
            input="\n".join([*asserts, ""]), capture_output=True, text=True)
        names = sorted(set(re.findall(r'"(\w+)"', done.stderr)))
        for name in names:
            yield (f"{name}: ends in padding for {' '.join(command)}; append "
                   "`reserved`")
        if done.returncode != 0 and not names:
            yield done.stderr


def compilers(cc):
    return [cc] + [c for c in OTHERS if shutil.which(c[0])]


def check(cc):
    paths = source.files(source.ROOT, ["include"], (".h",))
    headers = [source.read(source.ROOT, p) for p in paths]
    # core/abi.* is what copies
    code = [source.read(source.ROOT, p)
            for p in source.files(source.ROOT, ["lib"])
            if p.as_posix() not in ("lib/core/abi.c", "lib/core/abi.h")]
    trial = source.read(source.ROOT, "tests/abi/sizes.c")
    found = [*faults(headers, code, trial),
             *padding(source.ROOT / "include", compilers(cc))]
    print(f"{len(structs(headers))} structs, {len(pins(code))} pinned, "
          f"{len(compilers(cc))} layouts, {len(found)} faults")
    return found


GOOD = """\
typedef struct sfi_a {
    uint32_t struct_size; /**< sizeof(sfi_a) */
    uint32_t flags;       /**< 0 */
    /** Do. */
    int (*last)(void *user, int x);
    void *next; /**< @since 1.1 */
    /** Other. @since 1.2 */
    void *other;
} sfi_a;
SFI_API SFI_NODISCARD int sfi_use(sfi_h *h, const sfi_a *a);
"""
PINNED = "SFI_ABI_PIN(sfi_a, last);\n"
TRIED = "    IN(sfi_a, sfi_use(h, &s));\n"


def self_test(cc):
    rows = [
        (GOOD, PINNED, 0),
        (GOOD, "", 1),
        (GOOD, PINNED * 2, 1),
        (GOOD, "SFI_ABI_PIN(sfi_a, next);", 1),
        (GOOD.replace("@since 1.1", "more"), PINNED, 1),
        (GOOD, PINNED + "SFI_ABI_PIN(sfi_b, x);", 2),
        (GOOD.replace("uint32_t struct_size", "uint32_t size"), PINNED, 1),
        (GOOD, PINNED + "sfi__abi_in(c, &o, sizeof(o), sizeof(o), a);", 1),
        (GOOD, PINNED + "sfi__abi_in(c, &o, k->size, k->pinned, a);", 0),
    ]
    wrong = [i for i, (h, c, want) in enumerate(rows)
             if len(list(faults([h], [c], TRIED))) != want]
    if len(list(faults([GOOD], [PINNED], ""))) != 1:
        wrong.append("no row")
    head = "#include <stddef.h>\n#include <stdint.h>\n"
    good = head + GOOD[:GOOD.index("SFI_API")]
    layouts = compilers(cc)
    layout_rows = [(good, 0), (good.replace("} sfi_a", "char c;\n} sfi_a"),
                               len(layouts)),
                   (good + "no C", len(layouts))]
    for text, want in layout_rows:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "sfi", "a.h")
            path.parent.mkdir()
            path.write_text(text, encoding="utf-8")
            if len(list(padding(path.parents[1], layouts))) != want:
                wrong.append(text)
    print(f"{len(rows + layout_rows)} rows, misjudged: {wrong or 'none'}")
    return wrong


def main(args):
    if args[:1] == ["--self-test"]:
        return self_test(args[1:])
    found = check(args)
    print("\n".join(found))
    return found


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
