# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""A production line of a test's own: a database, vaults in it, licence servers,
stations with certificates, and devices.

A test makes the vaults and servers that it needs, so that tests do not disturb
each other; the database, the certificates and the devices are for all.
"""

import contextlib
import ctypes
import functools
import itertools
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(SOURCE / "tests/support"), str(SOURCE / "tests/e2e")]

import bench  # noqa: E402
import postgres  # noqa: E402
from bench import PATIENCE, must, run  # noqa: E402
from message import about  # noqa: E402, F401

DEVICES = pathlib.Path(os.environ.get(
    "SFI_DEVICES", SOURCE / "build/tests/bench/bench_devices"))
CLOCK = os.environ.get("SFI_CLOCK", str(SOURCE /
                                        "build/tests/line/libtest_clock.so"))
SERVED = "sfi-served"
CERTIFICATE_LEN = 136
PIN = "4711-line"
PAUSE = 0.01


def wait_until(true, what, patience=PATIENCE):
    """Until it is true; what it was, otherwise."""
    end = time.monotonic() + patience
    while True:
        found = true()
        if found:
            return found
        assert time.monotonic() < end, what() if callable(what) else what
        time.sleep(PAUSE)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def secret(path, text):
    path.write_text(text + "\n", encoding="ascii")
    path.chmod(0o600)
    return path


class Vault:
    """A vault of `count` installations, in the database or at `uri`."""

    def __init__(self, line, name, count, uri=None, perso=None, key=None,
                 nonce=None):
        self.line, self.name, self.count = line, name, count
        self.uri = uri or line.database.vault(name)
        self.audit_key = line.path / f"{name}.audit-key"
        must("sfi-hsm", "-i", self.uri, "-k", key or line.key, "-n",
             nonce or line.nonce, "-id", name, "-mc", count, "-pd",
             perso or line.perso, "--audit-key", self.audit_key, "--pin-file",
             line.pin, "--yes")

    def info(self):
        return json.loads(must("sfi-hsm", "-i", self.uri, "-info",
                               "--json").out)

    def used(self):
        info = self.info()
        return info["maximum"] - info["remaining"]

    def verify(self):
        """Every record inside, and the exported log by its owner's key."""
        must("sfi-hsm", "-i", self.uri, "--verify-hsm", "--pin-file",
             self.line.pin)
        log = self.line.new("log")
        must("sfi-hsm", "-i", self.uri, "-audit", log)
        must("sfi-hsm", "--verify-audit", log, "-k", self.audit_key)


class Server:
    """A licence server for these vaults; not started."""

    def __init__(self, line, name, *vaults, pin=None, host="localhost",
                 certificate=None, ca=None, limits="", more=""):
        self.line, self.name, self.host = line, name, host
        self.port, self.look = free_port(), free_port()
        self.url = f"https://localhost:{self.port}"
        self.config = line.path / f"{name}.ini"
        self.log = line.path / f"{name}.log"
        self.process, self.env = None, {}
        crt, key = certificate or line.identity("server", host)
        firmwares = "".join(f"""
[firmware {v.name}]
ledger = {v.uri}
pin-file = {pin or line.pin}
""" for v in vaults)
        self.config.write_text(f"""
[server]
listen = 127.0.0.1:{self.port}
certificate = {crt}
key = {key}
ca = {ca or line.ca / 'ca.crt'}
metrics = 127.0.0.1:{self.look}
{more}
{firmwares}
[station *]
firmware = *
requests-per-minute = 1000000
devices-per-day = 1000000
{limits}
""", encoding="ascii")
        line.servers.append(self)

    def start_process(self):
        with open(self.log, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                bench.command_line(SERVED, ["-c", self.config]),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, env={**os.environ, **self.env})

    def start(self, status="serving"):
        """Return when its health is `status`; None: as soon as it tells any."""
        self.start_process()
        self.wait(status)
        return self

    def health(self):
        """What /healthz says; None: it does not answer."""
        try:
            with urllib.request.urlopen(
                    f"http://127.0.0.1:{self.look}/healthz",
                    timeout=PATIENCE) as answer:
                return json.load(answer)["status"]
        except urllib.error.HTTPError as refused:
            with refused:
                return json.load(refused)["status"]
        except OSError:
            return None

    def wait(self, status):
        def ready():
            if self.process.poll() is not None:
                raise AssertionError("sfi-served has ended:\n" + self.said())
            now = self.health()
            return now is not None and status in (None, now)
        wait_until(ready, lambda: f"sfi-served is {self.health()}, expected "
                                  f"{status}:\n{self.said()}")

    def ended(self):
        """Wait for its end; its exit status."""
        status = self.process.wait(PATIENCE)
        self.process = None
        return status

    def end(self, how):
        if self.process is None:
            return None
        self.process.send_signal(how)
        return self.ended()

    def stop(self):
        """As an administrator does; what is under way is answered."""
        status = self.end(signal.SIGTERM)
        assert status in (None, 0), f"{status}:\n{self.said()}"

    def kill(self):
        self.end(signal.SIGKILL)

    def said(self):
        return self.log.read_text(encoding="utf-8", errors="replace")[-4000:]


