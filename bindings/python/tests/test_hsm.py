# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""HSMs: vaults, late and shared ones, and those of a program."""
from __future__ import annotations

import gc
import threading
import weakref
from typing import List, Optional

import bench
import kit
from bench import BenchCase
from kit import sfi

from sfi import Status


class Vaults(BenchCase):
    def certificate(self) -> sfi.Certificate:
        _, target = self.secure()
        return target.certificate()

    def test_provision(self) -> None:
        bench.made_chip(bench.CHIP)
        key = bytearray(32)
        key[0] = 1
        with sfi.Hsm.open(f"vault:{self.path('new')}") as hsm:
            self.assertEqual(hsm.info().state, sfi.HsmState.BLANK)
            pin = bytearray(b"secret")
            hsm.login(pin)
            self.assertEqual(pin, bytes(6))
            hsm.check_provision("lamp", 7, low_water=2)
            perso = sfi.Personalization.load(
                next((bench.folder() / "ca").glob("45002001*.pd")))
            hsm.provision(sfi.Key.generate(), bench.NONCE, "lamp", 7, perso,
                          low_water=2, live_only=True, audit_key=key)
            info = hsm.info()
            self.assertEqual(
                (info.state, info.remaining, info.maximum, info.firmware_id,
                 info.product_id, info.pin_tries_left, info.live_only,
                 info.low_water, info.records, len(info.serial)),
                (sfi.HsmState.OPERATIONAL, 7, 7, "lamp", "45002001", 10, True,
                 2, 0, 32))
            head = hsm.audit_head()
            self.assertEqual(head.serial.hex(), info.serial)
            hsm.export_audit(self.path("log"))
        self.assertEqual(key[0], 1)
        summary = sfi.verify_audit(self.path("log"), key)
        self.assertEqual((summary.licensed, summary.maximum), (0, 7))
        key[0] = 2
        self.assert_fails(sfi.SecurityError, Status.AUTH, sfi.verify_audit,
                          self.path("log"), key)

    def test_provision_twice(self) -> None:
        hsm = self.hsm()
        perso = sfi.Personalization.load(
            next((bench.folder() / "ca").glob("45002001*.pd")))
        self.assert_fails(sfi.HsmError, Status.HSM_STATE, hsm.provision,
                          sfi.Key.generate(), bench.NONCE, "x", 1, perso)
        for arguments in (("", 1), ("x", 0), ("x", 1 << 32), ("x", -1)):
            self.assert_fails(sfi.InputError, Status.RANGE,
                              hsm.check_provision, *arguments)
        self.assert_fails(sfi.InputError, Status.RANGE, hsm.provision,
                          sfi.Key.generate(), bench.NONCE, "x", 1, perso,
                          audit_key=b"short")

    def test_license(self) -> None:
        hsm, cert = self.hsm(), self.certificate()
        first = hsm.license(cert)
        self.assertEqual(first, hsm.license(cert))
        self.assertEqual(hsm.info().remaining, 9)
        live = hsm.live_license(cert, 5)
        self.assertEqual((live.type, live.session), (sfi.LicenseType.LIVE, 5))
        records = list(hsm.audit())
        self.assertEqual([r.kind for r in records],
                         [sfi.AuditKind.COUNTED, sfi.AuditKind.AGAIN])
        self.assertEqual([r.sequence for r in records], [1, 2])
        self.assertGreater(records[0].datetime.year, 2020)
        self.assertEqual(records[1].previous, records[0].hash)
        hsm.verify_audit()
        self.assert_fails(sfi.UsageError, Status.ARGUMENT, hsm.live_license,
                          cert, 0)
        self.assert_fails(sfi.InputError, Status.RANGE, hsm.audit_record, 3)
        self.assert_fails(sfi.InputError, Status.RANGE, hsm.audit_record, -1)

    def test_counter(self) -> None:
        hsm = self.hsm(1)
        for name, fails in (("a", False), ("b", True)):
            chip = sfi.sim.Simulator(self.other_chip(name))
            target = sfi.Target.connect(chip.transport())
            target.activate_security()
            if fails:
                error = self.assert_fails(
                    sfi.CounterExhausted, Status.HSM_COUNTER, hsm.license,
                    target.certificate())
                self.assertTrue(error.hint)
            else:
                hsm.license(target.certificate())
        self.assertEqual(hsm.info().state, sfi.HsmState.EXHAUSTED)

    def test_pins(self) -> None:
        hsm = self.hsm()
        new = bytearray(b"654321")
        hsm.change_pin(bytearray(bench.PIN), new)
        self.assertEqual(new, bytes(6))
        self.assert_fails(sfi.PinError, Status.HSM_PIN, hsm.login, bench.PIN)
        self.assertEqual(hsm.info().pin_tries_left, 9)
        wrong = bytearray(b"99")
        self.assert_fails(sfi.PinError, Status.HSM_PIN, hsm.login, wrong)
        self.assertEqual(wrong, bytes(2))
        hsm.login(b"654321")

    def test_login_is_needed(self) -> None:
        self.hsm().close()
        cert = self.certificate()
        hsm = sfi.Hsm.open(f"vault:{self.path('test.vault')}")
        self.assert_fails(sfi.PinError, Status.HSM_PIN, hsm.license, cert)

    def test_check_image(self) -> None:
        hsm = self.hsm()
        hsm.check_image(bench.image())
        path = self.path("a.sfi", bench.image())
        hsm.check_image(path)
        self.assert_fails(FileNotFoundError, Status.OS, hsm.check_image,
                          f"{path}.none")
        self.assert_fails(sfi.SecurityError, Status.AUTH, hsm.check_image,
                          bench.image(key=bytes(15) + b"x"))
        self.assert_fails(sfi.InputError, Status.FORMAT, hsm.check_image,
                          b"no image, but as long as the header")

    def test_retire(self) -> None:
        hsm = self.hsm()
        hsm.retire()
        self.assertEqual(hsm.info().state, sfi.HsmState.RETIRED)
        self.assert_fails(sfi.HsmError, Status.HSM_STATE, hsm.license,
                          self.certificate())

    def test_names(self) -> None:
        self.assert_fails(sfi.InputError, Status.FORMAT, sfi.Hsm.open, "x:y")
        with self.assertRaises(sfi.UsageError):
            sfi.Hsm.open("vault:a\0b")
        with self.assertRaises(TypeError):
            sfi.Hsm()

    def test_other_context(self) -> None:
        hsm = self.hsm()
        with sfi.Context():
            cert = self.certificate()
            self.assert_fails(sfi.UsageError, Status.ARGUMENT, hsm.license,
                              cert)

    def test_audit_keys(self) -> None:
        sfi.create_audit_key(self.path("k"))
        key = sfi.load_audit_key(self.path("k"))
        self.assertEqual(bytes(key), self.path("k").read_bytes())
        self.assert_fails(sfi.AccessError, Status.ACCESS,
                          sfi.create_audit_key, self.path("k"))
        self.assertNotEqual(sfi.generate_audit_key(), key)
        self.assert_fails(sfi.InputError, Status.RANGE, sfi.load_audit_key,
                          self.path("s", b"short"))

    def test_progress(self) -> None:
        hsm, told = self.hsm(), []  # type: ignore[var-annotated]
        hsm.license(self.certificate())
        hsm.verify_audit(told.append)
        self.assertEqual([(p.phase, p.done, p.total) for p in told],
                         [(sfi.Phase.RECORDS, 0, 1), (sfi.Phase.RECORDS, 1, 1)])
        self.assertEqual(str(told[1]), "records: 1 of 1 records")
        data, key = hsm.audit_bytes(), bytes(32)
        told.clear()
        self.assert_fails(sfi.SecurityError, Status.AUTH,
                          sfi.verify_audit_data, data, key,
                          progress=told.append)
        self.assertEqual([(p.phase, p.done, p.total) for p in told],
                         [(sfi.Phase.AUDIT, 0, len(data))])

    def test_progress_that_raises(self) -> None:
        def fail(progress: sfi.Progress) -> None:
            raise KeyError(progress.done)

        hsm = self.hsm()
        with self.assertRaises(KeyError):
            hsm.verify_audit(fail)
        with self.assertRaises(KeyError):
            sfi.verify_audit_data(hsm.audit_bytes(), bytes(32), progress=fail)
        hsm.verify_audit()  # neither cancelled nor watched any more
        hsm.context.cancel()
        self.assert_fails(sfi.Cancelled, Status.CANCELLED, hsm.verify_audit)
        hsm.context.cancel(False)
        hsm.verify_audit()

    def test_audit_log_continues(self) -> None:
        key = bytes(range(32))
        hsm = sfi.Hsm.open(f"vault:{self.path('new')}")
        hsm.login(bench.PIN)
        perso = sfi.Personalization.load(
            next((bench.folder() / "ca").glob("45002001*.pd")))
        hsm.provision(sfi.Key.generate(), bench.NONCE, "x", 3, perso,
                      audit_key=key)
        hsm.export_audit(self.path("one"))
        hsm.license(self.certificate())
        hsm.export_audit(self.path("two"))
        summary = sfi.verify_audit(self.path("two"), key, self.path("one"))
        facts = sfi.describe(self.path("two"), audit_key=key,
                             audit_before=self.path("one"))
        self.assertIsNone(facts.error)
        self.assertIn("continues the earlier", facts.to_text())
        facts = sfi.describe(self.path("one"), audit_key=key,
                             audit_before=self.path("two"))
        self.assertEqual(getattr(facts.error, "status", None), Status.AUTH)
        self.assertEqual(
            (summary.records, summary.licensed, summary.remaining,
             summary.retired), (1, 1, 2, False))
        self.assert_fails(sfi.SecurityError, Status.AUTH, sfi.verify_audit,
                          self.path("one"), key, self.path("two"))
        self.assert_fails(sfi.AccessError, Status.ACCESS, hsm.export_audit,
                          self.path("one"))


