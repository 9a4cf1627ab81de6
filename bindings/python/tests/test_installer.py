# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Installs of one chip, with libsfi's security extension and with others."""
from __future__ import annotations

import gc
from typing import Any, List

import bench
import kit
from bench import BenchCase
from kit import sfi

from sfi import Status, sim


class Installs(BenchCase):
    def test_run(self) -> None:
        chip, hsm, seen = self.simulator(), self.hsm(), []
        with sfi.Installer(bench.image(), chip.transport(), hsm) as install:
            self.assertIsNone(install.chip)
            self.assertIsNone(install.certificate)
            self.assertIsNone(install.license)
            self.assertEqual(install.progress.phase, sfi.Phase.CONNECT)
            install.run(seen.append)
            self.assertIs(install.chip, chip.chip)
            cert, lic = install.certificate, install.license
            self.assertEqual(install.progress.phase, sfi.Phase.DONE)
            self.assertEqual(repr(install), "<sfi.Installer done>")
        assert cert is not None and lic is not None
        self.assertEqual(cert.data, chip.dump(sfi.SimArea.CERTIFICATE))
        self.assertEqual(hsm.license(cert), lic)
        self.assertEqual(hsm.info().remaining, 9)
        self.assertEqual(seen[0].phase, sfi.Phase.CONNECT)
        self.assertEqual(seen[-1].done, len(bench.image()))
        self.assertEqual(chip.read_flash(bench.BASE, 3000),
                         bench.content(3000))

    def test_receipt(self) -> None:
        chip, perso = self.simulator(), sfi.Personalization.load(next(
            (bench.folder() / "ca").glob("4500*.pd")))
        with sfi.Installer(bench.image(), chip.transport(),
                           self.hsm()) as install:
            self.assertIsNone(install.receipt)
            self.assertEqual(install.no_receipt, "")
            install.run()
            receipt, cert = install.receipt, install.certificate
        assert receipt is not None and cert is not None
        receipt.verify(perso.ca_public_key)
        receipt.check_image(bench.image())
        receipt.check_image_file(self.path("image.sfi", bench.image()))
        receipt.check_install(receipt.installs)
        self.assertEqual((receipt.installs, receipt.chip_id), (1, 0x450))
        self.assertEqual(receipt.product_id, cert.product_id)
        self.assertEqual(receipt.device_id, cert.device_id)
        self.assertEqual(receipt.certificate, cert)
        self.assertEqual(receipt.header_tag, bench.image()[12:28])
        self.assertEqual((len(receipt.areas), len(receipt.option_bytes)),
                         (32, 32))
        with self.assertRaises(sfi.DeviceError):
            receipt.check_image(bench.image(size=4000))
        with self.assertRaises(sfi.DeviceError):
            receipt.check_install(2)
        receipt.check_option_bytes(sfi.OptionBytes.load(
            kit.DATA / f"ob-{bench.CHIP}.csv", bench.CHIP))
        with self.assertRaises(sfi.SecurityError):
            receipt.verify(cert.public_key)
        path = self.path("board.receipt")
        receipt.save(path)
        self.assertEqual(sfi.Receipt.load(path), receipt)
        altered = bytearray(receipt.data)
        altered[131] ^= 1
        with self.assertRaises(sfi.SecurityError):
            sfi.Receipt.parse(altered).verify(perso.ca_public_key)

    def test_no_receipt(self) -> None:
        class Old(sfi.Dialect):
            def info(self, target: sfi.DialectTarget) -> sfi.DialectInfo:
                found = super().info(target)
                found.has_receipts = False
                return found

        class Altered(sfi.Dialect):
            def receipt(self, target: sfi.DialectTarget) -> bytes:
                return bytes(196)

        for number, (dialect, word) in enumerate(
                ((Old(), "does not give"), (Altered(), "not genuine"))):
            chip = self.simulator(f"chip{number}")
            with sfi.Installer(bench.image(), chip.transport(), self.hsm(),
                               dialect=dialect) as install:
                install.run()
                self.assertIsNone(install.receipt)
                self.assertIn(word, install.no_receipt)

    def test_iterate(self) -> None:
        chip = self.simulator()
        phases = [p.phase for p in sfi.Installer(
            bench.image(), chip.transport(), self.hsm())]
        self.assertEqual(sorted(set(phases)), phases[:1] + sorted(
            set(phases) - set(phases[:1])))
        self.assertEqual(phases[-1], sfi.Phase.DONE)

    def test_each_interface(self) -> None:
        hsm = self.hsm()
        path = self.path("image.sfi", bench.image())
        for name in ("usart", "spi", "usb", "jtag", "swd"):
            with self.subTest(name), sim.Simulator(
                    self.new_chip(name)) as chip:
                sfi.Installer(path, chip.transport(name), hsm).run()
        self.assertEqual(hsm.info().remaining, 9)  # copies of one chip

    def test_other_part(self) -> None:
        part = "stm32l462ce"
        chip = self.simulator("l4", part)
        lic = None
        with sfi.Target.connect(chip.transport()) as target:
            cert = target.certificate()
        perso = sfi.Personalization.load(next(
            (bench.folder() / "ca").glob(f"{chip.chip.product_id}*.pd")))
        with sfi.Hsm.open(f"vault:{self.path('l4.vault')}") as hsm:
            hsm.login(bench.PIN)
            hsm.provision(sfi.Key.from_bytes(bench.KEY), bench.NONCE, "l4", 1,
                          perso)
            lic = hsm.license(cert)
        sfi.Installer(bench.image(part, 2048), chip.transport(), license=lic,
                      chip=part).run()

    def test_again(self) -> None:
        chip, hsm = self.simulator(), self.hsm()
        sfi.Installer(bench.image(), chip.transport(), hsm).run()
        with self.assertRaises(sfi.DeviceError) as caught:
            sfi.Installer(bench.image(), chip.transport(), hsm).run()
        self.assertEqual(caught.exception.cause, sfi.Cause.INSTALLED)
        sfi.Installer(bench.image(), chip.transport(), hsm, erase=True).run()
        self.assertEqual(hsm.info().remaining, 9)

    def test_store(self) -> None:
        store = sfi.LicenseStore(self.path("store"), create=True)
        for name in ("a", "b"):
            with sim.Simulator(self.new_chip(name)) as chip:
                hsm = self.hsm() if name == "a" else None
                if hsm is None:
                    sfi.Target.connect(chip.transport()).activate_security()
                sfi.Installer(bench.image(), chip.transport(), hsm,
                              store=store).run()

    def test_paths(self) -> None:
        chip, store = self.simulator(), self.path("store")
        with self.hsm() as hsm:
            sfi.Installer(bench.image(), chip.transport(), hsm,
                          store=store).run()
        file, = store.iterdir()
        for license, folder in ((None, store), (file, None), (store, None)):
            with sfi.Installer(bench.image(), chip.transport(), erase=True,
                               license=license, store=folder) as install:
                install.run()
        with self.assertRaises(FileNotFoundError):
            sfi.Installer(bench.image(), chip.transport(), license="none")
        with self.assertRaisesRegex(sfi.MachineError, "expected a folder"):
            sfi.Installer(bench.image(), chip.transport(), store=file)

    def test_live(self) -> None:
        chip = self.simulator()
        install = sfi.Installer(bench.image(), chip.transport(), self.hsm(),
                                live=True)
        install.run()
        lic = install.license
        assert lic is not None
        self.assertEqual(lic.type, sfi.LicenseType.LIVE)

    def test_no_license(self) -> None:
        chip = self.simulator()
        self.assert_fails(sfi.UsageError, Status.STATE, sfi.Installer(
            bench.image(), chip.transport()).run)

    def test_wrong_key(self) -> None:
        chip, hsm = self.simulator(), self.hsm()
        self.assert_fails(sfi.SecurityError, Status.AUTH, sfi.Installer(
            bench.image(key=bytes(15) + b"x"), chip.transport(), hsm).run)
        self.assertEqual(hsm.info().remaining, 10)

    def test_damaged_images(self) -> None:
        chip, hsm = self.simulator(), self.hsm()
        for image in (b"", b"SFI", bench.image()[:-1]):
            with self.assertRaises(sfi.InputError):
                sfi.Installer(image, chip.transport(), hsm).run()
        with self.assertRaises(sfi.MissingFile):
            sfi.Installer(self.path("none"), chip.transport(), hsm)

    def test_once(self) -> None:
        chip = self.simulator()
        install = sfi.Installer(bench.image(), chip.transport(), self.hsm())
        install.run()
        self.assert_fails(sfi.UsageError, Status.STATE, install.run)
        self.assertEqual(list(install), [])

    def test_cancel(self) -> None:
        chip, hsm = self.simulator(), self.hsm()
        install = sfi.Installer(bench.image(), chip.transport(), hsm)
        for progress in install:
            if progress.phase == sfi.Phase.AREAS:
                break
        install.cancel()
        self.assert_fails(sfi.Cancelled, Status.CANCELLED, install.run)
        with sfi.Target.connect(chip.transport()) as target:
            self.assertEqual(target.info().device_state, sfi.DeviceState.EMPTY)
        sfi.Installer(bench.image(), chip.transport(), hsm).run()

    def test_progress_that_raises(self) -> None:
        chip, hsm = self.simulator(), self.hsm()

        def fails(progress: sfi.Progress) -> None:
            if progress.phase == sfi.Phase.AREAS:
                raise KeyError("mine")

        with self.assertRaises(KeyError):
            sfi.Installer(bench.image(), chip.transport(), hsm).run(fails)
        sfi.Installer(bench.image(), chip.transport(), hsm).run()

    def test_power_cut(self) -> None:
        (chip, target), hsm = self.secure(), self.hsm()
        target.close()
        chip.power_cut_after(5)
        with self.assertRaises(sfi.Error):
            sfi.Installer(bench.image(), chip.transport(), hsm,
                          timeout=0.5).run()
        self.assertFalse(chip.has_power)
        chip.power_on()
        sfi.Installer(bench.image(), chip.transport(), hsm).run()

    def test_hsm_that_raises(self) -> None:
        class Broken(sfi.CustomHsm):
            def info(self) -> sfi.HsmInfo:
                return sfi.HsmInfo(sfi.HsmState.OPERATIONAL, 1, 1, "x",
                                   "45002001", 3)

            def license(self, certificate: bytes, session: int) -> bytes:
                raise LookupError("no such board")

        chip = self.simulator()
        with self.assertRaises(LookupError):
            sfi.Installer(bench.image(), chip.transport(),
                          sfi.Hsm.over(Broken())).run()

    def test_late_hsm_is_not_opened(self) -> None:
        store = sfi.LicenseStore(self.path("store"), create=True)
        chip, target = self.secure()
        with self.hsm() as hsm:
            cert = target.certificate()
            store[cert] = hsm.license(cert)
        target.close()

        def never() -> sfi.Hsm:
            raise AssertionError("asked")

        sfi.Installer(bench.image(), chip.transport(), sfi.Hsm.late(never),
                      store=store).run()

    def test_other_context(self) -> None:
        chip = self.simulator()
        hsm = self.hsm()
        with sfi.Context() as other:
            self.assert_fails(sfi.UsageError, Status.ARGUMENT, sfi.Installer,
                              bench.image(), chip.transport(), hsm,
                              context=other)

    def test_everything_is_collected(self) -> None:
        def use() -> None:
            chip = self.simulator()
            sfi.Installer(bench.image(), chip.transport(), self.hsm()).run()

        use()
        gc.collect()
        sim.Simulator(self.path("chip")).close()  # its folder is free again