class Answer:
    """What a station got: a licence, or an error as --json tells it."""

    def __init__(self, result, out):
        self.result = result
        told = json.loads(result.out) if result.out else {}
        self.error = told.get("error")
        self.license = out.read_bytes() if out.exists() else None

    def __str__(self):
        return str(self.result)


class Station:
    """A certificate and a fence; `identity` is another certificate's files."""

    def __init__(self, line, name, identity=None):
        self.line, self.name = line, name
        self.crt, self.key = identity or line.identity("station", name)
        self.fence = line.path / f"{name}.fence"

    def hsm(self, vault, *servers, timeout=PATIENCE, ca=None):
        """The name of the HSM; a server is a Server or a URL."""
        urls = [getattr(s, "url", s) for s in servers]
        return (f"server:{urls[0]}/{getattr(vault, 'name', vault)}"
                f"?cert={self.crt}&key={self.key}"
                f"&ca={ca or self.line.ca / 'ca.crt'}&fence={self.fence}"
                f"&timeout={int(timeout)}" +
                "".join(f"&also={url}" for url in urls[1:]))

    def words(self, device, out, *hsm, **how):
        cert = self.line.new("cert")
        cert.write_bytes(device)
        return ["sfi-program", "-hsmglfcb", cert, out,
                f"slot={self.hsm(*hsm, **how)}", "--json"]

    def ask(self, device, *hsm, **how):
        """As hsm(): ask for a device's licence by the program."""
        out = self.line.new("license")
        return Answer(run(*self.words(device, out, *hsm, **how)), out)


class Line:
    def __init__(self, devices=2500):
        self.folder = tempfile.TemporaryDirectory(prefix="sfi-line-")
        self.path = pathlib.Path(self.folder.name)
        self.count, self.servers, self.taken = itertools.count(), [], 0
        self.ca = self.path / "ca"
        self.database = postgres.Postgres()
        self.key, self.nonce = self.path / "key.bin", self.path / "nonce.bin"
        self.pin = secret(self.path / "pin", PIN)
        self.perso = self.path / "devices.perso"
        must("sfi-create", "--genkey", self.key, "--gennonce", self.nonce)
        must(SERVED, "--new-ca", self.ca)
        subprocess.run([DEVICES, self.path, str(devices)], check=True,
                       timeout=PATIENCE)
        data = (self.path / "devices.bin").read_bytes()
        self.certificates = [data[i:i + CERTIFICATE_LEN] for i in
                             range(0, len(data), CERTIFICATE_LEN)]

    def new(self, kind):
        """The name of a new file."""
        return self.path / f"{next(self.count)}.{kind}"

    def devices(self, count=1):
        """Certificates of devices that this test has not used."""
        self.taken += count
        assert self.taken <= len(self.certificates)
        return self.certificates[self.taken - count:self.taken]

    @functools.cache
    def identity(self, kind, name):
        """A certificate of our CA, and its key."""
        must(SERVED, f"--new-{kind}", name, "--ca", self.ca)
        return self.ca / f"{name}.crt", self.ca / f"{name}.key"

    def vault(self, count=1000, **how):
        return Vault(self, f"fw{next(self.count)}", count, **how)

    def server(self, *vaults, **how):
        return Server(self, f"server{next(self.count)}", *vaults, **how)

    def station(self, name=None, **how):
        return Station(self, name or f"ct-{next(self.count)}", **how)

    def end_servers(self):
        for server in self.servers:
            if server.process is not None:
                os.kill(server.process.pid, signal.SIGCONT)
            server.kill()
        self.servers.clear()

    def close(self):
        self.end_servers()
        self.database.close()
        self.folder.cleanup()


