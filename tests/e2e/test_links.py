# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The whole story of a secure install over each link of each part: the
programs, a virtual chip, and what is between them in the real world: a tty,
spidev, libusb, openocd.

SFI_LINKS has the links that were built; usart without it.
"""

import hashlib
import json
import os
import shutil
import sys

import bench
import test_jtag
from bench import H753, L462, DATA, about

LINKS = os.environ.get("SFI_LINKS", "usart").split()
SKIP = 77  # meson's


class OnUsart(bench.Chip):
    @property
    def port(self):
        return self.link

    def do(self, *words):
        return bench.run("sfi-program", "-c", f"port={self.port}", *words)


class OnJtag(test_jtag.Served):
    do = OnUsart.do


class Wrapped(bench.Chip):
    """A device of the machine that sfi-program sees.  The power comes and goes
    with the program."""

    def start(self):
        return self

    def do(self, *words):
        return bench.run("sfi-sim", "wrap", "--state", self.state, self.device,
                         *self.emulator(), "--", bench.PROGRAMS / "sfi-program", "-c",
                         f"port={self.port}", *words)

    def program(self, image, *hsm, protocol="static"):
        return self.do("--yes", "-sfi", f"protocol={protocol}", image, *hsm)


class OnSpi(Wrapped):
    device, port = "--spi", "spidev0.0"


class OnUsb(Wrapped):
    device, port = "--usb", "usb1"


class OnProbe(Wrapped):
    device, port = "--probe", "swd"


# What is wrong with the other part's image.
OTHER = {H753: about("other.sfi", "area 5", "20 bytes", H753, "36"),
         L462: about("other.sfi", "area 1", "0x08000000", "below 0x08001000")}

CHIPS = {"usart": OnUsart, "spi": OnSpi, "usb": OnUsb, "jtag": OnJtag,
         "probe": OnProbe}


class Links(bench.Case):
    def setUp(self):
        self.bench = bench.Bench()
        self.addCleanup(self.bench.close)

    def chip(self, link, name, folder):
        part = CHIPS[link](self.bench, name, folder)
        self.bench.chips.append(part)
        return part

    def assertInstalled(self, part):
        self.assertHolds(part, bench.segments(part.name),
                         bench.option_words(DATA / f"ob-{part.name}.csv"))

    def wrong_images(self, part, hsm):
        """No refusal leaves anything in the chip.  An image of another part is
        refused before the HSM is asked; one under another key by the HSM,
        which counts nothing."""
        b = self.bench
        other = L462 if part.name == H753 else H753
        self.assertEnded(part.program(b.image(other, "other.sfi"), *hsm), 2,
                         OTHER[part.name])
        self.assertEqual(b.counter("line.vault"), 1)
        foreign = b.path / "foreign.sfi"
        bench.must("sfi-create", "--genkey", b.path / "foreign.bin")
        bench.must("sfi-create", "-sfi", "-fir", DATA / f"blink-{part.name}.elf",
                   "-k", b.path / "foreign.bin", "-n", b.path / "nonce.bin",
                   "-ob", DATA / f"ob-{part.name}.csv", "-v", 1, "-devid",
                   bench.DEVICE_ID[part.name], "-o", foreign)
        self.assertEnded(part.program(foreign, *hsm), 3,
                         about("", "another key or nonce", "HSM"))
        self.assertHoldsNothing(part)
        self.assertEqual(b.counter("line.vault"), 1)

    def once_more(self, part, image, hsm):
        """Again: an L4 no longer replies; an H7 is erased, uncounted."""
        if part.name == L462:
            self.assertEnded(part.program(image, *hsm), 4, "no answer|silent")
            return
        self.assertEnded(part.program(image, *hsm), 5,
                         about("", "installed firmware", "mass erase"))
        self.assertEnded(part.do("-e", "all"), 0)
        self.assertTrue(part.dump("flash") == part.born_flash)
        self.assertEnded(part.program(image, *hsm), 0)

    def story(self, link, name):
        if link not in LINKS:
            self.skipTest(f"{link} was not built")
        b = self.bench
        hsm = b.hsm(name, "line.vault", 1)
        image = b.image(name, "fw.sfi")
        part = self.chip(link, name, "part").start()
        self.wrong_images(part, hsm)
        self.assertEnded(part.program(image, *hsm), 0)
        self.assertInstalled(part)
        self.once_more(part, image, hsm)
        self.assertInstalled(part)
        part.stop()
        second = self.chip(link, name, "second").start()
        self.assertEnded(second.program(image, *hsm), 6,
                         about("line.vault", "installations", "1"))
        self.assertHoldsNothing(second)
        self.assertEqual(b.counter("line.vault"), 0)

    def gang(self, link, ports, missing):
        """Chips side by side, one more than were counted, and a port in which
        there is none."""
        if link not in LINKS:
            self.skipTest(f"{link} was not built")
        b = self.bench
        hsm = b.hsm(H753, "line.vault", 2)
        parts = [self.chip(link, H753, f"part-{i}") for i in range(3)]
        states = [word for p in parts for word in ("--state", p.state)]
        result = bench.run(
            "sfi-sim", "wrap", *states, CHIPS[link].device, "--",
            bench.PROGRAMS / "sfi-program", "--gang",
            ",".join([*ports, missing]), "--json", "--yes",
            "-sfi", b.image(H753, "fw.sfi"), *hsm)
        told = json.loads(result.out)
        self.assertEqual((told["succeeded"], told["failed"]), (2, 2),
                         str(result))
        chips = told["chips"]
        self.assertEqual([c["port"] for c in chips], [*ports, missing])
        self.assertEqual(chips[3]["error"]["name"], "SFI_ERR_NO_DEVICE")
        for part, chip in zip(parts, chips):
            key = part.dump("certificate")[8:72]
            self.assertEqual(chip["device_id"],
                             hashlib.sha256(key).hexdigest())
            if chip["result"] == "installed":
                self.assertInstalled(part)
            else:
                self.assertEqual(chip["error"]["name"], "SFI_ERR_HSM_COUNTER")
                self.assertHoldsNothing(part)
        self.assertEqual(b.counter("line.vault"), 0)

    def test_gang_usb(self):
        """Chips named by USB port, because their serial numbers are equal."""
        self.gang("usb", ["usb:path=1-1", "usb:path=1-3", "usb:path=1-5"],
                  "usb:path=1-7")

    def test_gang_probe(self):
        """Serial numbers too: each program then opens all probes."""
        self.gang("probe", ["cmsis-dap:path=1-2", "cmsis-dap:serial=0002",
                            "cmsis-dap:serial=0003"], "cmsis-dap:serial=0004")

    def test_gang_spi(self):
        self.gang("spi", ["spidev0.0", "/dev/spidev0.1",
                          "spi:/dev/spidev0.2?speed=4000000"], "spidev0.3")

    def test_h753_usart(self):
        self.story("usart", H753)

    def test_h753_spi(self):
        self.story("spi", H753)

    def test_h753_usb(self):
        self.story("usb", H753)

    def test_h753_jtag(self):
        self.story("jtag", H753)

    def test_h753_probe(self):
        self.story("probe", H753)

    def test_l462_usart(self):
        self.story("usart", L462)

    def test_l462_spi(self):
        self.story("spi", L462)


if __name__ == "__main__":
    if "jtag" in LINKS and shutil.which("openocd") is None:
        print("SKIP: openocd is not installed")
        sys.exit(SKIP if os.environ.get("SFI_ALLOW_SKIP") == "1" else 1)
    bench.main()