class Watching(sfi.Dialect):
    """libsfi's own extension, with eyes."""

    def __init__(self) -> None:
        self.calls: List[str] = []
        self.bytes = 0

    def speaks(self, target: sfi.DialectTarget) -> bool:
        self.calls.append("speaks")
        self.link = target.link
        return super().speaks(target)

    def info(self, target: sfi.DialectTarget) -> sfi.DialectInfo:
        self.calls.append("info")
        return super().info(target)

    def certificate(self, target: sfi.DialectTarget) -> bytes:
        self.calls.append("certificate")
        return super().certificate(target)

    def session(self, target: sfi.DialectTarget) -> int:
        self.calls.append("session")
        return super().session(target)

    def secure(self, target: sfi.DialectTarget, erase: bool) -> None:
        self.calls.append("secure")
        super().secure(target, erase)

    def license(self, target: sfi.DialectTarget, data: bytes) -> None:
        self.calls.append("license")
        super().license(target, data)

    def header(self, target: sfi.DialectTarget, data: bytes) -> None:
        self.calls.append("header")
        super().header(target, data)

    def area(self, target: sfi.DialectTarget, data: bytes) -> None:
        self.calls.append("area")
        super().area(target, data)

    def data(self, target: sfi.DialectTarget, offset: int,
             data: bytes) -> None:
        self.bytes += len(data)
        super().data(target, offset, data)

    def finish(self, target: sfi.DialectTarget) -> None:
        self.calls.append("finish")
        super().finish(target)

    def abort(self, target: sfi.DialectTarget) -> None:
        self.calls.append("abort")
        super().abort(target)