class Case(bench.Case):
    """The line is for all tests of a class."""

    @classmethod
    def setUpClass(cls):
        cls.line = Line()
        cls.addClassCleanup(cls.line.close)

    def setUp(self):
        self.line.taken = 0  # each test has vaults of its own

    def tearDown(self):
        self.line.end_servers()

    def assertLicense(self, answer):
        self.assertIsNone(answer.error, str(answer))
        self.assertTrue(answer.license, str(answer))
        return answer.license

    def assertRefused(self, answer, name, place, *facts):
        """By this status, at this place, with these facts; `name` may be one
        of many."""
        self.assertIsNone(answer.license, str(answer))
        self.assertIsNotNone(answer.error, str(answer))
        self.assertIn(answer.error["name"],
                      [name] if isinstance(name, str) else name, str(answer))
        said = f"{answer.error['where']}: {answer.error['message']}"
        self.assertEqual(said, about(place, *facts), str(answer))

    def assertExact(self, vault, licenses, *servers):
        """Of these {device: licence} each was counted once, no other was, the
        chain verifies, and each licence comes again, identical, uncounted."""
        import crowd  # it needs this file
        self.assertEqual(vault.used(), len(licenses))
        self.assertEqual(vault.info()["records"], len(licenses))
        vault.verify()
        if servers:
            asker = crowd.Client(self.line.station("proof"), servers[0])
            for device, licence in licenses.items():
                self.assertEqual(asker.license(vault, device),
                                 (licence, True))
            asker.close()
            self.assertEqual(vault.used(), len(licenses))


CLONE_NEWNS, CLONE_NEWUSER = 0x20000, 0x10000000
MS_PRIVATE, MNT_DETACH = 0x44000, 2  # and all below


def own_mounts():
    """From now on, what this process mounts is its own.  False: it may not."""
    libc = ctypes.CDLL(None)
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWNS if uid == 0 else
                    CLONE_NEWNS | CLONE_NEWUSER) != 0:
        return False
    if uid != 0:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"),
                           ("gid_map", f"{gid} {gid} 1")):
            pathlib.Path("/proc/self", name).write_text(text, encoding="ascii")
    return libc.mount(b"none", b"/", None, MS_PRIVATE, None) == 0


@contextlib.contextmanager
def small_disk(path, size):
    """In memory; after own_mounts()."""
    libc = ctypes.CDLL(None)
    path.mkdir()
    done = libc.mount(b"none", os.fsencode(path), b"tmpfs", 0,
                      f"size={size},mode=0755".encode())
    assert done == 0, "no disk in memory"
    try:
        yield path
    finally:
        libc.umount2(os.fsencode(path), MNT_DETACH)


def main():
    postgres.need()
    if os.environ.get("SFI_MISSING"):
        postgres.skip(f"libsfi was built without {os.environ['SFI_MISSING']}")
    for path in [bench.PROGRAMS / SERVED, DEVICES]:
        if not path.exists():
            postgres.skip(f"{path.name} was not built")
    if not shutil.which("openssl"):
        postgres.skip("openssl is not installed")
    unittest.main(verbosity=2)
