# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Sessions with open and secure chips."""
from __future__ import annotations

import json
import threading
from typing import List

import bench
import kit
from bench import BASE, BenchCase
from kit import sfi

from sfi import Status, sim


class Open(BenchCase):
    def setUp(self) -> None:
        super().setUp()
        self.sim = self.simulator()
        self.target = sfi.Target.connect(self.sim.transport())

    def firmware(self, size: int = 1000, base: int = BASE) -> sfi.Firmware:
        return sfi.Firmware.parse(bench.content(size), format="raw",
                                  base=base)

    def test_info(self) -> None:
        info = self.target.info()
        self.assertEqual(
            (info.device_id, info.secure, info.flash_size, info.readout),
            (0x450, False, 2 << 20, sfi.Readout.LEVEL_0))
        self.assertEqual(self.target.device_id, 0x450)
        self.assertIs(self.target.chip, sfi.chip(bench.CHIP))
        self.assertIsNone(info.last_cause)
        self.assertTrue(info.bootloader_name.startswith("V"))
        self.assertEqual(repr(self.target), "<sfi.Target stm32h753xi>")

    def test_inspect(self) -> None:
        contents = self.target.inspect()
        self.assertEqual(
            (contents.state, contents.stack, contents.entry,
             contents.security, contents.has_image, contents.device_id),
            (sfi.TargetState.EMPTY, None, None, 0, False, ""))
        self.target.program(self.firmware())
        contents = self.target.inspect()
        self.assertEqual((contents.state, contents.stack, contents.entry),
                         (sfi.TargetState.PROGRAMMED, 0x20001000, BASE + 0x101))
        self.assertIn("program", contents.text)

    def test_describe(self) -> None:
        self.target.program(self.firmware())
        found = self.target.describe()
        self.assertEqual(
            [found[name] for name in ("kind", "chip", "flash_size", "secure",
                                      "entry")],
            ["chip", bench.CHIP, 2 << 20, False, BASE + 0x101])
        self.assertIn(f"  Part               : {bench.CHIP}\n",
                      found.to_text())
        self.assertEqual(json.loads(found.to_json())["state"],
                         "open, has a program")
        self.assertTrue(found.sound)
        self.target.cancel()
        self.assert_fails(sfi.Cancelled, Status.CANCELLED,
                          self.target.describe)

    def test_read_firmware(self) -> None:
        self.target.program(self.firmware())
        self.target.read_firmware(BASE, 1000).save(self.path("x.hex"))
        self.target.verify(sfi.Firmware.load(self.path("x.hex")))
        self.assert_fails(sfi.InputError, Status.LIMIT,
                          self.target.read_firmware, BASE, 0)

    def test_program_and_verify(self) -> None:
        firmware = self.firmware()
        seen: List[sfi.Progress] = []
        self.target.program(firmware, verify=True, progress=seen.append)
        self.assertEqual(self.sim.read_flash(BASE, 1000),
                         bench.content(1000))
        self.target.verify(firmware)
        self.assertTrue(seen)
        self.assertTrue(all(0.0 <= p.fraction <= 1.0 for p in seen))
        self.assertIn(sfi.Phase.WRITE, {p.phase for p in seen})
        self.assertIn("bytes", str(seen[-1]))
        self.target.erase([0])
        error = self.assert_fails(sfi.DeviceError, Status.MISMATCH,
                                  self.target.verify, firmware)
        self.assertIn("0x08000000", str(error))

    def test_program_without_erase(self) -> None:
        self.target.program(self.firmware(), erase=False)
        self.assert_fails(sfi.DeviceError, Status.MISMATCH,
                          self.target.program, self.firmware(), erase=False)

    def test_program_out_of_range(self) -> None:
        self.assert_fails(
            sfi.InputError, Status.RANGE, self.target.program,
            self.firmware(base=BASE + (2 << 20) - 32))

    def test_memory(self) -> None:
        self.target.write(0x24010000, bytearray(range(16)))
        self.assertEqual(self.target.read(0x24010000, 16), bytes(range(16)))
        self.target.check_write(BASE, 32)
        self.target.check_erased(BASE, 4096)
        self.target.write(BASE, memoryview(bytes(32)))
        self.assert_fails(sfi.DeviceError, Status.MISMATCH,
                          self.target.check_erased, BASE, 4096)
        self.target.erase_all()
        self.target.check_erased(BASE, 4096)
        self.assertEqual(self.target.read(BASE, 0), b"")

    def test_numbers_are_not_cut(self) -> None:
        for address, size in ((-1, 4), (1 << 64, 4), (BASE, -1),
                              (BASE, 1 << 32)):
            self.assert_fails(sfi.InputError, Status.RANGE, self.target.read,
                              address, size)
        for sector in (-1, 1 << 32, 99):
            self.assert_fails(sfi.InputError, Status.RANGE,
                              self.target.erase, [sector])
        self.target.erase([])

    def test_option_bytes(self) -> None:
        ob = self.target.option_bytes()
        self.assertIs(ob.chip, self.target.chip)
        self.assertEqual(ob.fields["RDP"].value, 0xaa)
        self.assertIsNone(ob.permanent)
        ob["IWDG1_SW"] = 1 - ob.fields["IWDG1_SW"].value
        self.target.write_option_bytes(ob)
        self.assertEqual(self.target.option_bytes().fields["IWDG1_SW"].value,
                         ob.fields["IWDG1_SW"].value)

    def test_readout_protection(self) -> None:
        self.target.write(BASE, bytes(32))
        ob = self.target.option_bytes()
        ob["RDP"] = 0xbb
        self.target.write_option_bytes(ob)
        self.assert_fails(sfi.DeviceError, Status.PROTECTED,
                          self.target.read, BASE, 4)
        self.target.readout_unprotect()
        self.assertEqual(self.target.read(BASE, 4), b"\xff" * 4)

    def test_go_and_reset(self) -> None:
        self.target.program(self.firmware())
        self.target.go()
        self.assertEqual(self.sim.state()["runs"], "application")
        self.sim.power_on()
        target = sfi.Target.connect(self.sim.transport())
        target.reset()
        self.assert_fails(sfi.Unsupported, Status.UNSUPPORTED,
                          sfi.Target.connect(self.sim.transport()).reset,
                          sfi.ResetKind.CORE)

    def test_debug_port(self) -> None:
        target = sfi.Target.connect(self.sim.transport("swd"))
        target.program(self.firmware(), verify=True)
        target.halt()
        target.reset(sfi.ResetKind.CORE)

    def test_each_interface(self) -> None:
        for name in ("usart", "spi", "usb", "jtag", "swd"):
            with self.subTest(name), sfi.Target.connect(
                    self.sim.transport(name)) as target:
                self.assertEqual(target.read(BASE, 4), b"\xff" * 4)

    def test_expected_part(self) -> None:
        self.assert_fails(sfi.NoDevice, Status.NO_DEVICE, sfi.Target.connect,
                          self.sim.transport(), "stm32l462ce")
        with self.assertRaises(sfi.UsageError):
            sfi.Target.connect(self.sim.transport(), "stm32f1")

    def test_time_limits(self) -> None:
        for wrong in (0, -1, 1e9):
            self.assert_fails(sfi.InputError, Status.RANGE,
                              sfi.Target.connect, self.sim.transport(),
                              timeout=wrong)

    def test_nothing_answers(self) -> None:
        self.sim.command("nrst 0")
        self.assert_fails(sfi.LinkTimeout, Status.TIMEOUT, sfi.Target.connect,
                          self.sim.transport(), timeout=0.5)

    def test_progress_that_raises(self) -> None:
        def fails(progress: sfi.Progress) -> None:
            raise KeyError(progress.done)

        with self.assertRaises(KeyError):
            self.target.program(self.firmware(200000), progress=fails)
        self.target.program(self.firmware())  # the next call works again

    def test_cancel(self) -> None:
        seen: List[int] = []

        def stop(progress: sfi.Progress) -> None:
            seen.append(progress.done)
            if progress.phase == sfi.Phase.WRITE:
                self.target.cancel()

        self.assert_fails(sfi.Cancelled, Status.CANCELLED,
                          self.target.program, self.firmware(200000),
                          progress=stop)
        self.assert_fails(sfi.Cancelled, Status.CANCELLED, self.target.read,
                          BASE, 4)
        self.target.cancel(False)
        self.target.read(BASE, 4)

    def test_cancel_from_a_thread(self) -> None:
        timer = threading.Timer(0.0, self.target.cancel)
        timer.start()
        timer.join()
        with self.assertRaises(sfi.Cancelled):
            self.target.program(self.firmware(500000))

    def test_closed(self) -> None:
        self.target.close()
        for call in (self.target.info, self.target.go,
                     self.target.option_bytes):
            with self.assertRaises(sfi.ClosedError):
                call()
        self.target.cancel()
        self.target.close()
        self.assertEqual(repr(self.target), "<sfi.Target closed>")


