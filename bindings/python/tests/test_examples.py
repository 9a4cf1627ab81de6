# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The examples, as a user runs them."""
from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from typing import Tuple

import bench
import kit
from bench import BenchCase
from kit import sfi

from sfi import sim

EXAMPLES = kit.PACKAGE / "examples"


def run(name: str, *args: object, typed: str = "123456\n"
        ) -> Tuple[int, str, str]:
    """Run an example with a PIN at its standard input."""
    done = subprocess.run(
        [sys.executable, "-X", "dev", str(EXAMPLES / name),
         *[str(a) for a in args]],
        input=typed, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, timeout=100,
        env=dict(os.environ, PYTHONPATH=str(kit.PACKAGE)))
    return done.returncode, done.stdout, done.stderr


class Examples(BenchCase):
    def vault(self) -> str:
        self.hsm().close()
        return f"vault:{self.path('test.vault')}"

    def test_production_line(self) -> None:
        image = self.path("blink.sfi", bench.image())
        record, vault = self.path("line.jsonl"), self.vault()
        with sfi.Context() as other:
            chip = sim.Simulator(self.new_chip(), context=other)
            with chip.serving(usart=self.path("port")):
                status, out, err = run(
                    "production_line.py", image, vault, record,
                    f"serial:{self.path('port')}", "serial:/dev/nothing")
        self.assertEqual(status, 1, err)
        self.assertIn("installed", out)
        self.assertIn("/dev/nothing", out)
        self.assertIn("9 installations left", out)
        line, = sfi.read_journal(record)
        self.assertEqual(line["result"], "installed")

    def test_production_line_is_short(self) -> None:
        code = [line for line in (EXAMPLES / "production_line.py").read_text(
            "utf-8").splitlines() if line.strip()]
        self.assertLessEqual(len(code), 40)

    def test_image_info(self) -> None:
        image = self.path("blink.sfi", bench.image())
        key = self.path("key", bench.KEY)
        nonce = self.path("nonce", bench.NONCE)
        for arguments in ((), (key, nonce)):
            status, out, err = run("image_info.py", image, bench.CHIP,
                                   *arguments)
            self.assertEqual(status, 0, err)
            self.assertIn("0x08000000", out)
            self.assertIn("<svg", self.path("blink.svg").read_text("utf-8"))
        status, out, err = run("image_info.py", self.path("x", b"no image"),
                               bench.CHIP)
        self.assertIn("image_info: ", err)

    def test_license_batch(self) -> None:
        folder = self.path("certs")
        folder.mkdir()
        for number in range(3):
            chip = self.other_chip(f"c{number}")
            sim.save(chip, sfi.SimArea.CERTIFICATE, folder / f"{number}.cert")
        status, out, err = run("license_batch.py", self.vault(), folder,
                               self.path("store"))
        self.assertEqual((status, err), (0, ""))
        self.assertIn("3 licences", out)
        self.assertIn("7 installations left", out)
        store = sfi.LicenseStore(self.path("store"))
        for path in folder.iterdir():
            self.assertIn(sfi.Certificate.load(path), store)

    def test_guide(self) -> None:
        """What a newcomer copies from the guide runs in an empty folder."""
        text = (kit.SOURCE / "doc" / "guide.md").read_text("utf-8")
        chapter = text.partition("### From Python\n")[2].partition("\n### ")[0]
        output = []
        for block in chapter.split("```python\n")[1:]:
            done = subprocess.run(
                [sys.executable, "-X", "dev", "-c", block.partition("```")[0]],
                cwd=self.folder, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True, timeout=100,
                env=dict(os.environ, PYTHONPATH=str(kit.PACKAGE)))
            self.assertEqual(done.stderr, "")
            output.append(done.stdout)
        self.assertIn("installed ", output[0])
        self.assertTrue(output[0].endswith("9 installations left\n"))
        self.assertEqual(output[1:], ["stm32h743zi 1\n"])

    def test_wrong_use(self) -> None:
        for name in ("production_line.py", "license_batch.py"):
            status, out, err = run(name)
            self.assertEqual(status, 1)
            self.assertTrue(err.startswith(pathlib.Path(name).stem), err)
        status, out, err = run("production_line.py", "i", self.vault(), "r",
                               "usb:", typed="wrong1\n")
        self.assertIn("PIN", err)


if __name__ == "__main__":
    kit.main()