class Dialects(BenchCase):
    def test_watch(self) -> None:
        dialect, chip = Watching(), self.simulator()
        sfi.Installer(bench.image(), chip.transport(), self.hsm(), live=True,
                      dialect=dialect).run()
        for name in ("speaks", "info", "certificate", "session", "secure",
                     "license", "header", "area", "finish"):
            self.assertIn(name, dialect.calls)
        self.assertGreater(dialect.bytes, 3000)
        self.assertEqual(dialect.link.kind, sfi.LinkKind.USART)
        self.assertTrue(dialect.link.has_requests)

    def test_refusals_pass(self) -> None:
        dialect, chip = Watching(), self.simulator()
        hsm = self.hsm()
        sfi.Installer(bench.image(), chip.transport(), hsm).run()
        with self.assertRaises(sfi.DeviceError) as caught:
            sfi.Installer(bench.image(), chip.transport(), hsm,
                          dialect=dialect).run()
        self.assertEqual(caught.exception.cause, sfi.Cause.INSTALLED)

    def test_a_refusal_of_its_own(self) -> None:
        class No(sfi.Dialect):
            def license(self, target: sfi.DialectTarget, data: bytes) -> None:
                raise sfi.DeviceError("it says no", peer_code=0x101)

        chip = self.simulator()
        with self.assertRaises(sfi.DeviceError) as caught:
            sfi.Installer(bench.image(), chip.transport(), self.hsm(),
                          dialect=No()).run()
        self.assertEqual((caught.exception.peer_code,
                          caught.exception.message), (0x101, "it says no"))

    def test_methods_that_raise(self) -> None:
        for name in ("speaks", "info", "certificate", "secure", "license",
                     "header", "area", "data", "finish"):
            def method(*_: Any) -> None:
                raise KeyError(name)

            with self.subTest(name), sim.Simulator(
                    self.new_chip(name)) as chip:
                dialect = type("Bad", (sfi.Dialect,), {name: method})()
                with self.assertRaises(KeyError):
                    sfi.Installer(bench.image(), chip.transport(), self.hsm(),
                                  dialect=dialect).run()

    def test_the_chip_is_lent(self) -> None:
        kept: List[sfi.DialectTarget] = []

        class Keeps(sfi.Dialect):
            def speaks(self, target: sfi.DialectTarget) -> bool:
                kept.append(target)
                return super().speaks(target)

        sfi.Target.connect(self.simulator().transport(), dialect=Keeps())
        self.assert_fails(sfi.UsageError, Status.STATE, kept[0].read,
                          bench.BASE, 4)
        self.assert_fails(sfi.UsageError, Status.STATE, kept[0].wait, 0)

    def test_requests(self) -> None:
        answers: List[Any] = []

        class Asks(sfi.Dialect):
            def speaks(self, target: sfi.DialectTarget) -> bool:
                if answers:
                    answers.append(target.request(
                        0x5301, reply=136, exact=False, name="INFO"))
                    target.wait(0.01)
                    with kit.Case().assertRaises(sfi.UsageError):
                        target.request(0x10000)
                return super().speaks(target)

        answers.append(None)
        _, target = self.secure()
        target.close()
        chip = sim.Simulator(self.new_chip("other"))
        with sfi.Target.connect(chip.transport()) as target:
            target.activate_security()
        sfi.Target.connect(chip.transport(), dialect=Asks())
        status, reply = answers[1]
        self.assertIsInstance(status, int)
        self.assertIsInstance(reply, bytes)


if __name__ == "__main__":
    kit.main()
