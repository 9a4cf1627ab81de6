#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The images of examples/bootloader fit: flash, RAM, the deepest stack that
the compiler's call graph has, no heap; and README.md has these numbers.

    check_bootloader.py COMPILER README NAME ELF OBJECTS FLASH RAM
    check_bootloader.py --self-test

OBJECTS is the folder with the .ci files, FLASH and RAM are limits in bytes.
"""

import pathlib
import re
import subprocess
import sys

# Whom a call through a pointer may reach; for others the check fails.
PORT = {"erase": "flash_erase", "program": "flash_program",
        "read": "flash_read"}
CALLS = {
    "request_on_data": ["port_gcm_wipe"],
    "sfi__life_wipe": ["port_gcm_wipe"],
    "sfi_device_wipe": ["port_gcm_wipe"],
    "sfi__life_leave": ["port_reboot"],
    "an3155_run_special": ["device_frame_special"],
    "sfi__an3155_device_byte": ["device_frame_known", "device_frame_special"],
    "spi_serve": ["main_pass_spi"],
    "mpi_fill_random_internal": ["p256_random"],
    "mbedtls_mpi_mul_mod": ["ecp_mod_p256"],
    "mbedtls_platform_zeroize": ["memset"],
}
HEAP = {"malloc", "free", "realloc", "_sbrk", "sbrk"}
# How far README.md may be from the truth before someone must look at it.
SLACK = 512

NODE = re.compile(r'node: { title: "([^"]*)" label: "([^"]*)"( shape)?')
EDGE = re.compile(r'edge: { sourcename: "([^"]*)" targetname: "([^"]*)"')


def graph(folder):
    """Stack of each function, and whom it calls; a static one has its file in
    its name."""
    depth, calls = {}, {}
    for path in sorted(pathlib.Path(folder).rglob("*.ci")):
        text = path.read_text(encoding="utf-8")
        for title, label, outside in NODE.findall(text):
            size = re.search(r"(\d+) bytes \((static|dynamic[^)]*)\)", label)
            if size is None or outside:
                continue
            if size.group(2) != "static":
                raise ValueError(f"{title}: its stack is {size.group(2)}")
            depth[title] = int(size.group(1))
        for source, target in EDGE.findall(text):
            calls.setdefault(source, set()).add(target)
    return depth, calls


def short(title):
    return title.rpartition(":")[2]


def through_pointer(caller, depth):
    """Whom it may reach, as titles of the graph."""
    name = short(caller)
    if name.startswith("sfi__port_"):
        name = name.removeprefix("sfi__port_")
        wanted = ["port_" + PORT.get(name, name)]
    elif name == "sfi__request_run":
        wanted = [n for n in map(short, depth) if n.startswith("request_on_")]
    elif name in CALLS:
        wanted = CALLS[name]
    else:
        raise ValueError(f"{name} calls through a pointer: to whom?")
    found = [t for t in depth if short(t) in wanted]
    if not found:
        raise ValueError(f"{name} calls {' or '.join(wanted)}, unknown")
    return found


def deepest(start, depth, calls):
    """(bytes, path) of the deepest stack below a function."""
    known = {}

    def below(title, path):
        if title in path:
            raise ValueError(f"{short(title)} calls itself")
        if title not in known:
            best = (0, [])
            for target in sorted(calls.get(title, ())):
                targets = through_pointer(title, depth) \
                    if target == "__indirect_call" else [target]
                for t in targets:
                    if t in depth:
                        best = max(best, below(t, path | {title}))
            known[title] = (depth[title] + best[0], [short(title)] + best[1])
        return known[title]

    return below(start, frozenset())


def sections(compiler, elf):
    """Length of each section."""
    tool = compiler.removesuffix("gcc") + "size"
    out = subprocess.run([tool, "-A", elf], check=True, capture_output=True,
                         text=True).stdout
    return {m[0]: int(m[1]) for m in
            re.findall(r"^(\.\w+)\s+(\d+)\s+\d+$", out, re.M)}


def symbols(compiler, elf):
    tool = compiler.removesuffix("gcc") + "nm"
    out = subprocess.run([tool, elf], check=True, capture_output=True,
                         text=True).stdout
    return {line.split()[-1] for line in out.splitlines()}


def judge(name, got, limits, text):
    """What is wrong: with the limits, and with README.md."""
    found = [f"{name}: {what} is {got[what]}, at most {most}"
             for what, most in limits.items() if got[what] > most]
    row = re.search(rf"^\| {name} \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|", text,
                    re.M)
    if row is None:
        return found + [f"README.md: no row of {name}"]
    for what, told in zip(("flash", "RAM", "stack"), row.groups()):
        if abs(int(told.replace(",", "")) - got[what]) > SLACK:
            found.append(f"README.md: {what} of {name} is {got[what]}, "
                         f"not {told}")
    return found


def check(compiler, readme, name, elf, objects, flash, ram):
    size = sections(compiler, elf)
    depth, calls = graph(objects)
    stack, path = deepest("image_main", depth, calls)
    # start_image() and an NMI on top of it, with its frame of 8 words
    stack += deepest("flash_on_nmi", depth, calls)[0] + 32 + 16
    got = {"flash": size[".text"] + size.get(".data", 0), "stack": stack,
           "RAM": size[".stack"] + size.get(".data", 0) + size.get(".bss", 0)}
    print(f"{name}: flash {got['flash']}, RAM {got['RAM']} with a stack of "
          f"{size['.stack']}, of which {stack} are used:")
    print("  " + ", ".join(path))
    limits = {"flash": int(flash), "RAM": int(ram), "stack": size[".stack"]}
    found = judge(name, got, limits, pathlib.Path(readme).read_text("utf-8"))
    return found + [f"{name}: there is a heap: {n}"
                    for n in sorted(HEAP & symbols(compiler, elf))]


def self_test():
    depth = {"image_main": 8, "a.c:f": 16, "g": 100}
    calls = {"image_main": {"a.c:f", "g"}, "a.c:f": {"g", "outside"}}
    text = "| x | 4,000 | 10 | 10 |\n"
    got = {"flash": 4097, "RAM": 10, "stack": 10}
    right = [
        deepest("image_main", depth, calls) ==
        (124, ["image_main", "f", "g"]),
        judge("x", got, {"flash": 4096}, text) ==
        ["x: flash is 4097, at most 4096"],
        len(judge("x", {**got, "RAM": 600}, {}, text)) == 1,
        judge("y", got, {}, text) == ["README.md: no row of y"],
    ]
    for wrong in ({"g": {"a.c:f"}}, {"g": {"__indirect_call"}}):
        try:
            deepest("image_main", depth, {**calls, **wrong})
            right.append(False)
        except ValueError:
            right.append(True)
    return 0 if all(right) else 1


def main(args):
    if args == ["--self-test"]:
        return self_test()
    if len(args) != 7:
        sys.exit(__doc__)
    found = check(*args)
    for f in found:
        print(f)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
