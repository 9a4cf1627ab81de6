# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Stations of sfi-served: installs, batches and leases through the `server:` HSM,
while the network is cut, servers die, and an older copy is restored."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import bench
from bench import H753, DATA, about

os.umask(0o077)  # keys that others can read cause a warning
SERVED = bench.PROGRAMS / "sfi-served"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class Relay:
    """TCP to a server; `allows(data)` may cut a connection before what the
    server says has passed."""

    def __init__(self, port, allows):
        self.to, self.allows = port, allows
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                here, _ = self.listener.accept()
            except OSError:
                return
            there = socket.create_connection(("127.0.0.1", self.to))
            for a, b, allows in ((here, there, lambda data: True),
                                 (there, here, self.allows)):
                threading.Thread(target=self.pump, args=(a, b, allows),
                                 daemon=True).start()

    @staticmethod
    def pump(a, b, allows):
        try:
            while True:
                data = a.recv(65536)
                if not data or not allows(data):
                    break
                b.sendall(data)
        except OSError:
            pass
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        a.close()

    def close(self):
        self.listener.close()


class Served(bench.Case):
    COUNT = 400

    def setUp(self):
        self.bench = b = bench.Bench()
        self.addCleanup(b.close)
        self.image = b.image(H753, "fw.sfi")
        self.ca = b.path / "ca-https"
        for words in (["--new-ca", self.ca],
                      ["--new-server", "localhost", "--ca", self.ca],
                      ["--new-station", "ct-07", "--ca", self.ca]):
            bench.must("sfi-served", *words)
        self.vault = b.path / "line.vault"
        self.audit_key = b.path / "audit.key"
        bench.must("sfi-hsm", "-i", f"vault:{self.vault}", "-k",
                   b.path / "key.bin", "-n", b.path / "nonce.bin", "-id",
                   "blink", "-mc", self.COUNT, "-pd", b.perso(H753),
                   "--audit-key", self.audit_key, "--pin-file", b.pin, "--yes")
        self.processes = []
        self.addCleanup(self.kill)

    # ---- the server ----

    def serve(self, name="served", waits=True):
        port, plain = free_port(), free_port()
        conf = self.bench.path / f"{name}.conf"
        conf.write_text(f"""[server]
listen = 127.0.0.1:{port}
certificate = {self.ca}/localhost.crt
key = {self.ca}/localhost.key
ca = {self.ca}/ca.crt
crl = {self.ca}/ca.crl
metrics = 127.0.0.1:{plain}
[firmware blink]
ledger = vault:{self.vault}
pin-file = {self.bench.pin}
[station *]
firmware = blink
lease = yes
""")
        log = open(self.bench.path / f"{name}.log", "wb")
        process = subprocess.Popen([SERVED, "-c", conf], stdout=log, stderr=log,
                                   stdin=subprocess.DEVNULL)
        log.close()
        self.processes.append(process)
        end = time.monotonic() + bench.PATIENCE
        while waits and self.health(plain) != "serving":
            self.assertIsNone(process.poll(), log.name)
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)
        return process, port

    @staticmethod
    def health(plain):
        c = http.client.HTTPConnection("127.0.0.1", plain, 10)
        try:
            c.request("GET", "/healthz")
            return json.loads(c.getresponse().read())["status"]
        except OSError:
            return ""
        finally:
            c.close()

    def kill(self):
        for process in self.processes:
            process.kill()
            process.wait()

    def end(self, process):
        process.terminate()
        self.assertEqual(process.wait(bench.PATIENCE), 0)

    def slot(self, port, *also, timeout=60, fence=None):
        more = "".join(f"&also=https://localhost:{p}" for p in also)
        if fence:
            more += f"&fence={fence}"
        return (f"server:https://localhost:{port}/blink?cert={self.ca}/ct-07.crt"
                f"&key={self.ca}/ct-07.key&ca={self.ca}/ca.crt"
                f"&timeout={timeout}{more}")

    def words(self, *ports, **more):
        return ["hsm=1", "slot=" + self.slot(*ports, **more)]

    def left(self):
        return self.bench.counter("line.vault")

    def verify(self, devices):
        """The log as the station saves it, by its owner's key."""
        log = self.bench.path / f"log-{time.monotonic_ns()}"
        _, port = self.serve(f"verify-{time.monotonic_ns()}")
        bench.must("sfi-hsm", "-i", self.slot(port), "-audit", log)
        done = bench.must("sfi-hsm", "--verify-audit", log, "--key",
                          self.audit_key, "--json")
        self.assertEqual(json.loads(done.out)["licensed"], devices)

    def certificates(self, count, prefix="c"):
        folder = self.bench.path / f"{prefix}-certs"
        folder.mkdir()
        for i in range(count):
            state = self.bench.path / f"{prefix}-{i}"
            bench.must("sfi-sim", "manufacture", "--ca", self.bench.path / "ca",
                       "--chip", H753, "--state", state)
            shutil.copy(state / "certificate.bin", folder / f"{i:03}.cert")
            shutil.rmtree(state)
        return folder

    def assertInstalled(self, part):
        part.stop()
        self.assertHolds(part, bench.segments(H753),
                         bench.option_words(DATA / f"ob-{H753}.csv"))

    # ---- installs ----

    def test_install(self):
        process, port = self.serve()
        part = self.bench.chip(H753, "part").start()
        self.assertEnded(part.program(self.image, *self.words(port)), 0)
        self.assertInstalled(part)
        live = self.bench.chip(H753, "live").start()
        self.assertEnded(live.program(self.image, *self.words(port),
                                      protocol="live"), 0)
        self.assertInstalled(live)
        self.assertEqual(self.left(), self.COUNT - 2)
        info = bench.must("sfi-hsm", "-i", self.slot(port), "-info")
        self.assertIn(f"HSM COUNTER: {self.COUNT - 2}\n", info.out)
        self.assertEnded(bench.run("sfi-hsm", "-i", self.slot(port),
                                   "--matches", self.image), 0)
        self.end(process)
        self.verify(2)

    def test_other_image(self):
        """Nothing is counted, and the chip stays open."""
        _, port = self.serve()
        (self.bench.path / "key.bin").write_bytes(bytes(range(16)))
        other = self.bench.image(H753, "other.sfi")
        part = self.bench.chip(H753, "part").start()
        self.assertEnded(part.program(other, *self.words(port)), 3,
                         about("blink", "another key"))
        self.assertOpen(part)
        self.assertEqual(self.left(), self.COUNT)

    def test_gang(self):
        process, port = self.serve()
        parts = [self.bench.chip(H753, f"part{i}").start() for i in range(8)]
        result = bench.run("sfi-program", "--gang",
                           ",".join(str(p.link) for p in parts), "--yes",
                           "-sfi", self.image, *self.words(port))
        self.assertEnded(result, 0)
        for part in parts:
            self.assertInstalled(part)
        self.assertEqual(self.left(), self.COUNT - 8)
        self.end(process)
        self.verify(8)

    # ---- batches ----

    def test_batch(self):
        """Two programs of a station at once: each device is counted once."""
        count = 200
        certs = self.certificates(count)
        process, port = self.serve()
        also = free_port()  # where the next server will not be
        stores = [self.bench.path / f"store{i}" for i in range(2)]
        running = [bench.start("sfi-program", "-hsmglfcb", certs, store,
                               "slot=" + self.slot(port, also))
                   for store in stores]
        results = [bench.Result.of(r) for r in running]
        for result in results:
            self.assertEnded(result, 0)
        self.assertEqual(self.left(), self.COUNT - count)
        names = [sorted(p.name for p in store.iterdir()) for store in stores]
        self.assertEqual(len(names[0]), count)
        self.assertEqual(names[0], names[1])
        for one in stores[0].iterdir():
            self.assertEqual(one.read_bytes(),
                             (stores[1] / one.name).read_bytes())
        self.end(process)
        self.verify(count)

    def test_servers_are_killed(self):
        """The batch goes on at the one that stood by, and counts once."""
        count = 120
        certs = self.certificates(count)
        first, port = self.serve("first")
        second, standby = self.serve("second", waits=False)
        before = self.left()
        station = bench.start("sfi-program", "-hsmglfcb", certs,
                              self.bench.path / "store",
                              "slot=" + self.slot(port, standby))
        while self.left() == before and station.poll() is None:
            time.sleep(0.005)
        first.send_signal(signal.SIGKILL)
        self.assertEnded(bench.Result.of(station), 0)
        self.assertEqual(self.left(), self.COUNT - count)
        self.end(second)
        self.verify(count)

    # ---- the network ----

    def test_cut_after_the_count(self):
        """After COMMIT and before the answer: the same licence, counted once."""
        process, port = self.serve()
        part = self.bench.chip(H753, "part").start()
        cuts = []

        def allows(data):
            if len(cuts) < 2 and self.left() < self.COUNT:
                cuts.append(len(data))
                return False
            return True

        relay = Relay(port, allows)
        self.addCleanup(relay.close)
        self.assertEnded(part.program(self.image, *self.words(relay.port)), 0)
        self.assertEqual(len(cuts), 2)
        self.assertInstalled(part)
        self.assertEqual(self.left(), self.COUNT - 1)
        self.end(process)
        self.verify(1)

    # ---- an older copy ----

    def restore(self, copy):
        for path in self.vault.parent.glob("line.vault*"):
            path.unlink()
        shutil.copy(copy, self.vault)

    def test_older_copy(self):
        process, port = self.serve()
        certs = sorted(self.certificates(4).iterdir())
        store = self.bench.path / "store"

        def license(number, port):
            return bench.run("sfi-program", "-hsmglfcb", certs[number],
                             store.with_name(f"l{number}"),
                             "slot=" + self.slot(port, timeout=10))

        self.assertEnded(license(0, port), 0)
        self.end(process)
        copy = self.bench.path / "copy"
        shutil.copy(self.vault, copy)
        process, port = self.serve()
        self.assertEnded(license(1, port), 0)
        self.assertEnded(license(2, port), 0)
        self.end(process)
        self.restore(copy)
        process, port = self.serve()
        result = license(3, port)
        self.assertEnded(result, 6, about("blink", "record 1", "record 3",
                                          "restored"))
        self.assertEqual(self.left(), self.COUNT - 1)  # nothing was counted
        # another handle that knows the serial asks for a licence at once
        found = re.search(r"record (\d+), head ([0-9a-f]{64}), with (\d+) left",
                          result.message)
        self.end(process)
        bench.must("sfi-hsm", "restored", "-i", f"vault:{self.vault}",
                   "--sequence", found[1], "--head", found[2], "--remaining",
                   found[3], "--pin-file", self.bench.pin, "--yes")
        self.assertEqual(self.left(), self.COUNT - 3)
        process, port = self.serve()
        self.assertEnded(license(3, port), 0)
        self.assertEqual(self.left(), self.COUNT - 4)
        self.assertEnded(bench.run("sfi-hsm", "-i", self.slot(port), "-info"),
                         0)

    # ---- a site without a network ----

    def test_lease(self):
        process, port = self.serve()
        site = f"vault:{self.bench.path}/site.vault"
        words = ["--site-pin-file", self.bench.pin, "--yes"]
        lease = ["lease", "--from", self.slot(port), "-n", 50, "--days", 7,
                 "-o", site, *words]
        self.assertEnded(bench.run("sfi-hsm", *lease), 0)
        self.assertEqual(self.left(), self.COUNT - 50)
        part = self.bench.chip(H753, "part").start()
        self.assertEnded(part.program(self.image, "hsm=1", f"slot={site}",
                                      "--pin-file", self.bench.pin), 0)
        self.assertEnded(bench.run("sfi-hsm", "return", "--to", self.slot(port),
                                   site, *words), 0)
        self.assertEqual(self.left(), self.COUNT - 1)
        self.end(process)

    def test_refused(self):
        """A station that is revoked, and one for another firmware."""
        bench.must("sfi-served", "--new-station", "gone", "--ca",
                   self.ca)
        bench.must("sfi-served", "--revoke", "gone", "--ca", self.ca)
        _, port = self.serve()
        gone = self.slot(port, timeout=5).replace("ct-07", "gone")
        self.assertEnded(bench.run("sfi-hsm", "-i", gone, "-info"), 4,
                         about("blink", "certificate", "revoked"))
        other = self.slot(port, timeout=5).replace("/blink?", "/other?")
        self.assertEnded(bench.run("sfi-hsm", "-i", other, "-info"), 1,
                         about("other", "firmware"))


if __name__ == "__main__":
    bench.main()