class Secure(BenchCase):
    def setUp(self) -> None:
        super().setUp()
        self.sim, self.target = self.secure()

    def test_certificate(self) -> None:
        cert = self.target.certificate()
        self.assertEqual(self.target.inspect().device_id, cert.device_id)
        self.assertEqual(cert.data, self.sim.dump(sfi.SimArea.CERTIFICATE))
        info = self.target.info()
        self.assertTrue(info.secure)
        self.assertEqual(info.device_state, sfi.DeviceState.EMPTY)

    def test_step_by_step(self) -> None:
        hsm = self.hsm()
        self.target.send_license(hsm.license(self.target.certificate()))
        self.target.send_image(bench.image())
        self.assertEqual(self.target.info().device_state,
                         sfi.DeviceState.INSTALLED)

    def test_live_session(self) -> None:
        hsm, session = self.hsm(), self.target.session()
        self.assertNotEqual(session, 0)
        live = hsm.live_license(self.target.certificate(), session)
        self.target.send_license(live)
        self.assertNotEqual(self.target.session(), session)

    def test_a_refusal_has_a_cause(self) -> None:
        hsm = self.hsm()
        other = sim.Simulator(self.other_chip("other"))
        with sfi.Target.connect(other.transport()) as target:
            target.activate_security()
            lic = hsm.license(target.certificate())
        error = self.assert_fails(sfi.DeviceError, Status.DEVICE,
                                  self.target.send_license, lic)
        self.assertIsInstance(error.cause, sfi.Cause)

    def test_what_needs_an_open_chip(self) -> None:
        for call in (lambda: self.target.read(BASE, 4),
                     self.target.option_bytes,
                     lambda: self.target.erase([0])):
            with self.assertRaises(sfi.UsageError):
                call()

    def test_what_needs_a_secure_chip(self) -> None:
        target = sfi.Target.connect(self.simulator("open").transport())
        for call in (target.certificate, target.session):
            self.assert_fails(sfi.UsageError, Status.STATE, call)


if __name__ == "__main__":
    kit.main()
