# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""An HSM at a licence server: nothing is special about it but its name."""
from __future__ import annotations

import importlib
import os
import sys
import threading
import time
from typing import Any, Dict, Optional, Tuple

import bench
import kit
from bench import BenchCase
from kit import sfi

from sfi import Status

sys.path.insert(0, str(kit.SOURCE / "tests/support/server"))
peers: Any = importlib.import_module("license_peer")


class Vault:
    """A vault behind the peer, which asks from threads of its own."""

    def __init__(self, path: str) -> None:
        self.path, self.lock = path, threading.Lock()

    def open(self) -> sfi.Hsm:
        hsm = sfi.Hsm.open(f"vault:{self.path}", context=sfi.Context())
        hsm.login(bench.PIN)
        return hsm

    def info(self) -> Dict[str, Any]:
        with self.lock, self.open() as hsm:
            info = hsm.info()
            return {"state": f"{info.state.name} STATE",
                    "firmware_id": info.firmware_id,
                    "product_id": info.product_id, "serial": info.serial,
                    "remaining": info.remaining, "maximum": info.maximum,
                    "low_water": info.low_water, "records": info.records}

    def license(self, data: bytes, session: int
                ) -> Tuple[Optional[bytes], str]:
        with self.lock, self.open() as hsm:
            cert = sfi.Certificate.parse(data, context=hsm.context)
            made = hsm.live_license(cert, session) if session else \
                hsm.license(cert)
            return made.data, ""


class Server(BenchCase):
    def setUp(self) -> None:
        super().setUp()
        if not sfi.has_feature("server"):
            self.skipTest("libsfi was built without libcurl")
        self.hsm().close()  # the vault
        os.umask(0o077)
        folder = self.path("https")
        folder.mkdir()
        ca = peers.CA(folder)
        crt, key = ca.make("py-01")
        self.peer = peers.Peer(ca, Vault(str(self.path("test.vault"))))
        self.addCleanup(self.peer.close)
        self.name = (f"server:{self.peer.url}/blink?cert={crt}&key={key}"
                     f"&ca={ca.crt}&timeout=60")

    def certificate(self) -> sfi.Certificate:
        _, target = self.secure()
        return target.certificate()

    def test_licenses(self) -> None:
        cert = self.certificate()
        with sfi.Hsm.open(self.name) as hsm:
            self.assertEqual(hsm.info().remaining, 10)
            self.assertEqual(hsm.info().pin_tries_left, 0)
            first = hsm.license(cert)
            self.peer.script = [peers.commits_and_cuts(self.peer)]
            self.assertEqual(first, hsm.license(cert))
            live = hsm.live_license(cert, 7)
            self.assertEqual(live.session, 7)
            self.assertEqual(hsm.info().remaining, 9)
            self.assert_fails(sfi.Unsupported, Status.UNSUPPORTED, hsm.login,
                              b"1234")
            self.assert_fails(sfi.Unsupported, Status.UNSUPPORTED,
                              hsm.verify_audit)

    def test_refused(self) -> None:
        with sfi.Hsm.open(self.name) as hsm:
            self.peer.always = peers.says(409, peers.refusal(
                "SFI_ERR_HSM_COUNTER", "none left"))
            error = self.assert_fails(sfi.CounterExhausted, Status.HSM_COUNTER,
                                      hsm.info)
            self.assertIn("none left", str(error))

    def test_cancel(self) -> None:
        context = sfi.Context()
        self.peer.always = peers.slow(30)
        with sfi.Hsm.open(self.name, context=context) as hsm:
            threading.Timer(0.3, context.cancel).start()
            begin = time.monotonic()
            self.assert_fails(sfi.Cancelled, Status.CANCELLED, hsm.info)
            self.assertLess(time.monotonic() - begin, 10)


if __name__ == "__main__":
    kit.main()