class Leases(BenchCase):
    def site(self, hsm: sfi.Hsm, count: int) -> sfi.Hsm:
        request = sfi.LeaseRequest.create(self.path("site.request"))
        lease = hsm.lease(request.data, count, 86400)
        again = sfi.LeaseRequest.load(self.path("site.request"))
        self.assertEqual(hsm.lease(again.data, count, 86400), lease)
        self.assert_fails(sfi.HsmError, Status.HSM_STATE, hsm.lease,
                          request.data, count + 1, 86400)
        site = sfi.Hsm.open(f"vault:{self.path('site')}")
        site.login(b"site-1234")
        self.assert_fails(sfi.SecurityError, Status.AUTH,
                          site.provision_lease, request,
                          lease[:-1] + bytes([lease[-1] ^ 1]))
        site.provision_lease(request, lease)
        return site

    def test_lease(self) -> None:
        hsm = self.hsm()
        site = self.site(hsm, 4)
        self.assertEqual((hsm.info().remaining, site.info().maximum), (6, 4))
        head, record = site.audit_head(), hsm.audit_record(1)
        self.assertEqual(
            (head.lease, head.parent, head.lease_record, head.expires),
            (1, hsm.audit_head().serial, record.hash, record.detail))
        self.assertEqual((record.kind, record.amount),
                         (sfi.AuditKind.LEASE, 4))
        end = site.end_lease()
        self.assertEqual(site.end_lease(), end)
        self.assert_fails(sfi.SecurityError, Status.AUTH, hsm.return_lease,
                          end[:-1] + bytes([end[-1] ^ 1]))
        for _ in range(2):
            self.assertEqual(hsm.return_lease(end), 4)
        self.assertEqual(hsm.info().remaining, 10)
        self.assertEqual(hsm.audit_record(2).kind, sfi.AuditKind.RETURN)
        self.assert_fails(sfi.HsmError, Status.HSM_STATE, hsm.end_lease)

    def test_all_logs(self) -> None:
        key = bytes(range(32))
        bench.made_chip(bench.CHIP)
        hsm = sfi.Hsm.open(f"vault:{self.path('own')}")
        hsm.login(b"1234-5678")
        hsm.provision(
            sfi.Key.generate(), bench.NONCE, "lamp", 10,
            sfi.Personalization.load(
                next((bench.folder() / "ca").glob("45002001*.pd"))),
            audit_key=key)
        site = self.site(hsm, 3)
        hsm.export_audit(self.path("own.log"))
        site.export_audit(self.path("site.log"))
        logs = [self.path("site.log"), self.path("own.log")]
        total = sfi.verify_audits(logs, key)
        self.assertEqual(
            (total.logs, total.maximum, total.licensed, total.remaining,
             total.outstanding, total.leases, total.missing),
            (2, 10, 0, 7, 3, 1, 0))
        self.assert_fails(sfi.InputError, Status.RANGE, sfi.verify_audits,
                          logs[:1], key)
        self.assertEqual(sfi.verify_audit(logs[1], key).leased, 3)

    def test_restored(self) -> None:
        hsm = self.hsm()
        head = hsm.audit_head()
        self.assertIsNone(hsm.check_known(0, head.audit_head))
        self.assert_fails(sfi.Rollback, Status.HSM_ROLLBACK, hsm.check_known,
                          2, bytes(32))
        hsm.declare_restored(2, bytes(32), 8)
        self.assertEqual(hsm.info().remaining, 8)
        self.assertEqual(hsm.check_known(2, bytes(32)), sfi.HsmLoss(1, 2))
        self.assertEqual(hsm.audit_record(1).kind, sfi.AuditKind.RESTORED)
        self.assert_fails(sfi.UsageError, Status.ARGUMENT, hsm.check_known, 0,
                          b"short")


