# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Stations at a licence server that misbehaves: tests/support/server has it,
and a vault is behind it.  What is wrong with certificates, connections and
answers is said; installs count once, whatever is lost."""

import os
import pathlib
import signal
import socket
import ssl
import sys
import tempfile
import time

import bench
from bench import H753, DATA, about

sys.path.insert(0, str(bench.SOURCE / "tests/support/server"))
import license_peer as peers  # noqa: E402

os.umask(0o077)  # keys that others can read cause a warning
LONG_AGO = "20200201000000Z"


def name(peer, station, ca, firmware="blink", timeout=10, more=""):
    url = peer if isinstance(peer, str) else peer.url
    return (f"server:{url}/{firmware}?cert={station[0]}&key={station[1]}"
            f"&ca={ca.crt}&timeout={timeout}{more}")


class Wire(bench.Case):
    """No chip and no vault: what the server is, and what it answers."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="sfi-e2e-")
        cls.path = pathlib.Path(cls.folder.name)
        cls.addClassCleanup(cls.folder.cleanup)
        cls.ca, cls.other = peers.CA(cls.path), peers.CA(cls.path, "other")
        cls.station = cls.ca.make("ct-07")
        cls.server = cls.ca.make("server", "IP:127.0.0.1,DNS:localhost")

    def peer(self, hsm=None, **how):
        how = {"cert": self.server, **how}
        peer = peers.Peer(self.ca, hsm or peers.Canned(), **how)
        self.addCleanup(peer.close)
        return peer

    def info(self, peer, station=None, ca=None, **more):
        return bench.run("sfi-hsm", "-i", name(peer, station or self.station,
                                               ca or self.ca, **more), "-info")

    def says(self, peer, status, *facts, **more):
        more.setdefault("timeout", 1)
        return self.said(peer, self.info(peer, **more), status, *facts)

    def said(self, peer, result, status, *facts):
        url = peer if isinstance(peer, str) else peer.url
        self.assertEnded(result, status, about(f"server:{url}/blink", *facts))
        self.assertNotIn("hint:", result.err)
        return result

    def test_info(self):
        peer = self.peer()
        result = self.info(peer)
        self.assertEnded(result, 0)
        self.assertIn("HSM COUNTER: 1000\n", result.out)
        self.assertNotIn("PIN", result.out)
        self.assertEqual(peer.connections, 1)  # kept
        self.assertTrue((self.path / "ct-07.key.fence").exists())

    # ---- certificates ----

    def test_station_is_refused(self):
        expired = self.ca.make("old", end=LONG_AGO)
        revoked = self.ca.make("gone")
        foreign = self.other.make("stranger")
        peer = self.peer(crl=self.ca.revoke("gone"))
        self.assertEnded(self.info(peer), 0)
        for station, why in ((expired, "expired"), (revoked, "revoked"),
                             (foreign, "CA")):
            with self.subTest(why):
                # the alert may be lost: then the message names all three
                self.says(peer, 4, "certificate", why, station=station)

    def test_server_is_refused(self):
        peer = self.peer()
        self.says(peer, 3, "ca=", ca=self.other)
        self.says(self.peer(cert=self.ca.make("sold", "IP:127.0.0.1",
                                              end=LONG_AGO)), 3, "expired")
        self.says(self.peer(cert=self.ca.make("elsewhere", "DNS:elsewhere")),
                  3, "another name")
        self.says(self.peer(version=ssl.TLSVersion.TLSv1_2), 3, "TLS 1.3")
        self.says(self.peer(tls=False), 3, "TLS", "HOST:PORT")
        self.assertEqual(peer.asked, [])

    def test_bad_files(self):
        bad = self.path / "bad.pem"
        bad.write_text("-----BEGIN CERTIFICATE-----\nx\n")
        peer = self.peer()
        crt, key = self.station
        other_key = self.ca.make("second")[1]
        for station in ((bad, key), (crt, bad), (crt, other_key)):
            self.says(peer, 2, "cert=", "key=", station=station)
        secret = self.path / "secret.key"
        peers.openssl("pkey", "-in", key, "-aes128", "-passout", "pass:abcd",
                      "-out", secret)
        self.says(peer, 2, "passphrase", station=(crt, secret))
        result = self.info(peer, station=(crt, self.path / "none"))
        self.assertEnded(result, 7, about("none", "read"))

    # ---- connections ----

    def test_nobody_there(self):
        with bench_socket() as port:
            self.says(f"https://127.0.0.1:{port}", 4, "connect", "refused",
                      "times")
        # a resolver of a busy machine takes its time
        self.says("https://no-such-host.invalid:1", 4, "name", "DNS",
                  timeout=5)

    def test_trouble_ends(self):
        trouble = {
            "hang up": [peers.hang_up], "busy": [peers.busy()],
            "limit": [peers.busy(429, 1)],
            "half": [peers.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n"
                               b"\r\nhalf")],
            "twice": [peers.busy(503, 1), peers.hang_up],
        }
        for what, script in trouble.items():
            with self.subTest(what):
                peer = self.peer()
                peer.script = list(script)
                self.assertEnded(self.info(peer, timeout=30), 0)
                paths = {path for path, _ in peer.asked}
                self.assertEqual(paths, {"/v1/info?firmware=blink"})

    def test_trouble_stays(self):
        peer = self.peer()
        peer.always = peers.hang_up
        self.says(peer, 4, "connection", "answer", "certificate", "times")
        peer.always = peers.busy()
        self.says(peer, 6, "standby", "times")
        peer.always = peers.busy(429, 77)
        begin = time.monotonic()
        self.says(peer, 6, "standby", "77 s", timeout=60)
        self.assertLess(time.monotonic() - begin, 10)
        peer.always = peers.slow(30)
        self.says(peer, 4, "no answer in time")
        peer.always = peers.raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 3000,
                                wait=0.2, step=100)
        self.says(peer, 4, "no answer in time")

    def test_failover(self):
        away, here = self.peer(), self.peer()
        away.always = peers.busy()
        self.assertEnded(self.info(away, more=f"&also={here.url}"), 0)
        self.assertEqual(len(away.asked), 1)  # then the other one is known
        with bench_socket() as port:
            self.assertEnded(self.info(f"https://127.0.0.1:{port}",
                                       more=f"&also={here.url}"), 0)

    def test_cancelled(self):
        peer = self.peer()
        peer.always = peers.slow(30)
        process = bench.start("sfi-program", "-hsmglfcb",
                              DATA / "blink-stm32h753xi.elf", self.path / "l",
                              "slot=" + name(peer, self.station, self.ca,
                                             timeout=60))
        process.wait(bench.PATIENCE)  # no certificate: asks nobody
        self.assertEqual(peer.asked, [])
        process.communicate()
        cert = self.path / "a.cert"
        self.assertEqual(self.certificates(1)[0].rename(cert), cert)
        process = bench.start("sfi-program", "-hsmglfcb", cert, self.path / "l",
                              "slot=" + name(peer, self.station, self.ca,
                                             timeout=60))
        while not peer.asked:
            time.sleep(0.01)
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=bench.PATIENCE)
        self.assertLess(time.monotonic() - begin, 5)

    def certificates(self, count):
        """Of virtual chips."""
        found = []
        for i in range(count):
            state = self.path / f"chip-{i}"
            bench.must("sfi-sim", "manufacture", "--ca", self.path / "maker",
                       "--chip", H753, "--state", state)
            found.append(self.path / f"chip-{i}.cert")
            found[-1].write_bytes((state / "certificate.bin").read_bytes())
        return found

    # ---- answers ----

    def test_wrong_answers(self):
        huge = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + \
            b"x" * 100000
        for what, act, facts in (
                ("garbage", peers.raw(b"garbage"), ["licence server"]),
                ("no JSON", peers.says(200, b"<html>"), ["JSON"]),
                ("a member", peers.says(200, {}), ["state"]),
                ("long", peers.says(200, b" " * 100000), ["longer"]),
                ("huge", peers.raw(huge), ["longer"]),
                ("headers", peers.raw(b"HTTP/1.1 200 OK\r\n" +
                                      b"X: y\r\n" * 9000), ["longer"]),
                ("no such path", peers.says(404, b"no"), ["404"]),
                ("redirect", peers.says(302, b"", ("Location", "https://x/")),
                 ["302"]),
                ("refusal", peers.says(403, peers.refusal(
                    "SFI_ERR_HSM_STATE", "not \x1b[31mfor you")),
                 ["not", r"\x1b[31mfor you"])):
            with self.subTest(what):
                peer = self.peer()
                peer.script = [act]
                result = self.says(peer, 6, *facts)
                self.assertEqual(len(peer.asked), 1)
                self.assertNotIn("\x1b", result.err)

    def test_no_pin(self):
        slot = name(self.peer(), self.station, self.ca)
        for option, status, fact in (("-verify-hsm", 1, "audit"),
                                     ("-change-pin", 1, "PIN"),
                                     ("-retire", 1, "retiring")):
            result = bench.run("sfi-hsm", "-i", slot, option)
            self.assertEqual(result.status, status, str(result))
            self.assertIn(fact, result.message)

    # ---- the fence ----

    def test_server_goes_back(self):
        more = f"&fence={self.path}/back"
        hsm = peers.Canned()
        peer = self.peer(hsm)
        hsm.known = dict.fromkeys(range(9), b"")
        self.assertEnded(self.info(peer, more=more), 0)
        hsm.known = dict.fromkeys(range(5), b"")
        self.says(peer, 6, "record 5", "record 9", "restored", more=more)
        self.assertIn("sequence=9&head=", peer.asked[-1][0])
        hsm.known = dict.fromkeys(range(9), b"")
        peer.salt = "another chain"
        self.says(peer, 6, "another record 9", more=more)
        peer.more = {"restored": {"sequence": 6, "lost": 9}}
        self.assertEnded(self.info(peer, more=more), 0)
        peer.more = {}
        self.assertEnded(self.info(peer, more=more), 0)

    def test_fence_is_damaged(self):
        fence = self.path / "broken"
        fence.write_text("libsfi fence 2\n")
        result = self.info(self.peer(), more=f"&fence={fence}")
        self.assertEnded(result, 2, about(str(fence), "damaged", "backup"))
        result = self.info(self.peer(), more=f"&fence={self.path}/no/where")
        self.assertEnded(result, 7, about("where.lock", "lock"))


