# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""A licence server of a test's own, and stations that ask it.

SFI_TEST_LEDGER=postgresql keeps the vault in a PostgreSQL server of the test's
own instead of a file.
"""

import atexit
import contextlib
import http.client
import json
import os
import pathlib
import re
import select
import signal
import socket
import ssl
import subprocess
import sys
import time

SOURCE = pathlib.Path(os.environ["SFI_TEST_SOURCE"])
sys.path.insert(0, str(SOURCE / "tests" / "programs"))
sys.path.insert(0, str(SOURCE / "tests" / "support"))

from check import DATA, PROGRAMS, case, main, run, same, succeeds  # noqa: E402, F401
from test_offline import Maker, device_id  # noqa: E402, F401
import check  # noqa: E402

check.CASES.clear()  # those of test_offline

SERVED = PROGRAMS / "sfi-served"
PIN = "123456"
PATIENCE = 60
POSTGRES = os.environ.get("SFI_TEST_LEDGER") == "postgresql"
GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class Answer:
    def __init__(self, code, headers, body):
        self.code = code
        self.headers = headers
        self.text = body.decode()
        self.json = json.loads(body) if body[:1] == b"{" else None

    def __getitem__(self, name):
        return self.json[name]

    def __repr__(self):
        return f"{self.code} {self.text}"


class Desk:
    """A CA, a chip maker, an HSM, a configuration."""

    def __init__(self, folder, count=100, postgres=None, live_only=False):
        self.folder = folder
        self.maker = Maker(folder)
        self.ca = folder / "ca"
        succeeds(SERVED, "--new-ca", self.ca)
        succeeds(SERVED, "--new-server", "localhost", "--ca", self.ca)
        self.station("ct-07")
        self.database = postgres
        self.hsm = postgres.vault(f"blink{os.urandom(4).hex()}") if postgres \
            else f"vault:{folder}/line.vault"
        (folder / "pin").write_text(PIN + "\n")
        (folder / "key").write_bytes(bytes(range(16)))
        (folder / "nonce").write_bytes(bytes(range(12)))
        succeeds(PROGRAMS / "sfi-hsm", "-i", self.hsm, "-k", folder / "key",
                 "-n", folder / "nonce", "-id", "blink", "-mc", count, "-pd",
                 self.maker.perso(), "--yes", "--pin-file", folder / "pin",
                 *(["--live-only"] if live_only else []))
        self.config = folder / "served.conf"
        self.sections = {"station *": {"firmware": "blink"}}
        self.server = {"connections": 200}
        self.firmware = {"pin-file": "pin"}

    def station(self, name, ca=None):
        succeeds(SERVED, "--new-station", name, "--ca", ca or self.ca)

    def write(self, name="served.conf", **server):
        """The configuration, as text."""
        sections = {
            "server": {"certificate": "ca/localhost.crt",
                       "key": "ca/localhost.key", "ca": "ca/ca.crt",
                       "crl": "ca/ca.crl"} | self.server | server,
            "firmware blink": {"ledger": self.hsm} | self.firmware,
        } | self.sections
        path = self.folder / name
        path.write_text("".join(
            f"[{title}]\n" + "".join(f"{k} = {v}\n" for k, v in values.items())
            for title, values in sections.items()))
        return path

    def remaining(self):
        out = succeeds(PROGRAMS / "sfi-program", "-hsmgetcounter",
                       f"slot={self.hsm}")
        return int(out.split()[-1])

    def verify(self):
        succeeds(PROGRAMS / "sfi-hsm", "-i", self.hsm, "--verify-hsm",
                 "--pin-file", self.folder / "pin")


class Server:
    def __init__(self, desk, name="served.conf", waits_for="serving",
                 **settings):
        self.desk = desk
        self.port, self.plain = free_port(), free_port()
        path = desk.write(name, listen=f"127.0.0.1:{self.port}",
                          metrics=f"127.0.0.1:{self.plain}")
        self.log_path = desk.folder / f"{name}.log"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [SERVED, "-c", path], stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.PIPE, env={**os.environ, **settings})
        if waits_for:
            self.wait(waits_for)

    def log(self):
        return [json.loads(line) for line in
                self.log_path.read_text().splitlines() if line.endswith("}")]

    def wait(self, event, count=1):
        end = time.monotonic() + PATIENCE
        while len([e for e in self.log() if e.get("event") == event]) < count:
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"no \"{event}\": {self.log()} "
                                     f"{self.end_text()}")
            time.sleep(0.01)

    def end_text(self):
        self.process.kill()
        return self.process.communicate()[1].decode()

    def signal(self, number):
        self.process.send_signal(number)

    def ends(self, status=0):
        """The lines on stderr."""
        try:
            _, text = self.process.communicate(timeout=PATIENCE)
        finally:
            self.process.kill()
        same(self.process.returncode, status, text.decode())
        return text.decode()

    def stop(self):
        self.signal(signal.SIGTERM)
        same(self.ends(), "")

    def metrics(self):
        c = http.client.HTTPConnection("127.0.0.1", self.plain, PATIENCE)
        c.request("GET", "/metrics")
        text = c.getresponse().read().decode()
        c.close()
        return {k: float(v) for k, v in
                re.findall(r"^([a-z].*) (\S+)$", text, re.MULTILINE)}


@contextlib.contextmanager
def serving(desk, *words, **settings):
    server = Server(desk, *words, **settings)
    try:
        yield server
        server.stop()
    finally:
        if server.process.poll() is None:
            server.process.kill()
        server.process.wait()
        server.process.stderr.close()


DATABASES = []


def shared_database():
    """One server for all cases, each with a vault of its own; None: a file."""
    if POSTGRES and not DATABASES:
        import postgres
        DATABASES.append(postgres.Postgres())
        atexit.register(DATABASES[0].close)
    return DATABASES[0] if DATABASES else None


@contextlib.contextmanager
def desks(folder, **words):
    """A desk, over the ledger that is wanted."""
    desk = Desk(folder, postgres=shared_database(), **words)
    yield desk


def tls(desk, name="ct-07", ca=None, most=None):
    context = ssl.create_default_context(cafile=desk.ca / "ca.crt")
    if name:
        ca = ca or desk.ca
        context.load_cert_chain(ca / f"{name}.crt", ca / f"{name}.key")
    if most:
        context.maximum_version = most
    return context


class Station:
    """A connection that stays open."""

    def __init__(self, server, name="ct-07"):
        self.connection = http.client.HTTPSConnection(
            "localhost", server.port, timeout=PATIENCE,
            context=tls(server.desk, name))

    def ask(self, path, body=None, method=None):
        data = None if body is None else \
            body if isinstance(body, bytes) else json.dumps(body).encode()
        self.connection.request(method or ("GET" if data is None else "POST"),
                                path, data)
        answer = self.connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())

    def license(self, cert, **more):
        return self.ask("/v1/license", {
            "firmware": "blink", "certificate": cert.hex(),
            "kind": "live" if "session" in more else "static"} | more)

    def info(self):
        return self.ask("/v1/info?firmware=blink")

    def close(self):
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.close()


def plug(server, name="ct-07"):
    """A raw connection."""
    raw = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
    return tls(server.desk, name).wrap_socket(raw, server_hostname="localhost")


def read_all(s):
    """Until the peer closes."""
    data = b""
    with contextlib.suppress(ConnectionResetError, ssl.SSLError):
        while True:
            got = s.recv(65536)
            if not got:
                break
            data += got
    return data


def code(answer):
    """The HTTP status of a raw answer; 0: it is none."""
    return int(answer.split(b" ")[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def is_closed(s, seconds):
    """Whether the peer closes within this time, and says nothing."""
    readable, _, _ = select.select([s], [], [], seconds)
    return bool(readable) and read_all(s) == b""