class Held(BenchCase):
    def test_one_server(self) -> None:
        first = self.hsm()
        second = sfi.Hsm.open(f"vault:{self.path('test.vault')}")
        self.assertTrue(first.hold())
        self.assertTrue(first.hold())
        self.assertFalse(second.hold())
        self.assertFalse(second.hold(0.001))
        first.close()
        self.assertTrue(second.hold(1))

    def test_own(self) -> None:
        class Mine(sfi.CustomHsm):
            free = True

            def hold(self, timeout: float) -> bool:
                return self.free or timeout > 1

        mine = Mine()
        hsm = sfi.Hsm.over(mine)
        self.assertTrue(hsm.hold())
        mine.free = False
        self.assertFalse(hsm.hold())
        self.assertTrue(hsm.hold(2))


class Late(BenchCase):
    def test_opened_when_needed(self) -> None:
        calls: List[str] = []

        def opened() -> sfi.Hsm:
            calls.append("open")
            return sfi.Hsm.open(f"vault:{self.path('test.vault')}")

        def login(hsm: sfi.Hsm) -> None:
            calls.append("login")
            hsm.login(bench.PIN)

        self.hsm().close()
        hsm = sfi.Hsm.late(opened, login)
        self.assertEqual(calls, [])
        self.assertEqual(hsm.info().remaining, 10)
        self.assertEqual(calls, ["open"])
        hsm.license(self.secure()[1].certificate())
        hsm.check_image(bench.image())
        self.assertEqual(calls, ["open", "login"])

    def test_open_fails_then_works(self) -> None:
        names = ["pigeon:x", f"vault:{self.path('test.vault')}"]
        self.hsm().close()
        hsm = sfi.Hsm.late(lambda: sfi.Hsm.open(names.pop(0)))
        with self.assertRaises(sfi.Error):
            hsm.audit_head()
        self.assertEqual(hsm.audit_head().maximum, 10)

    def test_login_fails_for_good(self) -> None:
        self.hsm().close()
        asked = []

        def login(hsm: sfi.Hsm) -> None:
            asked.append(1)
            hsm.login(b"wrong1")

        hsm = sfi.Hsm.late(
            lambda: sfi.Hsm.open(f"vault:{self.path('test.vault')}"), login)
        for _ in range(2):
            self.assert_fails(sfi.PinError, Status.HSM_PIN, hsm.check_image,
                              bench.image())
        self.assertEqual(len(asked), 1)

    def test_exceptions_come_out(self) -> None:
        def fails() -> sfi.Hsm:
            raise KeyError("nobody")

        hsm = sfi.Hsm.late(fails)
        with self.assertRaises(KeyError):
            hsm.info()
        with self.assertRaises(TypeError):
            sfi.Hsm.late(lambda: None).info()  # type: ignore[arg-type]

    def test_released_once(self) -> None:
        inner = self.hsm()
        hsm = sfi.Hsm.late(lambda: inner)
        hsm.info()
        hsm.close()
        self.assertTrue(inner.closed)
        self.assertIsNone(inner._owner)
        gc.collect()

    def test_closed_by_its_maker(self) -> None:
        """The handle is libsfi's: closing the object frees nothing."""
        inner = self.hsm()
        hsm, other = sfi.Hsm.late(lambda: inner), sfi.Hsm.late(lambda: inner)
        hsm.info()
        with self.assertRaisesRegex(sfi.UsageError, "another late HSM"):
            other.info()
        inner.close()
        gc.collect()
        self.assertEqual(hsm.info().remaining, 10)