class bench_socket:
    """A port where nobody listens."""

    def __enter__(self):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        return self.socket.getsockname()[1]

    def __exit__(self, *_):
        self.socket.close()


class Line(bench.Case):
    """Chips, images, and a vault behind the server."""

    def setUp(self):
        self.bench = b = bench.Bench()
        self.addCleanup(b.close)
        self.image = b.image(H753, "fw.sfi")
        b.hsm(H753, "line.vault", 9)
        self.ca = peers.CA(b.path, "https")
        self.station = self.ca.make("ct-07")
        self.peer = peers.Peer(self.ca, peers.Vault(
            bench.PROGRAMS, b.path / "line.vault", b.pin))
        self.addCleanup(self.peer.close)

    def slot(self, **more):
        more.setdefault("timeout", 60)
        return ["hsm=1", "slot=" + name(self.peer, self.station, self.ca,
                                        **more)]

    def licenses_asked(self):
        return [body for path, body in self.peer.asked
                if path == "/v1/license"]

    def test_install(self):
        part = self.bench.chip(H753, "part").start()
        self.assertEnded(part.program(self.image, *self.slot()), 0)
        part.stop()
        self.assertHolds(part, bench.segments(H753),
                         bench.option_words(DATA / f"ob-{H753}.csv"))
        self.assertEqual(self.bench.counter("line.vault"), 8)
        # the image was checked before, and its header went along
        paths = [path for path, _ in self.peer.asked]
        self.assertLess(paths.index("/v1/check"), paths.index("/v1/license"))
        head = self.image.read_bytes()[:28].hex()
        self.assertIn(head.encode(), self.licenses_asked()[0])
        self.assertEqual(self.peer.connections, 1)

    def test_cut_after_the_count(self):
        """The same request again, and the same licence."""
        part = self.bench.chip(H753, "part").start()

        def cut_the_first(handler):
            if handler.path != "/v1/license" or self.cuts == 0:
                return False
            self.cuts -= 1
            return peers.commits_and_cuts(self.peer)(handler)

        self.cuts = 2
        self.peer.always = cut_the_first
        self.assertEnded(part.program(self.image, *self.slot()), 0)
        asked = self.licenses_asked()
        self.assertEqual(len(asked), 3)
        self.assertEqual(len(set(asked)), 1)
        self.assertEqual(self.bench.counter("line.vault"), 8)

    def test_never_answers(self):
        """The message says that it was perhaps counted; the next run goes on."""
        part = self.bench.chip(H753, "part").start()

        def cut(handler):
            return handler.path == "/v1/license" and \
                peers.commits_and_cuts(self.peer)(handler)

        self.peer.always = cut
        result = part.program(self.image, *self.slot(timeout=2))
        self.assertEnded(result, 4, about(f"{self.peer.url}/blink", "counted",
                                          "safe"))
        self.assertHoldsNothing(part)
        self.peer.always = None
        self.assertEnded(part.program(self.image, *self.slot()), 0)
        self.assertEqual(self.bench.counter("line.vault"), 8)

    def test_gang(self):
        parts = [self.bench.chip(H753, f"part{i}").start() for i in range(8)]
        ports = ",".join(str(p.link) for p in parts)
        result = bench.run("sfi-program", "--gang", ports, "--yes", "-sfi", "protocol=static", self.image,
                           *self.slot())
        self.assertEnded(result, 0)
        self.assertEqual(self.bench.counter("line.vault"), 1)

    def test_other_image(self):
        """Refused before anything is counted or made secure."""
        self.peer.always = lambda h: h.path == "/v1/check" and peers.answer(
            h, 409, peers.refusal("SFI_ERR_AUTH", "another key"))
        part = self.bench.chip(H753, "part").start()
        self.assertEnded(part.program(self.image, *self.slot()), 3,
                         about("", "another key"))
        self.assertOpen(part)
        self.assertEqual(self.licenses_asked(), [])


if __name__ == "__main__":
    bench.main()
