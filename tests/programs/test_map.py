#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Maps of images: sfi-create and sfi-info --svg and --map.

The pictures in doc/pictures are made here, and are compared with what the
programs draw now:  test_map.py BUILD/examples --write  makes them anew.
"""

import os
import shutil
import sys
import xml.parsers.expat

import check
from check import DATA, PROGRAMS, SOURCE, case, run, same

CREATE = PROGRAMS / "sfi-create"
INFO = PROGRAMS / "sfi-info"
PICTURES = SOURCE / "doc" / "pictures"
H7 = "stm32h753xi"
L4 = "stm32l462ce"


def hex_record(kind, address, data):
    body = bytes([len(data), address >> 8 & 255, address & 255, kind]) + data
    return ":" + (body + bytes([-sum(body) & 255])).hex().upper() + "\n"


def firmware(path, *segments):
    """Intel HEX with segments of (address, size); the first word pair of the
    file is a vector table."""
    text = ""
    vectors = (0x20010000).to_bytes(4, "little") + \
        (segments[0][0] + 0x201).to_bytes(4, "little")
    for number, (address, size) in enumerate(segments):
        content = (vectors if number == 0 else b"") + b"\x5a" * size
        for at in range(0, size, 32):
            here = address + at
            if at == 0 or here & 0xffff == 0:
                text += hex_record(4, 0, (here >> 16).to_bytes(2, "big"))
            text += hex_record(0, here & 0xffff, content[at:min(at + 32, size)])
    path.write_text(text + ":00000001FF\n")
    return path


def option_bytes(path, chip, **values):
    text = (DATA / f"ob-{chip}.csv").read_text()
    for name, value in values.items():
        lines = [f"{name},0x{value:08X}" if line.startswith(name + ",") else line
                 for line in text.splitlines()]
        text = "\n".join(lines) + "\n"
    path.write_text(text)
    return path


def elements(svg):
    """The elements of a picture, if it is XML: name and attributes."""
    found = []
    parser = xml.parsers.expat.ParserCreate()
    parser.StartElementHandler = lambda name, attrs: found.append((name, attrs))
    parser.Parse(svg, True)
    return found


def check_picture(path):
    data = path.read_bytes()
    found = elements(data)
    same(found[0][0], "svg")
    same(found[0][1]["viewBox"].split()[:3], ["0", "0", "1200"])
    same({name for name, _ in found} - {
        "svg", "title", "desc", "style", "defs", "pattern", "rect", "path",
        "circle", "text"}, set())
    for _, attributes in found:
        for name, value in attributes.items():
            assert not name.startswith("on") and "href" not in name, name
            assert name == "xmlns" or "://" not in value, value
    return data.decode()


def draw(folder, chip, title, firmwares, ob):
    """A picture by sfi-create --check, which may find anything."""
    svg = folder / "map.svg"
    command = [CREATE, "--check", "--chip", chip, "-ob", ob, "--svg", svg]
    for file in firmwares:
        command += ["-fir", file]
    done = run(*command, "-o", folder / title)
    assert svg.exists(), done.stderr
    return check_picture(svg)


def example_h7(folder):
    files = [
        firmware(folder / "boot.hex", (0x08000000, 0x6a40)),
        firmware(folder / "app.hex", (0x08020000, 0x45000),
                 (0x08080000, 0x1200), (0x080a0000, 0x8120)),
        firmware(folder / "assets.hex", (0x08100000, 0x1f000),
                 (0x08160000, 0x20000), (0x081fff80, 0x80)),
    ]
    ob = option_bytes(folder / "ob.csv", H7, FOPTSR_PRG=0x1026BBD0,
                      FPRAR_PRG_A=0x82FF0280, FSCAR_PRG_A=0x807F0000,
                      FWPSN_PRG_A=0xFFFFFFFE, FWPSN_PRG_B=0xFFFFFFEF)
    return draw(folder, H7, "thermostat.sfi", files, ob)


def example_l4(folder):
    files = [firmware(folder / "meter.hex", (0x08001000, 0x18000),
                      (0x0801a000, 0x3330), (0x08040000, 0x4000),
                      (0x0806c800, 0x1000))]
    ob = option_bytes(folder / "ob.csv", L4, PCROP1SR=0xFFFF8000,
                      PCROP1ER=0x000083FF, WRP1AR=0xFF030002)
    return draw(folder, L4, "meter.sfi", files, ob)


EXAMPLES = {f"map-{H7}.svg": example_h7, f"map-{L4}.svg": example_l4}


@case
def example_pictures(folder):
    for name, make in EXAMPLES.items():
        assert (PICTURES / name).read_text() == make(folder), \
            f"doc/pictures/{name} is stale: test_map.py PROGRAMS --write"


@case
def another_program_renders_them(folder):
    if shutil.which("rsvg-convert") is None:
        return
    for name in EXAMPLES:
        png = folder / "map.png"
        done = run("rsvg-convert", "-w", "1200", PICTURES / name, "-o", png)
        same((done.returncode, done.stderr), (0, ""), name)
        same(int.from_bytes(png.read_bytes()[16:20], "big"), 1200)


@case
def hostile_names(folder):
    """An attacker chooses the names of files."""
    for name in ["<script>alert(1)<.hex", "a&b;c.hex", "]]>.hex", "\"'.hex",
                 "\x1b[31mred\x07.hex", "ünï-固件-🔥.hex", "x" * 200 + ".hex",
                 "to\u202eleft.hex", os.fsdecode(b"\xff\xfe\xc3.hex"),
                 "--><!--.hex"]:
        file = firmware(folder / name, (0x08000000, 64), (0x08040000, 64))
        svg = draw(folder, H7, "an image.sfi", [file],
                   DATA / f"ob-{H7}.csv")
        assert "<script" not in svg and "\x1b" not in svg, name


@case
def many_segments(folder):
    file = firmware(folder / "fragments.hex",
                    *((0x08000000 + 0x2400 * i, 32) for i in range(200)))
    svg = draw(folder, H7, "an image.sfi", [file], DATA / f"ob-{H7}.csv")
    assert "200 segments" in svg


def new_image(folder):
    run(CREATE, "--genkey", folder / "key", "--gennonce", folder / "nonce")
    file = firmware(folder / "app.hex", (0x08000000, 0x2000),
                    (0x08100000, 0x20))
    image = folder / "app.sfi"
    done = run(CREATE, "-fir", file, "-k", folder / "key", "-n",
               folder / "nonce", "-ob", DATA / f"ob-{H7}.csv", "-v", "1",
               "--chip", H7, "-o", image, "--svg", folder / "made.svg")
    same(done.returncode, 0, done.stderr)
    return image


@case
def finished_image(folder):
    image = new_image(folder)
    assert "segment 1: app.hex" in check_picture(folder / "made.svg")
    keys = ["-k", folder / "key", "-n", folder / "nonce"]
    svg = folder / "map.svg"
    for options, words in (([], "not known: only the key"),
                           (keys, "FOPTSR_PRG")):
        for _ in range(2):  # its own picture is replaced
            same(run(INFO, image, "--chip", H7, "--svg", svg,
                     *options).returncode, 0)
        text = check_picture(svg)
        assert words in text and "area 1" in text, words
    (folder / "letter").write_text("dear\n")
    done = run(INFO, image, "--chip", H7, "--svg", folder / "letter")
    same(done.returncode, 4)
    assert "replaced only when" in done.stderr, done.stderr


@case
def text_maps(folder):
    image = new_image(folder)
    os.environ["COLUMNS"] = "60"
    try:
        done = run(INFO, image, "--chip", H7, "--map")
    finally:
        del os.environ["COLUMNS"]
    same(done.returncode, 0)
    lines = done.stdout.splitlines()
    same(lines[0], "app.sfi")
    assert all(len(line) <= 60 and line.isascii() for line in lines)
    assert "    area 1, 0x08000000, 8,192 bytes" in lines
    assert "  0 0x08000000 |##" in done.stdout
    assert "Area type" not in done.stdout


@case
def refused(folder):
    image = new_image(folder)
    key = folder / "key"
    for status, words, options in [
            (64, "--svg needs --chip NAME", [image, "--svg", "x.svg"]),
            (64, "--map needs --chip NAME", [image, "--map"]),
            (64, "--map cannot be combined with --json",
             [image, "--chip", H7, "--map", "--json"]),
            (2, "only an image has a map", [key, "--chip", H7, "--map"])]:
        done = run(INFO, *options)
        assert done.returncode == status and words in done.stderr, \
            (options, done.returncode, done.stderr)


def write():
    import pathlib
    import tempfile
    PICTURES.mkdir(exist_ok=True)
    for name, make in EXAMPLES.items():
        with tempfile.TemporaryDirectory() as folder:
            (PICTURES / name).write_text(make(pathlib.Path(folder)))
            (PICTURES / name).chmod(0o644)


if __name__ == "__main__":
    if sys.argv[2:] == ["--write"]:
        write()
    else:
        check.main()