class Shared(BenchCase):
    def test_many_threads(self) -> None:
        hsm = self.hsm()
        cert = self.secure()[1].certificate().data
        licenses: List[bytes] = []
        faults: List[BaseException] = []

        def work() -> None:
            try:
                with sfi.Context(log=None) as context:
                    mine = hsm.share(context)
                    for _ in range(5):
                        licenses.append(mine.license(
                            sfi.Certificate.parse(cert)).data)
            except BaseException as error:
                faults.append(error)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(faults, [])
        self.assertEqual((len(licenses), len(set(licenses))), (40, 1))
        self.assertEqual(hsm.info().remaining, 9)

    def test_errors_are_the_users(self) -> None:
        hsm = self.hsm()
        with sfi.Context() as other:
            shared = hsm.share(other)
            self.assert_fails(sfi.InputError, Status.FORMAT,
                              shared.check_image, bytes(28))
        self.assertEqual(hsm.info().remaining, 10)

    def test_exceptions_of_a_custom_hsm(self) -> None:
        class Broken(sfi.CustomHsm):
            def info(self) -> sfi.HsmInfo:
                raise KeyError("mine")

        hsm = sfi.Hsm.over(Broken())
        with sfi.Context() as other:
            shared = hsm.share(other)
            for _ in range(2):
                with self.assertRaises(KeyError):
                    shared.info()
        with self.assertRaises(KeyError):
            hsm.info()

    def test_outlives_its_source(self) -> None:
        hsm = self.hsm()
        with sfi.Context() as other:
            shared = hsm.share(other)
            hsm.close()
            self.assertEqual(shared.info().remaining, 10)
            with self.assertRaises(sfi.ClosedError):
                hsm.share(other)


class Mine(sfi.CustomHsm):
    """Hands on to a vault, and remembers."""

    def __init__(self, vault: sfi.Hsm) -> None:
        self.vault = vault
        self.pins: List[bytearray] = []
        self.closed = 0

    def info(self) -> sfi.HsmInfo:
        return self.vault.info()

    def login(self, pin: bytearray) -> None:
        self.pins.append(pin)
        self.vault.login(bytearray(pin))

    def change_pin(self, pin: bytearray, new_pin: bytearray) -> None:
        self.pins += [pin, new_pin]

    def license(self, certificate: bytes, session: int) -> bytes:
        cert = sfi.Certificate.parse(certificate, context=self.vault.context)
        if session:
            return self.vault.live_license(cert, session).data
        return self.vault.license(cert).data

    def audit_head(self) -> sfi.AuditHead:
        return self.vault.audit_head()

    def audit_record(self, sequence: int) -> sfi.AuditRecord:
        return self.vault.audit_record(sequence)

    def check_image(self, header: bytes) -> None:
        self.vault.check_image(header)

    def close(self) -> None:
        self.closed += 1


class Custom(BenchCase):
    def setUp(self) -> None:
        super().setUp()
        self.mine = Mine(self.hsm())
        self.custom = sfi.Hsm.over(self.mine)

    def test_hands_on(self) -> None:
        cert = self.secure()[1].certificate()
        self.assertEqual(self.custom.info(), self.mine.vault.info())
        self.assertEqual(self.custom.license(cert),
                         self.mine.vault.license(cert))
        self.assertEqual(self.custom.live_license(cert, 9).session, 9)
        self.assertEqual(self.custom.audit_head(),
                         self.mine.vault.audit_head())
        self.assertEqual(list(self.custom.audit()),
                         list(self.mine.vault.audit()))
        self.custom.check_image(bench.image())

    def test_pins_are_wiped(self) -> None:
        self.custom.login(b"123456")
        self.custom.change_pin(b"123456", b"654321")
        self.assertEqual(self.mine.pins, [bytes(6)] * 3)

    def test_left_out(self) -> None:
        self.assert_fails(sfi.Unsupported, Status.UNSUPPORTED,
                          self.custom.retire)
        self.assert_fails(sfi.Unsupported, Status.UNSUPPORTED,
                          sfi.Hsm.over(sfi.CustomHsm()).info)

    def test_errors_keep_their_status(self) -> None:
        class Empty(sfi.CustomHsm):
            def license(self, certificate: bytes, session: int) -> bytes:
                raise sfi.CounterExhausted("the server says no", peer_code=7)

        error = self.assert_fails(
            sfi.CounterExhausted, Status.HSM_COUNTER,
            sfi.Hsm.over(Empty()).license, self.secure()[1].certificate())
        self.assertEqual((error.message, error.peer_code),
                         ("the server says no", 7))

    def test_errors_of_libsfi_are_told_once(self) -> None:
        error = self.assert_fails(
            sfi.InputError, Status.RANGE, self.custom.audit_record, 99)
        direct = self.assert_fails(
            sfi.InputError, Status.RANGE, self.mine.vault.audit_record, 99)
        self.assertEqual(error.message, direct.message)

    def test_wrong_answers(self) -> None:
        class Wrong(sfi.CustomHsm):
            answer = bytes(135)

            def license(self, certificate: bytes, session: int) -> bytes:
                return self.answer

        hsm, cert = sfi.Hsm.over(Wrong()), self.secure()[1].certificate()
        with self.assertRaises(sfi.InputError):
            hsm.license(cert)
        Wrong.answer = bytes(100000)
        self.assert_fails(sfi.UsageError, Status.ARGUMENT, hsm.license, cert)

    def test_closed_once(self) -> None:
        self.assertEqual(self.mine.closed, 0)
        self.custom.close()
        self.assertEqual(self.mine.closed, 1)

    def test_collected(self) -> None:
        mine = weakref.ref(self.mine)
        self.custom = self.mine = None  # type: ignore[assignment]
        gc.collect()
        self.ctx.file_kind(__file__)  # frees what was collected
        self.assertIsNone(mine())

    def test_not_a_custom_hsm(self) -> None:
        with self.assertRaises(TypeError):
            sfi.Hsm.over(object())  # type: ignore[arg-type]


class Readers(BenchCase):
    def test_list(self) -> None:
        try:
            found: Optional[List[sfi.Reader]] = sfi.readers()
        except (sfi.Unsupported, sfi.NoDevice):
            found = None
        self.assertTrue(found is None or isinstance(found, list))


if __name__ == "__main__":
    kit.main()
